import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Serving, saltgate, scratch } from '../../test/support/cli.ts'

const rootPassword = { SALTGATE_ROOT_PASSWORD: 'root-secret' }

function login(serving: Serving, user: string, password: string, options: object = {}) {
  return createConnection({ host: '127.0.0.1', port: serving.port, user, password, ...options })
}

async function answer(connection: Awaited<ReturnType<typeof login>>, sql: string): Promise<unknown> {
  const [rows] = await connection.query<RowDataPacket[]>(sql)
  return rows[0] && Object.values(rows[0])[0]
}

/** A configuration whose handler answers `text`. */
function configure(cwd: string, text: string, settings = ''): void {
  writeFileSync(
    join(cwd, 'saltgate.config.ts'),
    `export default { settings: { ${settings} }, onQuery: () => [{ answer: '${text}' }] }`,
    { mode: 0o600 },
  )
}

describe('saltgate serve, first start', () => {
  it('makes root@localhost with a random password that is printed once, and is ready in its last line', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, 'welcome')
    {
      await using serving = await Serving.start([], { cwd })
      const [, password = ''] = /root@localhost has the password\n\n {4}(\S+)\n/.exec(serving.stdout) ?? []
      assert.match(serving.stdout, new RegExp(`^ {4}mysql -h 127.0.0.1 -P ${serving.port} -u root -p$`, 'm'))
      assert.match(serving.stdout, new RegExp(`^ {4}mariadb -h 127.0.0.1 -P ${serving.port} -u root -p$`, 'm'))
      assert.match(serving.stdout, /\nsaltgate ready on 127\.0\.0\.1:\d+\n$/)
      const connection = await login(serving, 'root', password)
      assert.equal(await answer(connection, 'hello'), 'welcome')
      await connection.end()
      serving.signal('SIGTERM')
      assert.equal(await serving.ended, 0)
    }
    await using again = await Serving.start([], { cwd })
    assert.doesNotMatch(again.stdout, /password/)
  })

  it('speaks JSON with --json, except for the line of readiness', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, '')
    await using serving = await Serving.start(['--json', '--listen', join(cwd, 's.sock')], { cwd })
    const [json, ready, end] = serving.stdout.split('\n')
    const { event, listening, rootPassword } = JSON.parse(json ?? '')
    assert.equal(event, 'ready')
    assert.deepEqual(listening, [`127.0.0.1:${serving.port}`, join(cwd, 's.sock')])
    assert.equal(ready, `saltgate ready on ${listening.join(', ')}`)
    assert.equal(end, '')
    await assert.rejects(login(serving, 'root', 'wrong'), { errno: 1045 })
    await serving.logged(/secret-mismatch/)
    for (const line of serving.stderr.trim().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string')
    await (await createConnection({ socketPath: join(cwd, 's.sock'), user: 'root', password: rootPassword })).end()
  })

  it('takes SALTGATE_ROOT_PASSWORD, and neither prints it nor leaves it in the environment', async () => {
    using directory = scratch()
    const cwd = directory.path
    writeFileSync(
      join(cwd, 'saltgate.config.ts'),
      'export default { onQuery: () => [{ left: process.env.SALTGATE_ROOT_PASSWORD ?? "nothing" }] }',
    )
    await using serving = await Serving.start([], { cwd, env: rootPassword })
    const connection = await login(serving, 'root', 'root-secret')
    assert.equal(await answer(connection, 'x'), 'nothing')
    assert.doesNotMatch(serving.stdout + serving.stderr, /root-secret/)
    connection.destroy()
  })
})

