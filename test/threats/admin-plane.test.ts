/** T53: who administers the gateway and who passes through it are never taken for each other, and each command has its privilege. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import type { Privilege } from '../../src/accounts/privileges.ts'
import { type AdminPlane, boss, openAdminPlane } from '../support/admin-plane.ts'
import { int } from '../support/bytes.ts'
import { RawClient } from '../support/raw-client.ts'

/** Accounts of the administrators' door, by what they may do. */
const roles = {
  nobody: [],
  reader: ['SELECT'],
  watcher: ['SELECT', 'PROCESS'],
  operator: ['SELECT', 'PROCESS', 'RELOAD', 'CONNECTION_ADMIN', 'SYSTEM_VARIABLES_ADMIN', 'DROP'],
} satisfies Record<string, readonly Privilege[]>
type Role = keyof typeof roles

/** What each is answered, where `:id` is a client of the gateway; 0: it is done. Who has everything comes last. */
const commands: readonly (readonly [sql: string, ...answers: [number, number, number, number, number]])[] = [
  ...['backends', 'pairs', 'pools', 'rules'].map(
    (table) => [`SELECT * FROM saltgate.${table}`, 1142, 1227, 0, 0, 0] as const,
  ),
  ['SELECT * FROM saltgate.handshakes', 1142, 0, 0, 0, 0],
  ['SELECT * FROM performance_schema.host_cache', 1142, 0, 0, 0, 0],
  ['SELECT * FROM mysql.user', 1142, 0, 0, 0, 0],
  ['SHOW CREATE USER root@localhost', 1044, 0, 0, 0, 0],
  ['SHOW GRANTS FOR root@localhost', 1142, 0, 0, 0, 0],
  ['SHOW ENGINE innodb STATUS', 1227, 1227, 0, 0, 0],
  ['FLUSH HOSTS', 1227, 1227, 1227, 0, 0],
  ['FLUSH PRIVILEGES', 1227, 1227, 1227, 0, 0],
  ['FLUSH STATUS', 1227, 1227, 1227, 0, 0],
  ['TRUNCATE performance_schema.host_cache', 1142, 1142, 1142, 0, 0],
  ['SET GLOBAL wait_timeout = 28800', 1227, 1227, 1227, 0, 0],
  ['SET GLOBAL offline_mode = OFF', 1227, 1227, 1227, 0, 0],
  ["CREATE USER made@'%' IDENTIFIED BY 'x'", 1227, 1227, 1227, 1227, 0],
  ["ALTER USER made@'%' IDENTIFIED BY 'y'", 1227, 1227, 1227, 1227, 0],
  ["SET PASSWORD FOR made@'%' = 'z'", 1044, 1044, 1044, 1044, 0],
  ['GRANT SELECT ON *.* TO made', 1045, 1045, 1045, 1045, 0],
  ['REVOKE SELECT ON *.* FROM made', 1045, 1045, 1045, 1045, 0],
  ['RENAME USER made TO other', 1227, 1227, 1227, 1227, 0],
  ['DROP USER other', 1227, 1227, 1227, 1227, 0],
  ['SHUTDOWN', 1227, 1227, 1227, 1227, 1235],
  ['RESTART', 1227, 1227, 1227, 1227, 1235],
  ['KILL QUERY :id', 1095, 1095, 1095, 0, 0],
  ['KILL :id', 1095, 1095, 1095, 0, 0],
]

/** 0: it was no error. */
function codeOf(answer: Promise<unknown>): Promise<number> {
  return answer.then(
    () => 0,
    (error: { readonly code: number }) => error.code,
  )
}

