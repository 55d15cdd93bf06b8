/** Transaction mode before real servers: what a session of the gateway sees is what a session of its own would. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { accountViewStatements } from '../../src/gateway/account-view.ts'
import { BackendAccounts } from '../../src/gateway/backend-accounts.ts'
import { silentLog } from '../../src/server/log.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { walk } from '../support/sharing-walk.ts'
import { reach, type ServerKind, serverKinds, startServer, watcher } from './gateway-world.ts'
import { installed, type Peer } from './install.ts'
import type { RunningServer } from './servers.ts'

const sessions = 6
const links = 4

export function testGatewaySharing(peers: readonly Peer[]): void {
  for (const kind of serverKinds) {
    const skip = installed(peers, kind.peer) === undefined ? `${kind.peer} is not installed` : false
    if (kind.name !== 'MariaDB 11.8')
      describe(`transaction mode before ${kind.name}`, { skip }, () => sharing(peers, kind))
  }
}

function sharing(peers: readonly Peer[], kind: ServerKind): void {
  let server: RunningServer
  let root: Connection
  let accounts: BackendAccounts
  let gateway: TestGateway

  before(async () => {
    server = await startServer(peers, kind)
    root = await connect(reach(server))
    for (const sql of statementsOf(kind)) await root.query(sql)
    accounts = new BackendAccounts({
      from: () => ({ ...reach(server), ...watcher }),
      leastBetweenMs: 1,
      log: silentLog,
    })
    await accounts.start()
    gateway = await openTestGateway({
      backends: [{ name: 'one', connect: { ...reach(server, 'plain'), ...watcher } }],
      rules: [
        {
          user: 'clerk',
          way: 'mapped',
          as: { user: 'shared', credential: { password: 'behind' } },
          pool: 'transaction',
        },
        { user: 'own', way: 'backend', pool: 'transaction' },
      ],
      with: { backendAccounts: accounts },
      accounts: [{ user: 'clerk', password: 'mine' }],
      pool: { maxPerIdentity: links },
    })
  })

  after(async () => {
    await gateway?.close()
    await accounts?.close()
    await root?.close()
    await server?.stop()
  })

  function open(user: string, password: string, port: number): Promise<Connection> {
    return connect({ ...reach(server, 'plain'), port, user, password, database: 'one' })
  }

  const through = (user: string, password: string) => open(user, password, gateway.port)

  test('whatever several sessions do in whatever order', { timeout: 120_000 }, async () => {
    const { gateway: core } = gateway
    const twins = {
      gateway: core,
      open: (shared: boolean) => (shared ? through('clerk', 'mine') : open('shared', 'behind', server.port)),
    }
    await walk({ steps: stepsFor(kind), sessions, links, length: 80, runs: 15 }, twins)
  })

  // MariaDB does not count by connection unless its performance schema is on.
  const skip = kind.product === 'MySQL' ? false : 'not counted by connection'
  test('equal sessions cost the server nothing but their statements', { skip }, async () => {
    const limits = gateway.gateway.pool.limits
    gateway.gateway.pool.discard(() => false)
    gateway.gateway.pool.limits = { ...limits, maxPerIdentity: 1 }
    const [a, b] = [await through('clerk', 'mine'), await through('clerk', 'mine')]
    try {
      for (const client of [a, b]) await client.query("SET NAMES utf8mb4 COLLATE utf8mb4_bin, sql_mode='ANSI'")
      await a.query('SELECT 1')
      const before = await questions()
      for (let i = 0; i < 5; i++) for (const client of [b, a]) await client.query('SELECT 1')
      assert.equal((await questions()) - before, 10)
    } finally {
      gateway.gateway.pool.limits = limits
      await a.close()
      await b.close()
    }
  })

  /** Of the connections of the shared user. */
  async function questions(): Promise<number> {
    const sql = `SELECT SUM(variable_value) AS n FROM performance_schema.status_by_thread
      JOIN performance_schema.threads USING (thread_id) WHERE variable_name = 'Questions' AND processlist_user = 'shared'`
    const { rows } = await root.query<{ n: number }>(sql)
    return Number(rows[0]?.n)
  }

  test('a login is repeated by what was kept of its proof, for as long as the session lasts', async () => {
    const [a, b] = [await through('own', 'pw'), await through('own', 'pw')]
    try {
      await a.query('BEGIN')
      // The only other link is gone, and a new one has to be opened in the middle of the session.
      await b.query("SET sql_mode='ANSI'")
      const { pair } = gateway.gateway.passages.get(b.connectionId) ?? {}
      await root.query(`KILL ${pair?.link?.connectionId}`)
      const { rows } = await b.query<{ who: string; mode: string }>('SELECT CURRENT_USER() AS who, @@sql_mode AS mode')
      assert.equal(rows[0]?.who, 'own@%')
      assert.match(rows[0]?.mode ?? '', /ANSI/)
      await a.query('COMMIT')
    } finally {
      await a.close()
      await b.close()
    }
  })
}

