import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Serving, saltgate, scratch } from '../../test/support/cli.ts'
import { openDoor, type TestDoor } from '../../test/support/door.ts'
import { connect } from '../client/connect.ts'
import type { Connection } from '../client/connection.ts'
import { MysqlError } from '../errors/errors.ts'

/** Two servers, which say who they are. */
let [one, two] = [] as unknown as [TestDoor, TestDoor]

before(async () => {
  ;[one, two] = await Promise.all([openBackend('one'), openBackend('two')])
})

after(() => Promise.all([one.front.close(0), two.front.close(0)]))

function openBackend(name: string): Promise<TestDoor> {
  return openDoor({
    accounts: [
      { user: 'watch', password: 'watching' },
      { user: 'ann', password: 'right' },
    ],
    handler: () => (sql, session) => {
      if (sql === 'BEGIN' || sql === 'COMMIT') session.inTransaction = sql === 'BEGIN'
      return [{ answer: sql === 'who' ? `${session.account.user} at ${name}` : sql }]
    },
  })
}

/** `more` are parameters. */
function to(server: TestDoor, user = '', more = ''): string {
  return `mysql://${user}127.0.0.1:${server.port}?ssl-mode=DISABLED&get-server-public-key=1${more}`
}

function configure(cwd: string, gateway: object, more: object = {}): void {
  writeFileSync(join(cwd, 'saltgate.config.json'), JSON.stringify({ ...more, gateway }), { mode: 0o600 })
}

function login({ port }: { readonly port: number }, user = 'ann', password = 'right'): Promise<Connection> {
  const tls = { mode: 'DISABLED' } as const
  return connect({ host: '127.0.0.1', port, user, password, tls, getServerPublicKey: true })
}

async function answer(connection: Connection, sql = 'who'): Promise<unknown> {
  const { rows } = await connection.query<{ answer: string }>(sql)
  return rows[0]?.answer
}

/** Before the statement was sent, or while it waited. */
function toldOfShutdown({ code, cause }: MysqlError): boolean {
  return (code === 2006 && cause instanceof MysqlError ? cause.code : code) === 1053
}

