/** The one MySQL server behind all proxies: an account for each way to authenticate, and 64 MiB to read. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { installed, type Peer } from '../../test/peers/install.ts'
import { type RunningServer, startMysqld } from '../../test/peers/servers.ts'

/** The accounts, by how the gateway authenticates them. To everybody else they are alike. */
export const users = { relay: 'relayed', own: 'owned', pooled: 'pooled' } as const

export const password = 'pw-bench'

/** A result of `resultMiB`, in rows of 1 KiB. */
export const selectResult = 'SELECT filling FROM bench.large'
export const resultMiB = 64

export interface Backend {
  readonly server: RunningServer
  /** PEM of the certificate and key that it made for itself: RSA, 2048 bits, as MySQL Router's bootstrap makes too. */
  readonly rsa: { readonly cert: string; readonly key: string }
}

/**
 * Starts it, with room for `pairs` connections. It knows all passwords: authentication at the server itself is fast.
 *
 * Throws: where the machine has no mysqld.
 */
export async function startBackend(peers: readonly Peer[], pairs: number): Promise<Backend> {
  const mysqld = installed(peers, 'mysqld')
  if (!mysqld) throw new Error('MISSING: mysqld, the backend of all proxies')
  const limits = [`--max_connections=${pairs + 500}`, '--max_connect_errors=1000000000', '--back_log=4096']
  // Without a quarter of a megabyte that each connection would take there.
  const server = await startMysqld(peers, mysqld, [...limits, '--performance_schema=OFF', '--skip_name_resolve=ON'])
  try {
    await fill(server)
    const [cert = '', key = ''] = await Promise.all(
      ['cert', 'key'].map((what) => readFile(`${dirname(server.socket)}/data/server-${what}.pem`, 'utf8')),
    )
    return { server, rsa: { cert, key } }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function fill({ socket: socketPath }: RunningServer): Promise<void> {
  const root = await createConnection({ socketPath, user: 'root' })
  for (const user of Object.values(users)) {
    await root.query(`CREATE USER ${user}@'%' IDENTIFIED WITH caching_sha2_password BY '${password}'`)
    await root.query(`GRANT SELECT ON *.* TO ${user}@'%'`)
    await (await createConnection({ socketPath, user, password })).end()
  }
  const rows = resultMiB * 1024
  await root.query(`SET SESSION cte_max_recursion_depth = ${rows}`)
  await root.query('CREATE DATABASE bench')
  await root.query('CREATE TABLE bench.large (filling VARCHAR(1017) CHARACTER SET ascii NOT NULL)')
  await root.query(`INSERT INTO bench.large
    WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows})
    SELECT REPEAT('x', 1017) FROM numbers`)
  await root.end()
}
