/**
 * Takes two servers through the same logins and says where they end differently.
 */
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import type { Login, Step } from './logins.ts'
import type { RunningServer } from './servers.ts'

export interface StepDifference {
  readonly step: string
  readonly first: string
  readonly second: string
}

/** Differences where there should be none, and steps that say there is one where there is none. */
export async function compareScenario(
  steps: readonly Step[],
  servers: readonly [RunningServer, RunningServer],
): Promise<StepDifference[]> {
  const [first, second] = await Promise.all(servers.map((server) => outcomes(steps, server)))
  return steps.flatMap((step, i) => {
    const [a, b] = [first?.[i] ?? '', second?.[i] ?? '']
    const purpose = typeof step === 'string' ? undefined : step.differs
    return (a === b) === (purpose === undefined) ? [] : [{ step: `${i}: ${JSON.stringify(step)}`, first: a, second: b }]
  })
}

/** Makes the accounts, takes the steps, drops the accounts. */
async function outcomes(steps: readonly Step[], server: RunningServer): Promise<string[]> {
  const root = await connect(server, { user: 'root', password: server.rootPassword })
  const open: Connection[] = []
  const result: string[] = []
  for (const step of steps) {
    if (typeof step === 'string') result.push(await attempt(() => run(root, step)))
    else result.push(await attempt(() => login(server, step, open)))
  }
  for (const connection of open) connection.destroy()
  const [made] = await root.query<RowDataPacket[]>(
    "SELECT user FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND user <> 'root'",
  )
  if (made.length > 0) await root.query(`DROP USER ${made.map(({ user }) => root.escape(user)).join()}`)
  root.destroy()
  return result
}

async function login(server: RunningServer, login: Login, open: Connection[]): Promise<string> {
  const { user, password, database, sql = 'SELECT CURRENT_USER()', byChangeUser } = login
  const who = { user, password, ...(database !== undefined && { database }) }
  const from = byChangeUser ? { user: 'root', password: server.rootPassword } : who
  const connection = await connect(server, from, login.plaintext)
  try {
    if (byChangeUser) await connection.changeUser(who)
    return await run(connection, sql)
  } finally {
    if (login.stays) open.push(connection)
    // The server must have noticed before the next login counts connections.
    else await connection.end().catch(() => connection.destroy())
  }
}

function connect(
  { host, port, socket }: RunningServer,
  who: { user: string; password: string },
  plaintext?: true,
): Promise<Connection> {
  return createConnection({ ...(plaintext ? { host, port } : { socketPath: socket }), ...who })
}

async function run(connection: Connection, sql: string): Promise<string> {
  const [rows] = await connection.query({ sql, rowsAsArray: true })
  return Array.isArray(rows) ? JSON.stringify(rows) : `OK ${(rows as ResultSetHeader).warningStatus}`
}

async function attempt(what: () => Promise<string>): Promise<string> {
  try {
    return await what()
  } catch (error) {
    const { errno, sqlState, message } = error as Error & { errno?: number; sqlState?: string }
    return `${errno} (${sqlState}) ${message}`
  }
}
