/** The servers that the clients are measured against: MySQL and MariaDB, each with one account and one large table. */
import { createConnection } from 'mysql2/promise'
import { installed, type Peer } from '../../test/peers/install.ts'
import { type RunningServer, startMariadbd, startMysqld } from '../../test/peers/servers.ts'
import type { Access } from './drivers.ts'

export interface BenchServer {
  /** As tables name it. */
  readonly name: 'MySQL' | 'MariaDB'
  readonly version: string
  /** The plugin of its account. */
  readonly plugin: string
  readonly access: Access
  stop(): Promise<void>
}

/** All columns of all rows of the large table. */
export const selectRows = 'SELECT * FROM bench.large'

const user = 'bench'
const password = 'pw-bench'

/** Starts those that the machine has. `rows` is a power of ten. */
export async function startServers(peers: readonly Peer[], rows: number): Promise<BenchServer[]> {
  const mysqld = installed(peers, 'mysqld')
  const mariadbd = installed(peers, 'mariadbd')
  const settings = ['--max_connections=1000', '--max_connect_errors=1000000000', '--skip_name_resolve=ON']
  const starting = [
    mysqld &&
      startMysqld(peers, mysqld, settings).then((server) => filled('MySQL', 'caching_sha2_password', server, rows)),
    mariadbd &&
      startMariadbd(peers, mariadbd, settings).then((server) =>
        filled('MariaDB', 'mysql_native_password', server, rows),
      ),
  ]
  return (await Promise.all(starting)).filter((server) => server !== undefined)
}

async function filled(
  name: BenchServer['name'],
  plugin: string,
  server: RunningServer,
  rows: number,
): Promise<BenchServer> {
  const root = await createConnection({ socketPath: server.socket, user: 'root', password: server.rootPassword })
  await root.query(`CREATE USER ${user}@'%' IDENTIFIED BY '${password}'`)
  await root.query('CREATE DATABASE bench')
  await root.query(`GRANT SELECT ON bench.* TO ${user}@'%'`)
  await root.query('USE bench')
  await root.query(table)
  await root.query(fill(Math.log10(rows)))
  await root.end()
  // mysqld remembers the account from its first login: from then on, authentication is fast.
  await (await createConnection({ socketPath: server.socket, user, password })).end()
  const { version, port } = server
  return { name, version, plugin, access: { port, user, password }, stop: () => server.stop() }
}

const table = `CREATE TABLE bench.large (
  id INT NOT NULL PRIMARY KEY,
  big BIGINT NOT NULL,
  name VARCHAR(40) NOT NULL,
  price DECIMAL(12,2) NOT NULL,
  created DATETIME NOT NULL,
  remark VARCHAR(40)
) CHARACTER SET utf8mb4`

/** Every number of so many digits once. The large numbers are below 2^53: two of the clients would round others. */
function fill(digitCount: number): string {
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ')
  const places = Array.from({ length: digitCount }, (_, i) => i)
  const n = places.map((i) => `d${i}.d * ${10 ** i}`).join(' + ')
  return `INSERT INTO bench.large
    WITH digits AS (${digits}), numbers AS (SELECT ${n} AS n FROM ${places.map((i) => `digits d${i}`).join(', ')})
    SELECT n, n * 1234567891, LEFT(CONCAT('Name ', SHA2(n, 256)), 20 + n % 21), n * 1.37,
      DATE_ADD('2020-01-01', INTERVAL n * 97 SECOND), IF(n % 3 = 0, NULL, CONCAT('remark of row ', n))
    FROM numbers`
}