describe('saltgate gateway, start', () => {
  it('says what is behind it, is ready in its last line, and relays a login without an account of its own', async () => {
    using directory = scratch()
    const cwd = directory.path
    const args = [
      '--to',
      to(one, 'watch:watching@', '&name=db-1'),
      '--to',
      'mysql://127.0.0.1:1?name=gone&role=replica',
    ]
    await using gateway = await Serving.start(args, { cwd }, 'gateway')
    const [title, , up, down, , say, , mysql, mariadb, , ready] = gateway.stdout.split('\n')
    assert.equal(title, 'Servers behind it:')
    assert.match(up ?? '', /^ {4}db-1 {2}up {4}primary {2}9\.\d+\.\d+/)
    assert.match(down ?? '', /^ {4}gone {2}down {2}replica {2}\(.*ECONNREFUSED.*\)$/)
    assert.equal(say, 'Log in with the client that you have:')
    assert.equal(mysql, `    mysql -h 127.0.0.1 -P ${gateway.port} -u USER -p`)
    assert.equal(mariadb, `    mariadb -h 127.0.0.1 -P ${gateway.port} -u USER -p`)
    assert.equal(ready, `saltgate ready on 127.0.0.1:${gateway.port}`)
    const connection = await login(gateway)
    assert.equal(await answer(connection), 'ann at one')
    await connection.close()
    await assert.rejects(login(gateway, 'ann', 'wrong'), { code: 1045 })
    const { stdout } = await saltgate(['user', 'list', '--json'], { cwd })
    assert.equal(stdout, '')
  })

  it('speaks JSON with --json, except for the line of readiness', async () => {
    using directory = scratch()
    const cwd = directory.path
    const uris = ['--to', to(one, '', '&name=db-1'), '--to', to(two, '', '&name=db-2&role=replica')]
    await using gateway = await Serving.start(['--json', ...uris], { cwd }, 'gateway')
    const [json, ready, end] = gateway.stdout.split('\n')
    const { event, listening, backends } = JSON.parse(json ?? '')
    assert.deepEqual([event, listening], ['ready', [`127.0.0.1:${gateway.port}`]])
    const version = one.door.settings.get('version')
    assert.deepEqual(backends, [
      { name: 'db-1', state: 'up', role: 'primary', version, reason: null },
      { name: 'db-2', state: 'up', role: 'replica', version, reason: null },
    ])
    assert.equal(ready, `saltgate ready on ${listening}`)
    assert.equal(end, '')
    await assert.rejects(login(gateway, 'ann', 'wrong'), { code: 1045 })
    await gateway.logged(/"refused"/)
    for (const line of gateway.stderr.trim().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string')
  })

  it('goes on without what the accounts of a server need, and says how to get it', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, { to: [to(one, 'watch:watching@')], rules: [{ user: 'b%', way: 'backend' }, { way: 'relay' }] })
    await using gateway = await Serving.start([], { cwd }, 'gateway')
    await gateway.logged(/the accounts of the backend cannot be read/)
    await gateway.logged(/saltgate gateway --accounts-sql shows how/)
    assert.equal(await answer(await login(gateway)), 'ann at one')
    await assert.rejects(login(gateway, 'bob', 'right'), { code: 1045 })
  })

  it('has accounts of its own beside saltgate user, and hints at it while there are none', async () => {
    using directory = scratch()
    const cwd = directory.path
    const as = { user: 'ann', credential: { password: 'right' } }
    configure(cwd, { to: [to(one)], rules: [{ way: 'mapped', as }] })
    await using gateway = await Serving.start([], { cwd }, 'gateway')
    await gateway.logged(/there are none: saltgate user add NAME --data \S+\/saltgate-data/)
    assert.doesNotMatch(gateway.stdout, /password/)
    await assert.rejects(login(gateway, 'clerk', 'mine'), { code: 1045 })
    await saltgate(['user', 'add', 'clerk', '--password-stdin'], { cwd, stdin: 'mine\n' })
    assert.equal(await answer(await login(gateway, 'clerk', 'mine')), 'ann at one')
  })

  it('opens the console of its administrators, whose first password is printed once', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, { to: [to(one)], admin: { listen: ['127.0.0.1:0'] } })
    const env = { SALTGATE_ADMIN_PASSWORD: 'chief' }
    await using gateway = await Serving.start(['--json'], { cwd, env }, 'gateway')
    const { admin } = JSON.parse(gateway.stdout.split('\n')[0] ?? '')
    assert.deepEqual(Object.keys(admin), ['listening'])
    const port = Number(admin.listening[0].split(':')[1])
    const connection = await login({ port }, 'root', 'chief')
    const { rows } = await connection.query('SELECT name, state FROM saltgate.backends')
    assert.deepEqual(rows, [{ name: `127.0.0.1:${one.port}`, state: 'up' }])
    await connection.close()
    await assert.rejects(login(gateway, 'root', 'chief'), { code: 1045 })
  })
})

describe('T65 saltgate gateway, passwords', () => {
  const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' }
  it('takes one from the command line out of the list of processes, and warns', onLinux, async () => {
    using directory = scratch()
    await using gateway = await Serving.start(['--to', to(one, 'watch:watching@')], { cwd: directory.path }, 'gateway')
    await gateway.logged(/--to holds a password, .* SALTGATE_BACKEND_PASSWORD/)
    assert.doesNotMatch(readFileSync(`/proc/${gateway.pid}/cmdline`, 'latin1'), /watching/)
    assert.doesNotMatch(gateway.stdout + gateway.stderr, /watching/)
  })

  it('gives SALTGATE_BACKEND_PASSWORD to users without a password, and leaves it to no hook', async () => {
    using directory = scratch()
    const cwd = directory.path
    writeFileSync(
      join(cwd, 'saltgate.config.ts'),
      `export default { gateway: {
         to: ['${to(one, 'watch@', '&name=db-1')}'],
         hooks: { connectServer: () => ({ do: 'refuse', message: process.env.SALTGATE_BACKEND_PASSWORD ?? 'nothing' }) },
       } }`,
    )
    const seen = one.refusals.length
    const env = { SALTGATE_BACKEND_PASSWORD: 'watching' }
    await using gateway = await Serving.start([], { cwd, env }, 'gateway')
    assert.match(gateway.stdout, /^ {4}db-1 {2}up {4}primary/m)
    assert.deepEqual(one.refusals.slice(seen), [])
    await assert.rejects(login(gateway), { message: /nothing/ })
  })

  it('warns of a configuration with passwords that others can read, and of none without', async () => {
    using directory = scratch()
    const cwd = directory.path
    for (const [user, warns] of [
      ['watch:watching@', true],
      ['watch@', false],
    ] as const) {
      configure(cwd, { to: [to(one, user)] })
      chmodSync(join(cwd, 'saltgate.config.json'), 0o644)
      const env = { SALTGATE_BACKEND_PASSWORD: 'watching' }
      await using gateway = await Serving.start([], { cwd, env }, 'gateway')
      assert.equal(/config\.json holds passwords.*chmod go-r/.test(gateway.stderr), warns)
    }
  })
})

