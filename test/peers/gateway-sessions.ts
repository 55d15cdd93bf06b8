/** Sessions through a gateway to real servers: statements of every kind, kills by the number of the greeting, files, compression. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { sharedKeys, until } from '../support/door.ts'
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { testStatements } from './client-statements.ts'
import { testTypes } from './client-types.ts'
import { login } from './clients.ts'
import { run } from './command.ts'
import { reach, type ServerKind, serverKinds, startServer, watcher } from './gateway-world.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'
import type { ServerOfClient } from './our-connection.ts'
import type { RunningServer } from './servers.ts'

const password = 'pw-right'

/** Declares the tests. Each server starts before its tests and ends after them. */
export function testGatewaySessions(peers: readonly Peer[]): void {
  for (const kind of serverKinds.filter(({ name }) => name !== 'MariaDB 11.8')) {
    const missing = installed(peers, kind.peer) === undefined && `MISSING: ${kind.peer}`
    describe(`sessions through a gateway to ${kind.name}`, { skip: missing, timeout: 180_000 }, () => {
      testSessionsOf(peers, kind)
    })
  }
}

function testSessionsOf(peers: readonly Peer[], kind: ServerKind): void {
  const { product } = kind
  let server: RunningServer
  let root: Connection
  let gateway: TestGateway
  let ca: string

  const open = (more: Partial<TestGatewayOptions> = {}, connectMore: ConnectOptions = {}) =>
    openTestGateway({
      backends: [{ name: 'one', connect: { ...reach(server), ...watcher, ...connectMore } }],
      rules: [{ way: 'relay' }],
      with: { localInfile: true },
      ...more,
    })
  const optionsOf = ({ port }: TestGateway, more: ConnectOptions = {}): ConnectOptions => {
    const worker = { user: 'worker', password, database: 'test' }
    return { host: '127.0.0.1', port, tls: { mode: 'VERIFY_IDENTITY', ca }, ...worker, ...more }
  }
  /** What the server is doing for a user, oldest first. */
  const statementsOf = async (user: string): Promise<string[]> => {
    const sql = 'SELECT info AS info FROM information_schema.processlist WHERE user = ? ORDER BY id'
    return (await root.execute<{ info: string | null }>(sql, [user])).rows.map(({ info }) => info ?? '')
  }
  const untilSleeping = async (asleep: boolean) => {
    const end = performance.now() + 10_000
    const isAsleep = async () => (await statementsOf('worker')).some((sql) => sql.includes('SLEEP(30)'))
    while ((await isAsleep()) !== asleep) assert.ok(performance.now() < end, `waited in vain: asleep ${asleep}`)
  }

  before(async () => {
    ca = (await sharedKeys()).ca ?? ''
    const settings = ['--local-infile=ON', '--max-allowed-packet=64M', '--disconnect-on-expired-password=ON']
    server = await startServer(peers, { ...kind, settings: [...kind.settings, ...settings] })
    root = await connect(reach(server))
    const grant = product === 'MySQL' ? 'CONNECTION_ADMIN' : 'CONNECTION ADMIN'
    for (const sql of [
      'CREATE DATABASE IF NOT EXISTS test',
      `CREATE USER '${watcher.user}'@'%' IDENTIFIED BY '${watcher.password}'`,
      `GRANT ${grant} ON *.* TO '${watcher.user}'@'%'`,
      `CREATE USER worker@'%' IDENTIFIED BY '${password}'`,
      `CREATE USER other@'%' IDENTIFIED BY '${password}'`,
      "GRANT ALL ON test.* TO worker@'%'",
    ]) {
      await root.query(sql)
    }
    gateway = await open()
  })
  after(async () => {
    await gateway?.close()
    await root?.close()
    await server?.stop()
  })

  const throughGateway = (): ServerOfClient => {
    const { database: _, ...options } = optionsOf(gateway, { user: 'root', password: '' })
    return { name: kind.name, product, options, connect: (more = {}) => connect({ ...options, ...more }) }
  }
  testTypes(throughGateway)
  testStatements(throughGateway)

  test('carry a row of 64 MiB, whole', async () => {
    await using connection = await connect(optionsOf(gateway, { maxAllowedPacket: 1 << 28 }))
    // As much as the server lets a value have.
    const length = (64 << 20) - 1024
    const [row] = (
      await connection.query<{ whole: string }>(`SELECT REPEAT('0123456789abcdef', ${length / 16}) AS whole`)
    ).rows
    const sum = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')
    assert.equal(row?.whole.length, length)
    assert.equal(sum(row.whole), sum('0123456789abcdef'.repeat(length / 16)))
  })

  const algorithms = product === 'MySQL' ? (['zlib', 'zstd'] as const) : (['zlib'] as const)
  for (const there of [undefined, ...algorithms]) {
    test(`are the same compressed or not, with ${there ?? 'no compression'} to the backend`, async () => {
      const packed = await open({}, there === undefined ? {} : { compress: [there] })
      try {
        for (const compress of [[], ...algorithms.map((one) => [one])]) {
          await using connection = await connect(optionsOf(packed, { compress }))
          const text = `'${'compressible '.repeat(20_000)}'`
          const { rows } = await connection.query(`SELECT ${text} AS a, SHA2(${text}, 256) AS b`)
          assert.equal(createHash('sha256').update(String(rows[0]?.a)).digest('hex'), rows[0]?.b, `client ${compress}`)
          await connection.resetConnection()
          await connection.ping()
        }
      } finally {
        await packed.close()
      }
    })
  }

  test('load a file of the client only where the gateway permits it too', async () => {
    const strict = await open({ with: { localInfile: false } })
    try {
      await root.query('CREATE TABLE IF NOT EXISTS test.loaded (line TEXT)')
      const sql = "LOAD DATA LOCAL INFILE '/nowhere' INTO TABLE loaded"
      const localInfile = () => [Buffer.from('a\nb\n')]
      await using permitted = await connect(optionsOf(gateway))
      assert.equal((await permitted.query(sql, { localInfile })).affectedRows, 2n)
      await using refused = await connect(optionsOf(strict))
      await assert.rejects(refused.query(sql, { localInfile }), /local|not allowed/i)
      assert.equal((await refused.query('SELECT 1')).rows.length, 1)
    } finally {
      await strict.close()
    }
  })

  test('are clean after a reset, and the session goes on', async () => {
    await using connection = await connect(optionsOf(gateway))
    await connection.query('SET @mine = 5')
    await connection.query('CREATE TEMPORARY TABLE mine (n INT)')
    const { rows } = await connection.execute('SELECT @mine AS mine')
    assert.equal(Number(rows[0]?.mine), 5)
    await connection.resetConnection()
    assert.equal((await connection.query('SELECT @mine AS mine')).rows[0]?.mine, null)
    await assert.rejects(connection.query('SELECT * FROM mine'), { code: 1146 })
  })

  test('with an expired password may change it, and do nothing else', async () => {
    await root.query(`CREATE USER expired@'%' IDENTIFIED BY '${password}' PASSWORD EXPIRE`)
    const who = { user: 'expired' }
    const { database: _, ...options } = optionsOf(gateway, who)
    await assert.rejects(connect(options), { code: 1862 })
    await using connection = await connect({ ...options, connectExpiredPassword: true })
    await assert.rejects(connection.query('SELECT CURRENT_USER()'), { code: 1820 })
    await connection.query(
      product === 'MySQL' ? "ALTER USER USER() IDENTIFIED BY 'pw-new'" : "SET PASSWORD = PASSWORD('pw-new')",
    )
    await connection.query('SELECT CURRENT_USER()')
    await using fresh = await connect({ ...options, password: 'pw-new' })
    await fresh.ping()
  })

  describe('that are killed by the number of the greeting', () => {
    test('KILL QUERY ends the statement, and the session goes on', async () => {
      await using connection = await connect(optionsOf(gateway))
      await using killer = await connect(optionsOf(gateway))
      const running = connection.query('SELECT SLEEP(30) AS slept')
      const outcome = running.then(
        ({ rows }) => String(rows[0]?.slept),
        (error: MysqlError) => error.symbol,
      )
      await untilSleeping(true)
      await killer.query(`KILL QUERY ${connection.connectionId}`)
      assert.match(await outcome, /^1$|^ER_QUERY_INTERRUPTED$/)
      await connection.ping()
    })

    test('KILL ends the session, on both sides', async () => {
      await using connection = await connect(optionsOf(gateway))
      await using killer = await connect(optionsOf(gateway))
      const outcome = connection.query('SELECT SLEEP(30)').catch((lost: unknown) => lost)
      await untilSleeping(true)
      await killer.query(`KILL ${connection.connectionId}`)
      assert.ok((await outcome) instanceof MysqlError)
      await untilSleeping(false)
    })

    test('nobody kills a session of another user', async () => {
      await using connection = await connect(optionsOf(gateway))
      const { database: _, ...asOther } = optionsOf(gateway, { user: 'other' })
      await using killer = await connect(asOther)
      for (const sql of ['KILL', 'KILL QUERY', 'KILL CONNECTION']) {
        await assert.rejects(killer.query(`${sql} ${connection.connectionId}`), { code: 1095 }, sql)
      }
      await assert.rejects(killer.query('KILL 2147483600'), { code: 1094 })
      await connection.ping()
    })

    for (const name of ['mysql', 'mariadb', 'mariadb 11.8'] as const) {
      const client = installed(peers, name)
      test(`${name}: Ctrl-C ends the statement`, { skip: !client && `MISSING: ${name}` }, async () => {
        assert.ok(client)
        const [program = '', ...before] = client.argv
        const tls = name === 'mysql' ? ['--ssl-mode=REQUIRED'] : ['--ssl', '--skip-ssl-verify-server-cert']
        const where = ['--protocol=tcp', '--host=127.0.0.1', `--port=${gateway.port}`, '--user=worker']
        const args = [
          '--no-defaults',
          ...where,
          ...tls,
          '--batch',
          '--force',
          '--execute=SELECT SLEEP(30); SELECT 42 AS a',
        ]
        const child = spawn(program, [...before, ...args], { env: { ...process.env, MYSQL_PWD: password } })
        let said = ''
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
        const ended = new Promise((resolve) => child.on('exit', resolve))
        await untilSleeping(true)
        child.kill('SIGINT')
        await untilSleeping(false)
        await ended
        assert.doesNotMatch(said, /denied|Unknown thread/)
        await until(() => gateway.front.door.registry.live.size === 0, 'both of its connections have gone')
      })
    }

    const pymysql = installed(peers, 'PyMySQL 1.0')
    test('COM_PROCESS_KILL ends the session', { skip: !pymysql && 'MISSING: PyMySQL 1.0' }, async () => {
      assert.ok(pymysql)
      await using connection = await connect(optionsOf(gateway))
      const outcome = connection.query('SELECT SLEEP(30)').catch((lost: unknown) => lost)
      await untilSleeping(true)
      const script = `import pymysql; c = pymysql.connect(host='127.0.0.1', port=${gateway.port}, user='worker', password='${password}', ssl_disabled=True); c.kill(${connection.connectionId}); c.ping(); c.close()`
      const { status, stderr } = await run([...pymysql.argv, '-W', 'ignore', '-c', script], { env: pymysql.env })
      assert.equal(status, 0, stderr)
      assert.ok((await outcome) instanceof MysqlError)
      await untilSleeping(false)
    })
  })

  const mysql = installed(peers, 'mysql')
  test('of the mysql command line are the same compressed or not', { skip: !mysql && 'MISSING: mysql' }, async () => {
    const who = { host: '127.0.0.1', port: gateway.port, user: 'root', password: '', tls: 'on' } as const
    const sql = 'SELECT * FROM information_schema.COLLATIONS ORDER BY COLLATION_NAME'
    const plain = await login(mysql as InstalledPeer, { ...who, sql })
    assert.ok(plain.ok && plain.rows.length > 200)
    for (const compression of algorithms) {
      assert.deepEqual(await login(mysql as InstalledPeer, { ...who, sql, compression }), plain)
    }
  })
}
