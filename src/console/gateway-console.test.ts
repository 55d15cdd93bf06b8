import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import mysql2 from 'mysql2/promise'
import { type AdminPlane, boss, openAdminPlane } from '../../test/support/admin-plane.ts'
import { until } from '../../test/support/door.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { MemoryAccounts } from '../accounts/memory-accounts.ts'
import { command } from '../packets/commands.ts'

describe("the console of a gateway's administrators", () => {
  let plane: AdminPlane
  const ask: AdminPlane['ask'] = (sql, as) => plane.ask(sql, as)
  const app = () => plane.login(plane.gateway.port, 'app', 'pw-of-app')
  const clerk = () => plane.login(plane.gateway.port, 'clerk1', 'pw-of-clerk')

  before(async () => {
    plane = await openAdminPlane([{ user: 'plain', password: 'pw', plugin: 'mysql_native_password' }])
  })
  after(() => plane.close())

  it('shows the backends', async () => {
    const [row, ...others] = await ask('SELECT * FROM saltgate.backends')
    assert.deepEqual(others, [])
    const { since, connects, looks, version, ...rest } = row ?? {}
    assert.deepEqual(rest, {
      ...{ name: 'one', address: `127.0.0.1:${plane.backend.port}`, state: 'up', doubted: 'NO', role: 'primary' },
      ...{ reason: null, weight: 2, connections: 0n, max_connections: 50n, waiting: 0n },
      ...{ connect_failures: 0n, lost: 0n, failed_looks: 0n },
    })
    assert.equal(version, plane.backend.door.settings.get('version'))
    assert.ok((looks as bigint) > 0n && typeof connects === 'bigint')
    const ageMs = Date.now() - Date.parse(`${since}Z`)
    assert.ok(ageMs >= -1000 && ageMs < 60_000, `since ${since}`)
  })

  it('shows who of the clients has which connection to which backend, and why', async () => {
    await using relayed = await app()
    await using mapped = await clerk()
    await mapped.query('BEGIN')
    const ids = async (one: typeof relayed) =>
      (await one.query<{ id: bigint }>('SELECT CONNECTION_ID() AS id')).rows[0]?.id
    const rows = await ask('SELECT * FROM saltgate.pairs ORDER BY user')
    const common = {
      ...{ host: '127.0.0.1', address: '127.0.0.1', channel: 'plaintext', state: 'idle' },
      ...{ backend: 'one', backend_channel: 'plaintext', pinned: null, worker: 1 },
    }
    assert.deepEqual(
      rows.map(({ since: _, port: __, host: ___, ...row }) => ({ ...row, host: '127.0.0.1' })),
      [
        {
          ...{
            ...common,
            connection_id: BigInt(relayed.connectionId),
            user: 'app',
            account: 'app@%',
            in_transaction: 'NO',
          },
          ...{ backend_user: 'app', backend_connection_id: await ids(relayed), way: 'relay', rule: 'rule 3' },
        },
        {
          ...{
            ...common,
            connection_id: BigInt(mapped.connectionId),
            user: 'clerk1',
            account: 'clerk1@%',
            in_transaction: 'YES',
          },
          ...{ backend_user: 'shared', backend_connection_id: await ids(mapped), way: 'mapped' },
          rule: 'rule 1 (clerks)',
        },
      ],
    )
  })

  it('shows the pools, by who is logged in there', async () => {
    const pools = () =>
      ask('SELECT backend, user, credential, clients_secure, open, busy, idle, waiting FROM saltgate.pools')
    const shelfNow = () => plane.gateway.gateway.pool.shelves()[0]
    await (await clerk()).close()
    const shelf = shelfNow()
    await until(() => shelfNow()?.idle === shelf?.open, 'what the client before had lies in the pool')
    const row = { backend: 'one', user: 'shared', credential: 'rule 1 of 1', clients_secure: 'NO', waiting: 0n }
    const open = BigInt(shelf?.open ?? 0)
    {
      await using _mapped = await clerk()
      assert.deepEqual(await pools(), [{ ...row, open, busy: 1n, idle: open - 1n }])
    }
    await until(() => shelfNow()?.idle === shelf?.open, 'the link lies in the pool again')
    assert.deepEqual(await pools(), [{ ...row, open, busy: 0n, idle: open }])
  })

  it('shows the rules', async () => {
    assert.deepEqual(
      await ask('SELECT number, name, user, way, judge, backend_user, credential, pool FROM saltgate.rules'),
      [
        {
          ...{
            number: 1,
            name: 'clerks',
            user: 'clerk%',
            way: 'mapped',
            judge: 'own accounts',
            backend_user: 'shared',
          },
          ...{ credential: 'the password in the configuration', pool: 'session' },
        },
        {
          ...{ number: 2, name: null, user: 'nobody', way: 'refuse', judge: null, backend_user: null },
          ...{ credential: null, pool: 'off' },
        },
        {
          ...{ number: 3, name: null, user: '%', way: 'relay', judge: 'backend', backend_user: null },
          ...{ credential: null, pool: 'off' },
        },
      ],
    )
  })

  it('shows no password in any of its tables', async () => {
    await using _mapped = await clerk()
    for (const table of ['backends', 'pools', 'pairs', 'rules']) {
      const rows = await ask(`SELECT * FROM saltgate.${table}`)
      assert.ok(rows.length > 0, table)
      assert.doesNotMatch(inspect(rows), /pw-of/, table)
    }
  })

  it('lists these tables, which no other console has', async () => {
    const own = ['backends', 'pairs', 'pools', 'rules']
    const listed = async (connection: Awaited<ReturnType<typeof app>>) =>
      (
        await connection.query<{ name: string }>(
          "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'saltgate'",
        )
      ).rows.map(({ name }) => name)
    await using there = await plane.login(plane.adminPort, boss.user, boss.password)
    await using elsewhere = await plane.login(plane.backend.port, 'watch', 'pw-of-watch')
    assert.deepEqual(
      (await listed(there)).filter((name) => own.includes(name)),
      own,
    )
    assert.deepEqual(
      (await listed(elsewhere)).filter((name) => own.includes(name)),
      [],
    )
    const { rows } = await there.query<Record<string, string>>("SHOW TABLES FROM saltgate LIKE 'pairs'")
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [['pairs']],
    )
    for (const table of own) await assert.rejects(elsewhere.query(`SELECT * FROM saltgate.${table}`), { code: 1146 })
  })

  it("is about the gateway's clients and counters, in which administrators do not appear", async () => {
    await using relayed = await app()
    const list = await ask('SHOW PROCESSLIST')
    assert.deepEqual(
      list.map(({ Id, User }) => [Number(Id), User]),
      [[relayed.connectionId, 'app']],
    )
    const [threads] = await ask("SHOW GLOBAL STATUS LIKE 'Threads_connected'")
    assert.equal(threads?.Value, '1')
    assert.equal(plane.gateway.front.door.registry.live.size, 1)
  })

  it('changes the settings of the gateway, which are those of its own door', async () => {
    const { settings } = plane.gateway.front.door
    const before = settings.get('max_connections')
    await ask('SET GLOBAL max_connections = 77')
    assert.equal(settings.get('max_connections'), 77)
    assert.deepEqual(await ask("SHOW VARIABLES LIKE 'max_connections'"), [
      { Variable_name: 'max_connections', Value: '77' },
    ])
    assert.deepEqual(await ask('SELECT @@max_connections AS m'), [{ m: 77n }])
    await ask(`SET GLOBAL max_connections = ${before}`)
  })

  it('has the databases of the console and no others', async () => {
    await using there = await plane.login(plane.adminPort, boss.user, boss.password)
    for (const sql of ['USE shop', 'SHOW TABLES FROM shop', 'SHOW CREATE DATABASE shop', 'SELECT * FROM shop.t']) {
      await assert.rejects(there.query(sql), { code: 1049 }, sql)
    }
    await there.query('USE saltgate')
    assert.equal((await there.query('SELECT * FROM backends')).rows.length, 1)
  })

  it('ends a statement, and a connection, of a client', async () => {
    await using client = await app()
    const sleeping = client.query('SELECT SLEEP(600)')
    const { live } = plane.backend.door.registry
    const sleeps = () => [...live.values()].some(({ state }) => state === 'User sleep')
    await until(sleeps, 'the statement runs')
    assert.deepEqual(await ask("SELECT state FROM saltgate.pairs WHERE user = 'app'"), [{ state: 'busy' }])
    await ask(`KILL QUERY ${client.connectionId}`)
    assert.deepEqual((await sleeping).rows, [{ 'SLEEP(600)': 1n }])
    await client.ping()
    await ask(`KILL ${client.connectionId}`)
    await client.closed
    await assert.rejects(ask(`KILL ${client.connectionId}`), { code: 1094 })
  })

  it('says so when the backend could not be told to end a statement', async () => {
    await using client = await app()
    const { accounts } = plane.backend.door.realm
    assert.ok(accounts instanceof MemoryAccounts)
    const lock = (locked: boolean) =>
      accounts.transact((edit) => {
        const watch = edit.read('watch', '%')
        if (watch !== undefined) edit.put({ ...watch, locked })
      })
    lock(true)
    await assert.rejects(ask(`KILL QUERY ${client.connectionId}`), { code: 1105, message: /could not be told/ })
    lock(false)
  })

  it("ends an administrator's statement from a second connection, as mysql does at Ctrl-C", async () => {
    await using first = await plane.login(plane.adminPort, boss.user, boss.password)
    const sleeping = first.query('SELECT SLEEP(600)')
    const record = plane.admin.door.registry.live.get(first.connectionId)
    await until(() => record?.state === 'User sleep', 'the statement runs')
    await ask(`KILL QUERY ${first.connectionId}`)
    assert.deepEqual((await sleeping).rows, [{ 'SLEEP(600)': 1n }])
  })

  it('answers COM_STATISTICS with those of the gateway', async () => {
    await using _client = await app()
    await using _another = await app()
    const raw = await RawClient.connect({ port: plane.adminPort })
    await raw.login({ user: 'plain', password: 'pw' })
    const { payload } = await raw.command(command.STATISTICS)
    assert.match(payload.toString('latin1'), /Threads: 2 /)
    raw.destroy()
  })

  it("makes and changes accounts of the gateway by name, and the administrator's own without one", async () => {
    await ask("CREATE USER clerk7@'%' IDENTIFIED BY 'fresh'")
    await (await plane.login(plane.gateway.port, 'clerk7', 'fresh')).close()
    await ask("DROP USER clerk7@'%'")
    const users = (await ask('SELECT user FROM mysql.user ORDER BY user')).map(({ user }) => user)
    assert.deepEqual(users, ['clerk1', 'root', 'twin'])

    const ownGrants = await ask('SHOW GRANTS')
    assert.match(Object.values(ownGrants[0] ?? {}).join(), /GRANT SELECT.* TO `root`@`localhost`/)
    await ask("ALTER USER USER() IDENTIFIED BY 'changed'")
    await assert.rejects(ask('SELECT 1'), { code: 1045 })
    const changed = { ...boss, password: 'changed' }
    const ofGateway = plane.gateway.front.door.realm.accounts
    assert.ok(ofGateway instanceof MemoryAccounts)
    const before = ofGateway.read('root', 'localhost')?.authString
    await ask(`SET PASSWORD = '${boss.password}'`, changed)
    assert.equal(ofGateway.read('root', 'localhost')?.authString, before)
    await ask("ALTER USER root@localhost IDENTIFIED BY 'pw-of-data-root'")
    assert.notEqual(ofGateway.read('root', 'localhost')?.authString, before)
    assert.equal((await ask('SELECT 1 AS still_in')).length, 1)
    await assert.rejects(ask("ALTER USER USER() IDENTIFIED BY 'x', twin IDENTIFIED BY 'y'"), { code: 1235 })
  })

  it('is open to mysql2, change of user included', async () => {
    const connection = await mysql2.createConnection({ host: '127.0.0.1', port: plane.adminPort, ...boss })
    const [rows] = await connection.query('SELECT name, state FROM saltgate.backends')
    assert.deepEqual(rows, [{ name: 'one', state: 'up' }])
    await connection.changeUser({ user: 'plain', password: 'pw' })
    await assert.rejects(connection.query('SELECT * FROM saltgate.backends'), { errno: 1142 })
    await connection.end()
  })

  it('lets administrators in when the gateway is full', async () => {
    await ask('SET GLOBAL max_connections = 1')
    {
      await using _client = await app()
      await assert.rejects(app(), { code: 1040 })
      assert.equal((await ask('SHOW PROCESSLIST')).length, 1)
    }
    await ask('SET GLOBAL max_connections = 151')
  })

  it('flushes what both doors have learned of hosts', async () => {
    const caches = [plane.gateway.front.door.hostCache, plane.admin.door.hostCache]
    for (const flush of ['FLUSH HOSTS', 'TRUNCATE performance_schema.host_cache']) {
      for (const cache of caches) cache.countError('192.0.2.1', 'COUNT_HANDSHAKE_ERRORS', true)
      await ask(flush)
      for (const cache of caches)
        assert.ok(
          cache.rows().every(({ IP }) => IP !== '192.0.2.1'),
          flush,
        )
    }
  })
})