describe('saltgate gateway, what cannot work', () => {
  const uri = 'mysql://127.0.0.1:1'
  const blocked: readonly [why: string, args: string[], gateway: object, said: RegExp][] = [
    ['there is no server', [], {}, /gateway\.to: there is no backend: write --to mysql:\/\/HOST:3306/],
    ['a URI is none', ['--to', 'db-1'], {}, /--to \(number 1\): a connection URI begins with mysql:\/\//],
    ['two servers have one name', ['--to', uri, '--to', uri], {}, /another backend '127\.0\.0\.1:1'/],
    ['a key is unknown', ['--to', uri], { rulse: [] }, /unknown key 'gateway\.rulse'.*rules/],
    ['a rule cannot work', ['--to', uri], { rules: [{ way: 'mapped' }] }, /gateway\.rules: rule 1.*as/],
    ['a rule names no server', ['--to', uri], { rules: [{ way: 'relay', to: { backend: 'x' } }] }, /rule 1.*'x'/],
    ['--drain is no number', ['--to', uri, '--drain', 'soon'], {}, /--drain soon: write whole seconds/],
    ['a product is unknown', ['--accounts-sql', 'oracle'], {}, /Allowed choices are mysql, mariadb/],
    ['a client has no host', ['--to', uri, '--explain-rule', 'ann@'], {}, /--explain-rule ann@: write user@host/],
    [
      'an address of administrators is none',
      ['--to', uri],
      { admin: { listen: ['nowhere'] } },
      /cannot listen on 'nowhere'/,
    ],
  ]
  for (const [why, args, gateway, said] of blocked) {
    it(`ends with exit code 2 and says what to do when ${why}`, async () => {
      using directory = scratch()
      const cwd = directory.path
      configure(cwd, gateway)
      const { code, stdout, stderr } = await saltgate(['gateway', '--listen', '127.0.0.1:0', ...args], { cwd })
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
      assert.match(stderr, said)
      assert.doesNotMatch(stderr, /\n {4}at /)
    })
  }
})

describe('saltgate gateway, questions', () => {
  it('--explain-rule says which rule decides about a client, for people and for programs', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, { to: ['mysql://db-1'], rules: [{ user: 'root', way: 'refuse' }, { way: 'relay' }] })
    const text = await saltgate(['gateway', '--explain-rule', 'ann@10.0.0.7'], { cwd })
    assert.equal(text.code, 0)
    assert.match(text.stdout, /^ann@10\.0\.0\.7\n {2}rule 1 {2}no .*\n {2}rule 2 {2}yes .*\nway: relay\n/)
    const json = await saltgate(['gateway', '--explain-rule', 'root', '--json'], { cwd })
    const { user, host, decides, way } = JSON.parse(json.stdout)
    assert.deepEqual({ user, host, decides, way }, { user: 'root', host: 'localhost', decides: 1, way: 'refuse' })
  })

  it('--accounts-sql prints statements with a password that is another each time', async () => {
    using directory = scratch()
    const cwd = directory.path
    const run = async (...product: string[]) => {
      const { code, stdout } = await saltgate(['gateway', '--accounts-sql', ...product], { cwd })
      assert.equal(code, 0)
      const [, password] = /^CREATE USER IF NOT EXISTS 'saltgate'@'%' IDENTIFIED BY '([\w-]{24})';$/m.exec(stdout) ?? []
      assert.ok(stdout.includes(`mysql://saltgate:${password}@`))
      assert.match(stdout, /^GRANT SELECT ON `saltgate`\.accounts TO 'saltgate'@'%';\n$/m)
      return { stdout, password }
    }
    const [mysql, again, mariadb] = await Promise.all([run(), run('mysql'), run('mariadb')])
    assert.notEqual(mysql.password, again.password)
    assert.match(mysql.stdout, /^GRANT CONNECTION_ADMIN ON /m)
    assert.match(mariadb.stdout, /^GRANT CONNECTION ADMIN ON /m)
  })
})