describe('saltgate serve, what cannot work', () => {
  const blocked: readonly [why: string, args: string[], env: Record<string, string>, said: RegExp][] = [
    ['the data directory cannot be made', ['--data', 'saltgate.config.ts/data'], {}, /cannot make the data directory/],
    ['a variable is unknown', ['--set', 'max_connection=5'], {}, /--set max_connection: .*did you mean/],
    ['a variable only reports', ['--set', 'port=3308'], {}, /port cannot be set: --listen decides it/],
    ['an address is none', ['--listen', 'nowhere'], {}, /cannot listen on 'nowhere': write HOST:PORT/],
    ['a socket has no directory', ['--listen', './none/s.sock'], {}, /its directory does not exist/],
    ['the configuration is not there', ['--config', 'other.ts'], {}, /other\.ts: cannot be read/],
    ['the log level is unknown', ['--log-level', 'loud'], {}, /Allowed choices are debug/],
    ['the password of root is empty', [], { SALTGATE_ROOT_PASSWORD: '' }, /SALTGATE_ROOT_PASSWORD is empty/],
  ]
  for (const [why, args, env, said] of blocked) {
    it(`ends with exit code 2 and says what to do when ${why}`, async () => {
      using directory = scratch()
      const cwd = directory.path
      configure(cwd, '')
      const { code, stdout, stderr } = await saltgate(['serve', '--listen', '127.0.0.1:0', ...args], { cwd, env })
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
      assert.match(stderr, said)
      assert.doesNotMatch(stderr, /\n {4}at /)
    })
  }

  it('loses no password of a first start to a port that is in use', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, '')
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { code, stderr } = await saltgate(['serve', '--listen', `127.0.0.1:${port}`], { cwd })
    other.close()
    assert.equal(code, 2)
    assert.match(stderr, /^saltgate: cannot listen on 127\.0\.0\.1:\d+: another program listens there.*\n$/)
    await using serving = await Serving.start([], { cwd })
    assert.match(serving.stdout, /root@localhost has the password/)
  })

  it('warns of keys that others can read and of a configuration that others can write', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, '')
    await (await Serving.start([], { cwd }))[Symbol.asyncDispose]()
    for (const name of ['decoy.key', 'private_key.pem']) chmodSync(join(cwd, 'saltgate-data', name), 0o644)
    chmodSync(join(cwd, 'saltgate.config.ts'), 0o666)
    await using serving = await Serving.start([], { cwd })
    for (const name of ['decoy.key', 'private_key.pem', 'saltgate.config.ts']) {
      await serving.logged(new RegExp(`${name} can be (read|changed) by others than its owner: chmod`))
    }
  })
})

describe('saltgate serve and the section of a gateway', () => {
  it('opens no gateway, and says which command does', async () => {
    using directory = scratch()
    const cwd = directory.path
    writeFileSync(join(cwd, 'saltgate.config.json'), '{ "gateway": { "to": ["mysql://db-1"] } }')
    await using serving = await Serving.start([], { cwd })
    await serving.logged(/config\.json describes a gateway, .* saltgate gateway opens it/)
  })
})

