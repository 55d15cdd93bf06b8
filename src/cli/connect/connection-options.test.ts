import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Command } from 'commander'
import { scratch } from '../../../test/support/cli.ts'
import { namedOptions } from '../../client/named-options.ts'
import type { ConnectOptions } from '../../client/options.ts'
import { type ConnectionChoice, connectionOptions, type World } from './connection-options.ts'
import { addConnectionOptions } from './connection-options-argv.ts'
import { choosesFiles, commandLineOptions } from './connection-options-table.ts'

interface Place {
  readonly env?: Record<string, string>
  /** Content of ~/.my.cnf. */
  readonly files?: string
  readonly sockets?: readonly string[]
  readonly typed?: readonly string[]
}

const loginFile = readFileSync(join(import.meta.dirname, '../../../test/vectors/login-path/mylogin.cnf'))

/** What `saltgate connect` makes of these arguments in a home directory of its own; nothing else of this machine counts. */
async function given(argv: readonly string[], { env = {}, files, sockets = [], typed = [] }: Place = {}) {
  using directory = scratch()
  const home = directory.path
  const myCnf = join(home, '.my.cnf')
  writeFileSync(myCnf, files ?? '', { mode: 0o644 })
  writeFileSync(join(home, '.mylogin.cnf'), loginFile, { mode: 0o600 })
  const asked: string[] = []
  let hidden = false
  const answers = [...typed]
  const world: World = {
    env,
    home,
    user: 'me',
    sockets,
    readFile: (path) => Buffer.from(`content of ${path}`),
    openPrompt: () => ({
      ask: async (question) => {
        asked.push(question)
        return answers.shift() ?? assert.fail('asked too often')
      },
      close: () => {},
    }),
    hideArguments: () => {
      hidden = true
    },
  }
  let result: Promise<ConnectionChoice> | undefined
  const own: Record<string, unknown> = {}
  const root = new Command('saltgate').exitOverride().configureOutput({ writeErr: () => {} })
  const command = root.command('connect [target]').exitOverride().option('-e, --execute <sql>').option('-B, --batch')
  addConnectionOptions(command).action((target: string | undefined, options: Record<string, unknown>) => {
    own.execute = options.execute
    own.batch = options.batch
    result = connectionOptions(options, target, world)
  })
  // Where the login file is not the point, it stays out.
  const logins = argv.some((argument) => argument.startsWith('--login-path')) ? [] : ['--no-login-paths']
  await root.parseAsync(['connect', `--defaults-file=${myCnf}`, ...logins, ...argv], { from: 'user' })
  const { connect, initCommands, warnings } = await (result as unknown as Promise<ConnectionChoice>)
  const { prompt, ...rest } = connect
  return { connect: rest as ConnectOptions, prompt, initCommands, warnings, asked, hidden, own }
}

const connect = async (argv: readonly string[], place?: Place) => (await given(argv, place)).connect