describe('saltgate gateway, signals', () => {
  it('SIGHUP takes over rules and servers, and keeps the sessions', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, { to: [to(one, 'watch:watching@')] })
    await using gateway = await Serving.start([], { cwd }, 'gateway')
    const old = await login(gateway)
    const rules = [{ user: 'watch', way: 'refuse' }, { way: 'relay' }]
    configure(cwd, { to: [to(two, 'watch:watching@')], rules, workers: 2 }, { settings: { max_connections: 50 } })
    gateway.signal('SIGHUP')
    await gateway.logged(/were read again/)
    assert.match(gateway.stderr, /workers: a change takes effect with the next start/)
    assert.equal(await answer(old), 'ann at one')
    const fresh = await login(gateway)
    assert.equal(await answer(fresh), 'ann at two')
    await assert.rejects(login(gateway, 'watch', 'watching'), { code: 1045 })
    await Promise.all([old.close(), fresh.close()])
  })

  it('SIGHUP with a mistake in the configuration changes nothing, and one line says why', async () => {
    using directory = scratch()
    const cwd = directory.path
    configure(cwd, { to: [to(one)] })
    await using gateway = await Serving.start([], { cwd }, 'gateway')
    for (const [wrong, said] of [
      [{ to: [to(two)], rules: [{ way: 'mapped' }] }, /everything stays as it was/],
      [
        { to: [to(two)], rules: [{ way: 'backend' }], backendAccounts: { schema: 'a.b' } },
        /'a\.b' cannot be the schema/,
      ],
    ] as const) {
      configure(cwd, wrong, { settings: { max_connections: 1 } })
      gateway.signal('SIGHUP')
      await gateway.logged(said)
    }
    assert.doesNotMatch(gateway.stderr, /were read again/)
    const [first, second] = await Promise.all([login(gateway), login(gateway)])
    assert.equal(await answer(first), 'ann at one')
    await Promise.all([first.close(), second.close()])
  })

  it('SIGTERM lets a transaction finish, ends idle sessions, lets nobody in, and ends with 0', async () => {
    using directory = scratch()
    await using gateway = await Serving.start(['--to', to(one)], { cwd: directory.path }, 'gateway')
    const [idle, busy] = await Promise.all([login(gateway), login(gateway)])
    await answer(busy, 'BEGIN')
    gateway.signal('SIGTERM')
    await gateway.logged(/the door is closed; running transactions may finish/)
    await assert.rejects(answer(idle), toldOfShutdown)
    await assert.rejects(login(gateway))
    assert.equal(await answer(busy), 'ann at one')
    assert.equal(await answer(busy, 'COMMIT'), 'COMMIT')
    await assert.rejects(answer(busy), toldOfShutdown)
    assert.equal(await gateway.ended, 0)
  })

  it('a transaction has as long as --drain says, and a second SIGTERM ends it at once', async () => {
    using directory = scratch()
    const open = (...args: string[]) => Serving.start(['--to', to(one), ...args], { cwd: directory.path }, 'gateway')
    await using patient = await open()
    await using brief = await open('--drain', '1')
    for (const gateway of [patient, brief]) {
      const busy = await login(gateway)
      await answer(busy, 'BEGIN')
      gateway.signal('SIGTERM')
      await gateway.logged(/the door is closed/)
    }
    patient.signal('SIGTERM')
    assert.deepEqual(await Promise.all([patient.ended, brief.ended]), [1, 0])
  })
})