describe('saltgate serve, signals', () => {
  it('SIGHUP takes over configuration and certificates, and keeps the connections', async () => {
    using directory = scratch()
    using elsewhere = scratch()
    const cwd = directory.path
    configure(cwd, 'before', 'max_connections: 50, net_read_timeout: 7')
    await (await Serving.start([], { cwd: elsewhere.path }))[Symbol.asyncDispose]()
    await using serving = await Serving.start([], { cwd, env: rootPassword })
    const old = await login(serving, 'root', 'root-secret', { ssl: { rejectUnauthorized: false } })
    assert.equal(await answer(old, 'x'), 'before')

    configure(cwd, 'after', 'max_connections: 60')
    for (const name of ['server-cert.pem', 'server-key.pem', 'ca.pem', 'ca-key.pem']) {
      copyFileSync(join(elsewhere.path, 'saltgate-data', name), join(cwd, 'saltgate-data', name))
    }
    serving.signal('SIGHUP')
    await serving.logged(/were read again/)
    assert.equal(await answer(old, 'x'), 'after')
    const fresh = await login(serving, 'root', 'root-secret', { ssl: { rejectUnauthorized: false } })
    assert.notEqual(certificateOf(fresh), certificateOf(old))
    for (const connection of [old, fresh]) connection.destroy()
  })

  for (const [what, config] of [
    ['a key that is unknown', 'export default { settigns: {} }'],
    ['no syntax', 'export default {'],
    [
      'a cipher that OpenSSL does not have',
      'export default { settings: { ssl_cipher: "NONE-SUCH", max_connections: 1 } }',
    ],
  ] as const) {
    it(`SIGHUP with ${what} in the configuration changes nothing, and the log says why`, async () => {
      using directory = scratch()
      const cwd = directory.path
      configure(cwd, 'before')
      await using serving = await Serving.start([], { cwd, env: rootPassword })
      writeFileSync(join(cwd, 'saltgate.config.ts'), config)
      serving.signal('SIGHUP')
      await serving.logged(/SIGHUP: everything stays as it was/)
      assert.doesNotMatch(serving.stderr, /were read again/)
      const [one, two] = await Promise.all([
        login(serving, 'root', 'root-secret'),
        login(serving, 'root', 'root-secret'),
      ])
      assert.equal(await answer(one, 'x'), 'before')
      for (const connection of [one, two]) connection.destroy()
    })
  }

  it('SIGTERM lets a running statement finish, lets nobody in, and ends with 0', async () => {
    using directory = scratch()
    await using serving = await slow(directory.path)
    const connection = await login(serving, 'root', 'root-secret')
    const running = answer(connection, 'wait')
    await serving.printed(/running/)
    serving.signal('SIGTERM')
    await serving.logged(/the door is closed/)
    await assert.rejects(login(serving, 'root', 'root-secret'))
    serving.signal('SIGUSR2')
    assert.equal(await running, 'finished')
    assert.equal(await serving.ended, 0)
  })

  it('a second SIGTERM ends at once', async () => {
    using directory = scratch()
    await using serving = await slow(directory.path)
    const connection = await login(serving, 'root', 'root-secret')
    const lost = assert.rejects(answer(connection, 'wait'))
    await serving.printed(/running/)
    serving.signal('SIGTERM')
    await serving.logged(/the door is closed/)
    serving.signal('SIGTERM')
    await Promise.all([lost, serving.ended.then((code) => assert.equal(code, 1))])
  })

  /** Its statements run until SIGUSR2. */
  function slow(cwd: string): Promise<Serving> {
    writeFileSync(
      join(cwd, 'saltgate.config.ts'),
      `export default {
         onQuery: () => new Promise((resolve) => {
           process.once('SIGUSR2', () => resolve([{ answer: 'finished' }]))
           console.log('running')
         }),
       }`,
    )
    return Serving.start([], { cwd, env: rootPassword })
  }
})

describe('saltgate user beside a running saltgate serve', () => {
  it('changes what the next login meets', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, 'in')
    await using serving = await Serving.start([], { cwd, env: rootPassword })
    const user = async (args: readonly string[], stdin = '') => {
      const { code, stderr } = await saltgate(['user', ...args], { cwd, stdin })
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    }
    const enters = async (name: string, password: string) => {
      const connection = await login(serving, name, password)
      assert.equal(await answer(connection, 'x'), 'in')
      connection.destroy()
    }
    await assert.rejects(login(serving, 'app', 'one'), { errno: 1045 })
    await user(['add', 'app', '--password-stdin'], 'one\n')
    await enters('app', 'one')
    await user(['passwd', 'app', '--password-stdin', '--retain'], 'zwölf €')
    await enters('app', 'zwölf €')
    await enters('app', 'one')
    await user(['lock', 'app'])
    await assert.rejects(login(serving, 'app', 'one'), { errno: 3118 })
    await user(['drop', 'app'])
    await assert.rejects(login(serving, 'app', 'one'), { errno: 1045 })

    // Rows of a real server, with the passwords that they had there.
    await user([
      'import',
      join(import.meta.dirname, '../../test/vectors/account-export/mysql-9.7-user.tsv'),
      '--replace',
    ])
    await enters('app', 'app-secret-2')
    await enters('app', 'app-secret')
    await assert.rejects(login(serving, 'app', 'one'), { errno: 1045 })
  })
})

/** The fingerprint of the server certificate that mysql2's socket has seen. */
function certificateOf(connection: Awaited<ReturnType<typeof login>>): string {
  const { stream } = (connection as unknown as { connection: { stream: TLSSocket } }).connection
  const { fingerprint256 } = stream.getPeerCertificate()
  assert.ok(fingerprint256)
  return fingerprint256
}