describe('addConnectionOptions', () => {
  it("reads MySQL's short options, with and without a blank", async () => {
    const expected = { host: '127.0.0.1', port: 3307, user: 'root', password: 'a b', database: 'shop' }
    for (const argv of [
      ['-h127.0.0.1', '-P3307', '-uroot', '-pa b', '-Dshop'],
      ['-h', '127.0.0.1', '-P', '3307', '-u', 'root', '--password=a b', '-D', 'shop'],
      ['--host=127.0.0.1', '--port=3307', '--user=root', '--password1=a b', '--database=shop'],
      ['shop', '-pa b', '--host', '127.0.0.1', '--port', '3307', '--user', 'root'],
    ]) {
      assert.deepEqual(await connect(argv), expected, argv.join(' '))
    }
  })

  it('asks for the password of -p alone, and takes the next word for the database', async () => {
    const { connect, asked, warnings, hidden } = await given(['-p', 'shop', '--password2'], { typed: ['one', 'two'] })
    assert.deepEqual(connect, { user: 'me', database: 'shop', password: 'one', password2: 'two' })
    assert.deepEqual(asked, ['Enter password: ', 'Enter password of factor 2: '])
    assert.deepEqual([warnings, hidden], [[], false])
  })

  it('warns of a password among the arguments, and takes it out of the process list', async () => {
    for (const argv of [['-psecret'], ['--password=secret'], ['--password3=secret'], ['mysql://u:secret@h']]) {
      const { warnings, hidden } = await given(argv)
      assert.deepEqual(warnings, ['Using a password on the command line interface can be insecure.'])
      assert.ok(hidden)
    }
    for (const argv of [['--password='], ['--skip-password'], ['mysql://u@h']]) {
      const { connect, warnings, hidden } = await given(argv, { files: '[client]\nuser=u\n' })
      assert.deepEqual([connect.password || '', warnings, hidden], ['', [], false])
    }
  })

  it('leaves the options of the command itself as they are', async () => {
    const { own, connect } = await given(['-e', '-p1', '-B', '-u', '-p2', '--', '-p3'])
    assert.deepEqual(own, { execute: '-p1', batch: true })
    assert.deepEqual(connect, { user: '-p2', database: '-p3' })
  })

  it('knows flags with values, underscores, and the prefixes skip-, disable-, enable- and loose-', async () => {
    for (const [argument, expected] of [
      ['-C', { compress: ['zlib'] }],
      ['--compress=OFF', { compress: [] }],
      ['--skip-compress', { compress: [] }],
      ['--skip-compress=0', { compress: ['zlib'] }],
      ['--get_server_public_key', { getServerPublicKey: true }],
      ['--enable-get-server-public-key', { getServerPublicKey: true }],
      ['--disable-enable-cleartext-plugin', { enableCleartextPlugin: false }],
      ['--enable-cleartext-plugin', { enableCleartextPlugin: true }],
      ['--ssl_mode=required', { tls: { mode: 'REQUIRED' } }],
      ['--skip-ssl', { tls: { mode: 'DISABLED' } }],
      ['--loose-ssl-mode=required', { tls: { mode: 'REQUIRED' } }],
      ['--loose-frobnicate=1', {}],
      ['--socket-path=/s', { socketPath: '/s' }],
    ] as const) {
      assert.deepEqual(await connect([argument]), { user: 'me', ...expected }, argument)
    }
    for (const argument of [
      '--frobnicate',
      '--skip-frobnicate',
      '--skip-host',
      '--enable-password',
      '--pass=x',
      '-h',
    ]) {
      await assert.rejects(given([argument]), { name: 'CommanderError' }, argument)
    }
  })

  it('has every option that can be said of a connection, but those of the application alone', () => {
    const application = [
      'connect-timeout-ms',
      'keep-alive',
      'found-rows',
      'multi-statements',
      'rows-as',
      'bigint',
      'json',
    ]
    const missing = [...namedOptions.keys()].filter((name) => !commandLineOptions.has(name))
    assert.deepEqual(missing, application)
    const own = [...commandLineOptions.keys()].filter((name) => !namedOptions.has(name) && !choosesFiles.has(name))
    assert.deepEqual(own, ['protocol', 'aws-iam-region', 'init-command', 'init-command-add'])
  })
})

