/**
 * The npm clients behind one face: connect, ask, leave; and errors in one form. What differs from driver to driver ends
 * here, so that tests can say what a server must do and not how a driver is called.
 */
import { createRequire } from 'node:module'
import mariadb from 'mariadb'
import mysql2, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'

export const clientNames = ['mysql2', 'mariadb', 'mysql'] as const
export type ClientName = (typeof clientNames)[number]

export interface ClientOptions {
  readonly port?: number
  /** A unix socket instead of a port. */
  readonly socketPath?: string
  readonly user: string
  readonly password?: string
  readonly database?: string
  /** The server's certificate authority, and a certificate of the client's own, in PEM. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string }
  readonly compress?: boolean
  readonly multipleStatements?: boolean
  readonly attributes?: Readonly<Record<string, string>>
  readonly charset?: string
}

type Rows = Record<string, unknown>[]
export interface Outcome {
  readonly affectedRows: number
  readonly insertId: number
  readonly warnings: number
}
/** Rows, an outcome, or one of either for each of several statements. */
export type Answer = Rows | Outcome | readonly (Rows | Outcome)[]

export interface Client {
  readonly id: number
  /** By the text protocol. */
  query(sql: string): Promise<Answer>
  /** By the binary protocol. npm mysql does not have it. */
  execute(sql: string, values: readonly unknown[]): Promise<Answer>
  ping(): Promise<void>
  changeUser(to: { user: string; password?: string; database?: string }): Promise<void>
  /** COM_RESET_CONNECTION. npm mysql does not have it. */
  reset(): Promise<void>
  /** Says COM_QUIT. */
  end(): Promise<void>
  /** Leaves without COM_QUIT. */
  destroy(): void
}

/** An error as all drivers have it. */
export interface ClientError {
  readonly errno: number | undefined
  readonly sqlState: string | undefined
  readonly message: string
}

export function connect(name: ClientName, options: ClientOptions): Promise<Client> {
  if (name === 'mysql2') return connectMysql2(options)
  return name === 'mariadb' ? connectMariadb(options) : connectMysql(options)
}

/** What comes of a login: the answer to a statement, or the error. */
export async function attempt(name: ClientName, options: ClientOptions): Promise<{ who: unknown } | ClientError> {
  try {
    const client = await connect(name, options)
    const rows = (await client.query('SELECT CURRENT_USER()')) as Rows
    await client.end()
    return { who: rows[0]?.who }
  } catch (error) {
    return normalised(error)
  }
}

export function normalised(error: unknown): ClientError {
  const { errno, sqlState, sqlMessage, message } = error as Partial<Record<string, unknown>> & { message: string }
  return {
    errno: typeof errno === 'number' && errno > 0 ? errno : undefined,
    sqlState: typeof sqlState === 'string' && sqlState !== '' ? sqlState : undefined,
    message: typeof sqlMessage === 'string' ? sqlMessage : message,
  }
}

/** Asserts on the rejection of a promise: the error in one form. */
export async function errorOf(promise: Promise<unknown>): Promise<ClientError> {
  return promise.then(
    () => {
      throw new Error('no error came')
    },
    (error: unknown) => normalised(error),
  )
}

async function connectMysql2(options: ClientOptions): Promise<Client> {
  const { port, socketPath, user, password, database, tls, compress, multipleStatements, attributes, charset } = options
  const connection = await mysql2.createConnection({
    ...(socketPath === undefined ? { host: '127.0.0.1', port: port ?? 0 } : { socketPath }),
    user,
    enableCleartextPlugin: true,
    supportBigNumbers: true,
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(tls !== undefined && { ssl: tls }),
    ...(compress !== undefined && { compress }),
    ...(multipleStatements !== undefined && { multipleStatements }),
    ...(attributes !== undefined && { connectAttributes: attributes }),
    ...(charset !== undefined && { charset }),
  })
  // Without a listener, an error of an idle connection would end the test process.
  connection.on('error', () => {})
  const answer = (result: unknown): Answer => {
    if (!Array.isArray(result)) return outcome(result as ResultSetHeader)
    return result.map((one) =>
      Array.isArray(one) ? plain(one) : 'affectedRows' in one ? outcome(one) : { ...one },
    ) as Answer
  }
  return {
    id: connection.threadId,
    query: async (sql) => answer((await connection.query<RowDataPacket[]>(sql))[0]),
    execute: async (sql, values) => answer((await connection.execute<RowDataPacket[]>(sql, values as never))[0]),
    ping: () => connection.ping(),
    changeUser: (to) => connection.changeUser(to),
    reset: () => connection.reset(),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  }
}

async function connectMariadb(options: ClientOptions): Promise<Client> {
  const { port, socketPath, user, password, database, tls, compress, multipleStatements, attributes, charset } = options
  const connection = await mariadb.createConnection({
    ...(socketPath === undefined ? { host: '127.0.0.1', port: port ?? 0 } : { socketPath }),
    user,
    allowPublicKeyRetrieval: true,
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(tls !== undefined && { ssl: tls }),
    ...(compress !== undefined && { compress }),
    ...(multipleStatements !== undefined && { multipleStatements }),
    ...(attributes !== undefined && { connectAttributes: attributes }),
    ...(charset !== undefined && { charset }),
  })
  connection.on('error', () => {})
  const answer = (result: unknown): Answer => {
    if (!Array.isArray(result)) return mariadbOutcome(result)
    return result.map((one) =>
      Array.isArray(one) ? plain(one) : 'affectedRows' in one ? mariadbOutcome(one) : { ...one },
    ) as Answer
  }
  return {
    id: connection.threadId ?? 0,
    query: async (sql) => answer(await connection.query(sql)),
    execute: async (sql, values) => answer(await connection.execute(sql, values as never)),
    ping: () => connection.ping(),
    changeUser: (to) => connection.changeUser(to),
    reset: () => connection.reset(),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  }
}

/** As much of npm mysql as is used here; it has no types of its own. */
interface MysqlConnection {
  readonly threadId: number
  connect(done: Done): void
  query(sql: string, done: Done): void
  ping(done: Done): void
  changeUser(to: object, done: Done): void
  end(done: Done): void
  destroy(): void
  on(event: 'error', listener: () => void): void
}
type Done = (error: Error | null, result?: unknown) => void

const mysql = createRequire(import.meta.url)('mysql') as { createConnection(options: object): MysqlConnection }

async function connectMysql(options: ClientOptions): Promise<Client> {
  const { port, socketPath, user, password, database, tls, multipleStatements, charset } = options
  const connection = mysql.createConnection({
    ...(socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath }),
    user,
    password,
    database,
    multipleStatements,
    charset,
    ssl: tls,
    supportBigNumbers: true,
  })
  connection.on('error', () => {})
  const call = (run: (done: Done) => void) =>
    new Promise<unknown>((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result))))
  await call((done) => connection.connect(done))
  const answer = (result: unknown): Answer => {
    if (!Array.isArray(result)) return mysqlOutcome(result)
    return result.map((one) =>
      Array.isArray(one) ? plain(one) : 'affectedRows' in one ? mysqlOutcome(one) : { ...one },
    ) as Answer
  }
  return {
    id: connection.threadId,
    query: async (sql) => answer(await call((done) => connection.query(sql, done))),
    execute: () => Promise.reject(new Error('npm mysql has no binary protocol')),
    ping: async () => void (await call((done) => connection.ping(done))),
    changeUser: async (to) => void (await call((done) => connection.changeUser(to, done))),
    reset: () => Promise.reject(new Error('npm mysql has no COM_RESET_CONNECTION')),
    end: async () => void (await call((done) => connection.end(done))),
    destroy: () => connection.destroy(),
  }
}

function plain(rows: readonly object[]): Rows {
  return rows.map((row) => ({ ...row }))
}

function outcome({ affectedRows, insertId, warningStatus }: ResultSetHeader): Outcome {
  return { affectedRows, insertId, warnings: warningStatus }
}

function mariadbOutcome(result: unknown): Outcome {
  const { affectedRows, insertId, warningStatus } = result as Record<string, unknown>
  return { affectedRows: Number(affectedRows), insertId: Number(insertId), warnings: Number(warningStatus) }
}

function mysqlOutcome(result: unknown): Outcome {
  const { affectedRows, insertId, warningCount } = result as Record<string, number>
  return { affectedRows: affectedRows ?? 0, insertId: insertId ?? 0, warnings: warningCount ?? 0 }
}