describe('T53 the plane of administrators', () => {
  let plane: AdminPlane
  const asRole = (role: Role) => ({ user: role, password: `pw-of-${role}` })
  const app = () => plane.login(plane.gateway.port, 'app', 'pw-of-app')
  const ofGateway = () => {
    const { accounts } = plane.gateway.front.door.realm
    assert.ok(accounts instanceof MemoryAccounts)
    return accounts
  }

  before(async () => {
    plane = await openAdminPlane([
      ...(Object.keys(roles) as Role[]).map((role) => ({
        ...{ ...asRole(role), privileges: new Set<Privilege>(roles[role]), plugin: 'mysql_native_password' },
      })),
      { user: 'app', password: 'pw-of-admin-app' },
      { user: 'clerk1', password: 'pw-of-admin-clerk' },
      { user: 'twin', password: 'pw-of-admin-twin', passwordExpired: true },
    ])
  })
  after(() => plane.close())

  it('T53 lets in no account of the gateway, nor of the server behind, and none by a password that everybody knows', async () => {
    for (const [user, password] of [
      ['root', 'pw-of-data-root'],
      ['clerk1', 'pw-of-clerk'],
      ['app', 'pw-of-app'],
      ['watch', 'pw-of-watch'],
      ['shared', 'pw-of-shared'],
      ['root', ''],
      ['root', 'root'],
      ['admin', 'admin'],
      ['admin', ''],
      ['', ''],
    ] as const) {
      await assert.rejects(plane.login(plane.adminPort, user, password), { code: 1045 }, `${user} by '${password}'`)
    }
    assert.ok(plane.refusals.length >= 10)
  })

  it('T53 has no account that gets in at the gateway', async () => {
    for (const { user, password } of [
      boss,
      asRole('operator'),
      { user: 'clerk1', password: 'pw-of-admin-clerk' },
      { user: 'app', password: 'pw-of-admin-app' },
    ]) {
      await assert.rejects(plane.login(plane.gateway.port, user, password), { code: 1045 }, user)
    }
  })

  const expected = [...(Object.keys(roles) as Role[]).map(asRole), boss]
  for (const [at, as] of expected.entries()) {
    it(`T53 answers every command of ${as.user} as its privileges say`, async () => {
      const answers: Record<string, number> = {}
      for (const [sql] of commands) {
        const client = await app()
        answers[sql] = await codeOf(plane.ask(sql.replace(':id', String(client.connectionId)), as))
        await client.close()
      }
      assert.deepEqual(answers, Object.fromEntries(commands.map(([sql, ...codes]) => [sql, codes[at]])))
    })
  }
  it('T53 checks the commands of the wire like statements', async () => {
    const client = await app()
    for (const [role, kill, refresh] of [
      ['watcher', 1095, 1227],
      ['operator', 0, 0],
    ] as const) {
      const raw = await RawClient.connect({ port: plane.adminPort })
      await raw.login(asRole(role))
      const codeOfPacket = (payload: Buffer) => (payload[0] === 0xff ? payload.readUInt16LE(1) : 0)
      // COM_REFRESH of hosts, then COM_PROCESS_KILL.
      assert.equal(codeOfPacket((await raw.command(7, Uint8Array.of(8))).payload), refresh, role)
      assert.equal(codeOfPacket((await raw.command(12, int(client.connectionId, 4))).payload), kill, role)
      raw.destroy()
    }
    await client.closed
  })

  it("T53 does not take a client of the gateway for an administrator's own because the names are the same", async () => {
    const client = await app()
    const homonym = { user: 'app', password: 'pw-of-admin-app' }
    for (const sql of [`KILL ${client.connectionId}`, `KILL QUERY ${client.connectionId}`]) {
      assert.equal(await codeOf(plane.ask(sql, homonym)), 1095, sql)
    }
    assert.deepEqual(await plane.ask('SHOW PROCESSLIST', homonym), [])
    const attributes = await plane.ask('SELECT * FROM performance_schema.session_account_connect_attrs', homonym)
    assert.ok(attributes.length > 0 && attributes.every((row) => Number(row.PROCESSLIST_ID) !== client.connectionId))
    await client.ping()
    await client.close()
  })

  it("T53 does not take an account of the gateway for an administrator's own because the names are the same", async () => {
    const homonym = { user: 'clerk1', password: 'pw-of-admin-clerk' }
    const before = ofGateway().read('clerk1', '%')
    for (const [sql, code] of [
      ["ALTER USER clerk1@'%' IDENTIFIED BY 'taken'", 1227],
      ["SET PASSWORD FOR clerk1@'%' = 'taken'", 1044],
      ["SHOW CREATE USER clerk1@'%'", 1044],
      ["SHOW GRANTS FOR clerk1@'%'", 1142],
      ["ALTER USER USER() IDENTIFIED BY 'own', clerk1@'%' IDENTIFIED BY 'taken'", 1235],
    ] as const) {
      assert.equal(await codeOf(plane.ask(sql, homonym)), code, sql)
    }
    await plane.ask("SET PASSWORD = 'own'", homonym)
    assert.deepEqual(ofGateway().read('clerk1', '%'), before)
    await plane.ask('SELECT 1', { user: 'clerk1', password: 'own' })
  })

  it('T53 allows one whose password has expired nothing but to change that one', async () => {
    const twin = await plane.login(plane.adminPort, 'twin', 'pw-of-admin-twin', {
      connectExpiredPassword: true,
    })
    for (const sql of ['SELECT * FROM saltgate.pairs', 'SHOW PROCESSLIST', "SET PASSWORD FOR twin@'%' = 'x'"]) {
      assert.equal(await codeOf(twin.query(sql)), 1820, sql)
    }
    assert.equal(await codeOf(twin.query("ALTER USER twin@'%' IDENTIFIED BY 'x'")), 1227)
    await twin.query("ALTER USER USER() IDENTIFIED BY 'fresh'")
    await twin.query('SHOW PROCESSLIST')
    await twin.close()
    await plane.ask('SELECT 1', { user: 'twin', password: 'fresh' })
    assert.equal(await codeOf(plane.login(plane.gateway.port, 'twin', 'fresh')), 1045)
  })
})