function statementsOf({ product }: ServerKind): string[] {
  const statements = [
    'CREATE DATABASE one',
    'CREATE DATABASE two',
    `CREATE USER '${watcher.user}'@'%' IDENTIFIED BY '${watcher.password}'`,
    "CREATE USER 'shared'@'%' IDENTIFIED BY 'behind'",
    "CREATE USER 'own'@'%' IDENTIFIED BY 'pw'",
    ...['shared', 'own'].flatMap((user) => ['one', 'two'].map((name) => `GRANT ALL ON ${name}.* TO '${user}'@'%'`)),
  ]
  for (let number = 0; number < sessions; number++) {
    for (const whose of ['s', 'o'])
      statements.push(`CREATE TABLE one.t${number}${whose} (a INT AUTO_INCREMENT PRIMARY KEY, b INT)`)
  }
  return [...statements, ...accountViewStatements(product, { gateway: { user: watcher.user, host: '%' } })]
}

function stepsFor({ product }: ServerKind): string[] {
  const isolation = product === 'MySQL' ? '@@transaction_isolation' : '@@tx_isolation'
  return [
    ...["SET sql_mode='ANSI'", "SET sql_mode=''", 'SET sql_mode=DEFAULT', 'SELECT @@sql_mode AS x'],
    ...['SET NAMES latin1', 'SET NAMES utf8mb4 COLLATE utf8mb4_bin', 'SET NAMES DEFAULT', 'SET CHARACTER SET latin1'],
    ...['SET collation_connection=latin1_german1_ci', 'SET character_set_results=NULL'],
    'SELECT @@character_set_client, @@character_set_results, @@character_set_connection, @@collation_connection',
    ...[
      'USE one',
      'USE two',
      'SELECT DATABASE() AS x',
      'SET @a = 5',
      'SELECT @a AS x',
      'SELECT @a := 7 AS x',
      'SELECT 3 INTO @a',
    ],
    ...['BEGIN', 'COMMIT', 'ROLLBACK', 'SET autocommit=0', 'SET autocommit=1', 'SELECT @@autocommit AS x'],
    ...[
      'INSERT INTO one.t# (b) VALUES (1);SELECT LAST_INSERT_ID()',
      'SELECT COUNT(*) AS x FROM one.t#',
      'DELETE FROM one.t#',
    ],
    ...['CREATE TEMPORARY TABLE one.u# (a INT)', 'SELECT COUNT(*) AS x FROM one.u#', 'DROP TEMPORARY TABLE one.u#'],
    ...['SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED'],
    `SELECT ${isolation} AS x`,
    ...["PREPARE s FROM 'SELECT 4 AS x'", 'EXECUTE s', 'DEALLOCATE PREPARE s', 'statement', 'reset'],
    ...[
      "SELECT GET_LOCK('l#', 0) AS x",
      "SELECT IS_USED_LOCK('l#') = CONNECTION_ID() AS x",
      "SELECT RELEASE_LOCK('l#') AS x",
    ],
    ...[
      'LOCK TABLES one.t# WRITE',
      'UNLOCK TABLES',
      'HANDLER one.t# OPEN',
      'HANDLER one.t# READ FIRST',
      'HANDLER one.t# CLOSE',
    ],
    ...[
      "SET time_zone='+03:00'",
      'SELECT @@time_zone AS x',
      "SET lc_time_names='de_DE'",
      "SELECT DATE_FORMAT('2020-01-01', '%M') AS x",
    ],
    ...[
      'SET group_concat_max_len=77, sql_select_limit=100',
      'SELECT @@group_concat_max_len AS x, @@sql_select_limit AS y',
    ],
    ...['SET timestamp=1000000', 'SELECT UNIX_TIMESTAMP() < 2000000 AS x'],
    ...['SELECT nothing;SHOW WARNINGS', "SELECT CAST('x' AS SIGNED) AS x;SHOW WARNINGS"],
    ...[
      'SELECT LAST_INSERT_ID(4);SELECT LAST_INSERT_ID()',
      'SELECT SQL_CALC_FOUND_ROWS b FROM one.t# LIMIT 1;SELECT FOUND_ROWS()',
    ],
  ]
}