describe('connectionOptions', () => {
  const file = '[client]\nhost=file\nuser=file\npassword=file\nport=1\n'
  const env = { MYSQL_HOST: 'env', MYSQL_PWD: 'env', MYSQL_TCP_PORT: '9' }
  const line = ['-h', 'line', '-u', 'line', '--password=line', '-P', '4']

  it("T61 follows MySQL's precedence: environment, option files, login path, URI, command line", async () => {
    const uri = 'mysql://uri:uri@uri:3/'
    for (const [argv, place, expected] of [
      [[], { env }, { host: 'env', port: 9, user: 'me', password: 'env' }],
      [[], { env, files: file }, { host: 'file', port: 1, user: 'file', password: 'file' }],
      [['--login-path=Mixed Case'], { files: file }, { host: 'h3', port: 1, user: 'u3', password: 'p#w "q" \n\'x' }],
      [[uri, '--login-path=prod'], { files: file, env }, { host: 'uri', port: 3, user: 'uri', password: 'uri' }],
      [[uri, ...line], { files: file, env }, { host: 'line', port: 4, user: 'line', password: 'line' }],
      [[...line], { env }, { host: 'line', port: 4, user: 'line', password: 'line' }],
    ] as const) {
      assert.deepEqual(await connect(argv, place), expected, argv.join(' '))
    }
  })

  it('takes every option from a file as from the command line', async () => {
    const values: Record<string, string> = {
      port: '3307',
      protocol: 'TCP',
      'ssl-mode': 'VERIFY_CA',
      'ssl-fingerprint': 'ab'.repeat(32),
      'tls-version': 'TLSv1.3',
      'connect-timeout': '7',
      'compression-algorithms': 'zstd,zlib',
      'zstd-compression-level': '9',
      'max-allowed-packet': '32M',
      'aws-iam-region': 'eu-west-1',
    }
    const ignore = ['ssl-capath', 'ssl-crlpath']
    for (const name of commandLineOptions.keys()) {
      if (choosesFiles.has(name) || ignore.includes(name)) continue
      const value = values[name] ?? (commandLineOptions.get(name)?.takes === 'flag' ? '1' : 'x')
      const read = async (argv: readonly string[], place: Place) => {
        const { connect, initCommands } = await given(argv, place)
        return {
          initCommands,
          ...connect,
          ...(connect.openidToken && { openidToken: 'asked' }),
          ...(connect.enableCleartextPlugin && { password: 'asked' }),
        }
      }
      const byLine = await read([`--${name}=${value}`], {})
      assert.deepEqual(await read([], { files: `[client]\n${name}=${value}\n` }), byLine, name)
      assert.deepEqual(
        await read([], { files: `[saltgate]\nloose_${name.replaceAll('-', '_')} = "${value}"\n` }),
        byLine,
        name,
      )
      if (name !== 'protocol') assert.notDeepEqual(byLine, await read([], {}), `${name} has an effect`)
    }
  })

  it('fails on an unknown option in [saltgate], and passes over it in the groups of other programs', async () => {
    const groups = '[client]\nprompt=x\nssl-mod=x\n[client-mariadb]\nfrob\n[client-server]\nfrob\n[mysql]\nhost=x\n'
    assert.deepEqual(await connect([], { files: `${groups}[saltgate]\nloose-frob\n` }), { user: 'me' })
    for (const [name, hint] of [
      ['ssl-mod', "; did you mean 'ssl-mode'?"],
      ['prompt', ''],
      ['no-defaults', ''],
      ['login-path', ''],
    ]) {
      await assert.rejects(given([], { files: `[saltgate]\n\n${name}=geheim\n` }), (error: Error) => {
        assert.match(error.message, new RegExp(`/\\.my\\.cnf line 3: unknown option '${name}' in \\[saltgate\\]`))
        assert.ok(error.message.endsWith(`[saltgate]${hint}`), error.message)
        return error.name === 'ConfigurationError'
      })
    }
  })

  it('asks for a password that an option file announces without a value', async () => {
    assert.equal((await connect([], { files: '[client]\npassword\n', typed: ['typed'] })).password, 'typed')
    assert.equal((await connect(['-px'], { files: '[client]\npassword\n' })).password, 'x')
    assert.equal((await connect(['--password='], { env })).password, '')
  })

  it('names file and line of a value that cannot be', async () => {
    await assert.rejects(
      given([], { files: '[client]\nport=abc\n' }),
      /\.my\.cnf line 2: port is a number from 0 to 65535/,
    )
    await assert.rejects(given([], { files: '[client]\nhost\n' }), /line 2: host needs a value/)
    await assert.rejects(given(['-P', 'x']), /^ConfigurationError: the command line: port is a number/)
    await assert.rejects(given([], { env: { MYSQL_TCP_PORT: 'x' } }), /MYSQL_TCP_PORT: port is a number/)
  })

  it('T61 lets a URI not undo what an option file demands, unless the command line agrees', async () => {
    const strict = '[client]\nssl-mode=VERIFY_CA\nenable-cleartext-plugin=0\nskip-get-server-public-key\n'
    for (const [query, name] of [
      ['ssl-mode=REQUIRED', 'ssl-mode'],
      ['ssl=0', 'ssl-mode'],
      ['enable-cleartext-plugin', 'enable-cleartext-plugin'],
      ['get-server-public-key=1', 'get-server-public-key'],
    ] as const) {
      await assert.rejects(given([`mysql://h?${query}`], { files: strict }), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`^the URI's ${name} is weaker than what .*/\\.my\\.cnf line \\d demands`),
        )
        return true
      })
      const agreed = name === 'ssl-mode' ? '--ssl-mode=REQUIRED' : `--${name}`
      await given([`mysql://h?${query}`, agreed], { files: strict })
      await given([`mysql://h?${query}`])
    }
    const { tls } = await connect(['mysql://h?ssl-mode=VERIFY_IDENTITY'], { files: strict })
    assert.deepEqual(tls, { mode: 'VERIFY_IDENTITY' })
  })

  it('reads files from the home directory, and the OpenID token only at the login', async () => {
    const { tls, openidToken } = await connect(['--ssl-ca=/ca.pem', '--openid-token-file=/token'])
    assert.deepEqual(tls, { ca: [Buffer.from('content of /ca.pem')] })
    assert.equal((openidToken as () => string)(), 'content of /token')
  })

  it('collects the statements to run first: one says which, others add to it', async () => {
    const files = '[client]\ninit-command="SET a=1"\ninit-command-add=SET b=2\n'
    assert.deepEqual((await given([], { files })).initCommands, ['SET a=1', 'SET b=2'])
    assert.deepEqual((await given(['--init-command-add=x', '--init-command-add', 'y'], { files })).initCommands, [
      'SET a=1',
      'SET b=2',
      'x',
      'y',
    ])
    assert.deepEqual((await given(['--init-command', 'x'], { files })).initCommands, ['x'])
  })

  it('answers the questions of a server at the terminal', async () => {
    const { prompt, asked } = await given([], { typed: ['123456'] })
    assert.equal(await prompt?.({ ask: 'Code:', echo: false }), '123456')
    assert.deepEqual(asked, ['Code: '])
  })

  it('signs an IAM token at the login, with the region said or in the host name', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'geheim' }
    const token = async (argv: readonly string[], more: Record<string, string> = {}) => {
      const { password, enableCleartextPlugin } = await connect(['-uapp', ...argv], { env: { ...keys, ...more } })
      assert.equal(enableCleartextPlugin, true)
      assert.ok(typeof password === 'function')
      return String(await password({ host: 'db.example', port: 3306, user: 'app' }))
    }
    const endpoint = ['-h', 'a.b.eu-west-1.rds.amazonaws.com']
    assert.match(
      await token(['-h', 'db.example', '--aws-iam-region=us-east-2']),
      /^db\.example:3306\/\?.*%2Fus-east-2%2Frds-db%2F/,
    )
    assert.match(await token([...endpoint, '--aws-iam-region']), /%2Feu-west-1%2Frds-db%2F/)
    assert.match(await token(['-h', 'db.example', '--aws-iam-region'], { AWS_REGION: 'us-west-2' }), /%2Fus-west-2%2F/)
    await assert.rejects(token(['-h', 'db.example', '--aws-iam-region']), /the AWS region is not in the name/)
    await assert.rejects(connect(['-S', '/s', '--aws-iam-region=x']), /needs the host name of the RDS endpoint/)
  })
})

