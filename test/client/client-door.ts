/** The door that our own client is proven against: the answers of the interop tests, and what only our client asks. */
import { randomBytes } from 'node:crypto'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import type { OnQuery, Row } from '../../src/server/query.ts'
import { answers } from '../interop/answers.ts'
import { openDoor, type TestDoor, until } from '../support/door.ts'

export interface ClientDoor extends TestDoor {
  /** The texts of all statements so far, oldest first. */
  readonly statements: string[]
  /** Logs in as `app`, without TLS. */
  connect(options?: ConnectOptions): Promise<Connection>
  /** What a caller would write. */
  readonly options: ConnectOptions
}

export async function openClientDoor(settings: Readonly<Record<string, string | number>> = {}): Promise<ClientDoor> {
  const everywhere = new Map([['%', new Set(['SELECT'] as const)]])
  const account = { plugin: 'caching_sha2_password', databases: everywhere }
  const statements: string[] = []
  const server = await openDoor({
    accounts: [
      { ...account, user: 'app', password: 'pw-app' },
      { ...account, user: 'other', plugin: 'mysql_native_password', password: 'pw-other' },
    ],
    databases: ['app', 'shop'],
    settings,
    handler: (door) => (sql, session, parameters) => {
      statements.push(sql)
      const [, scope, id] = /^KILL (QUERY|CONNECTION) (\d+)$/.exec(sql) ?? []
      if (id !== undefined) {
        door.registry.live.get(Number(id))?.kill(scope === 'QUERY' ? 'query' : 'connection')
        return {}
      }
      const [word = '', argument = ''] = sql.split(' ')
      if (word === 'begin' || word === 'commit') {
        ;(session as { inTransaction: boolean }).inTransaction = word === 'begin'
        return {}
      }
      if (word === 'noise') return { columns: [{ name: 'noise', type: 'BLOB' }], rows: noise(Number(argument)) }
      if (word === 'flood')
        return { columns: [{ name: 'n', type: 'LONGLONG' }, { name: 'text' }], rows: flood(session.signal) }
      if (word === 'ends') return whenAborted(session.signal)
      return answers(sql, session, parameters)
    },
  })
  const options = { host: '127.0.0.1', port: server.port, user: 'app', password: 'pw-app' } as const
  const tls = { mode: 'DISABLED', getServerPublicKey: true } as const
  return Object.assign(server, {
    statements,
    options,
    connect: (more: ConnectOptions = {}) =>
      connect({ ...options, tls: { mode: tls.mode }, getServerPublicKey: true, ...more }),
  })
}

/** Uses a connection, and lets it leave whatever happens. */
export async function withConnection(
  server: ClientDoor,
  options: ConnectOptions,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await server.connect(options)
  try {
    await use(connection)
  } catch (error) {
    connection.destroy()
    throw error
  }
  await connection.close()
}

/** Resolves when the server runs a statement of this connection. */
export function running(server: TestDoor, connection: Connection): Promise<void> {
  const { connectionId } = connection
  const command = () => server.door.registry.live.get(connectionId)?.command
  return until(() => command() === 'Query' || command() === 'Execute', 'the statement runs')
}

/** Bytes that do not compress. */
function* noise(length: number): Generator<Row> {
  yield [randomBytes(length)]
}

/** How many rows of `flood` were asked for, and whether it has ended. */
export const flooded = { rows: 0, ended: false }

const filling = '.'.repeat(256)

/** A million rows, unless it is killed. */
function* flood(signal: AbortSignal): Generator<Row> {
  Object.assign(flooded, { rows: 0, ended: false })
  try {
    while (flooded.rows < 1_000_000) {
      signal.throwIfAborted()
      yield [++flooded.rows, filling]
    }
  } finally {
    flooded.ended = true
  }
}

/** An outcome, but only after KILL QUERY. */
function whenAborted(signal: AbortSignal): ReturnType<OnQuery> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ info: 'killed' })))
}