describe('takeRoute', () => {
  it('chooses between TCP and a unix socket by who spoke last', async () => {
    using directory = scratch()
    const path = join(directory.path, 's.sock')
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    try {
      const sockets = ['/nowhere.sock', directory.path, path]
      for (const [argv, files, expected] of [
        [[], '', { socketPath: path }],
        [['-h', 'localhost'], '', { socketPath: path }],
        [['-h', 'localhost', '-P', '3306'], '', { host: 'localhost', port: 3306 }],
        [['-P', '3306'], 'socket=/file', { port: 3306 }],
        [['-P', '3306', '-S', '/line'], '', { socketPath: '/line' }],
        [['--protocol=tcp'], 'socket=/file', {}],
        [['--protocol=socket', '-P', '1'], '', { socketPath: path }],
        [['--protocol=socket'], 'socket=/file', { socketPath: '/file' }],
        [['-h', '127.0.0.1'], 'socket=/file\nprotocol=socket', { host: '127.0.0.1' }],
        [['-h', '127.0.0.1', '-S', '/line'], '', { host: '127.0.0.1' }],
        [['-S', '/line'], 'host=remote\nport=1\nprotocol=tcp', { socketPath: '/line' }],
        [[], 'host=remote\nsocket=/file\nport=1', { host: 'remote', port: 1 }],
        [[], 'port=1', { socketPath: path }],
        [[], 'port=1\nprotocol=TCP', { port: 1 }],
        [['-h', ''], 'host=remote', { socketPath: path }],
        [['mysql://localhost/'], '', { socketPath: path }],
        [['mysql://localhost:3306/'], '', { host: 'localhost', port: 3306 }],
        [['mysql://u@/?socket=/uri'], 'host=remote', { socketPath: '/uri', user: 'u' }],
        [['mysql://u@%2Furi', '-h', 'line'], '', { host: 'line', user: 'u' }],
        [['mysql://db', '-S', '/line'], '', { socketPath: '/line' }],
      ] as const) {
        const options = await connect(argv, { files: `[client]\n${files}\n`, sockets })
        assert.deepEqual(options, { user: 'me', ...expected }, `${argv.join(' ')} | ${files}`)
      }
      assert.deepEqual(await connect(['-h', 'localhost'], { sockets: ['/nowhere.sock'] }), {
        user: 'me',
        host: 'localhost',
      })
      assert.deepEqual(await connect(['--protocol=socket'], { sockets: ['/nowhere.sock'] }), {
        user: 'me',
        socketPath: '/nowhere.sock',
      })
      assert.deepEqual(await connect([], { env: { MYSQL_UNIX_PORT: '/env.sock' } }), {
        user: 'me',
        socketPath: '/env.sock',
      })
    } finally {
      server.close()
    }
  })

  it('refuses the protocols of Windows by name', async () => {
    for (const protocol of ['pipe', 'MEMORY']) {
      await assert.rejects(given([`--protocol=${protocol}`]), /exists only on Windows/)
    }
  })
})
