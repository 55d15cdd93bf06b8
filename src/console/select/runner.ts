/**
 * The process in which SELECTs run: however slow one is, the event loop of the logins does not wait for it. A process and
 * not just a thread, because nothing ends a thread that is inside SQLite, not even the end of its process.
 *
 * Each statement gets databases of its own, in memory, with the tables that it names; nothing is left of it afterwards.
 */
import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { registerFunctions, type SqlValue } from './functions.ts'

export interface SelectRequest {
  /** The statement in SQLite's SQL, token by token. */
  readonly pieces: readonly string[]
  readonly parameters: readonly SqlValue[]
  readonly tables: readonly TableSnapshot[]
  readonly maxRows: number
  /** Bytes, roughly. */
  readonly maxSize: number
}

export interface TableSnapshot {
  readonly schema: string
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly affinity: 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' }[]
  readonly rows: readonly (readonly SqlValue[])[]
}

export type SelectReply =
  | { readonly is: 'rows'; readonly columns: readonly ResultColumn[]; readonly rows: readonly (readonly SqlValue[])[] }
  | { readonly is: 'too-large'; readonly what: 'rows' | 'bytes' }
  /** SQLite's own text. `piece` is the index of the token that is wrong, where that is known; after the last: the end. */
  | { readonly is: 'refused'; readonly message: string; readonly piece: number | undefined }

export interface ResultColumn {
  readonly name: string
  readonly schema: string | null
  readonly table: string | null
  readonly column: string | null
}

/** Bytes of one value; SQLite's own limit is 1 GB, which a few nested functions reach. */
const longestValue = 16 << 20

if (isMainThread) supervise()
else parentPort?.on('message', (request: SelectRequest) => parentPort?.postMessage(run(request)))

/** The main thread stays free, so that this process notices the end of the server and ends itself. */
function supervise(): void {
  const worker = new Worker(new URL(import.meta.url), { execArgv: [] })
  process.on('message', (request: SelectRequest) => worker.postMessage(request))
  worker.on('message', (reply: SelectReply) => process.send?.(reply))
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // A terminal sends it to all processes of the group; when this one ends is the server's to say.
  process.on('SIGINT', () => {})
}

function run(request: SelectRequest): SelectReply {
  const database = open(request.tables)
  try {
    const statement = database.prepare(request.pieces.join(' '))
    statement.setReadBigInts(true)
    const columns = statement
      .columns()
      .map(({ name, database: schema, table, column }) => ({ name, schema, table, column }))
    const rows: SqlValue[][] = []
    let size = 0
    statement.setReturnArrays(true)
    // By name, `?1`: Node 22 gives values by position to plain `?` only.
    const parameters = Object.fromEntries(request.parameters.map((value, i) => [`?${i + 1}`, value]))
    for (const row of statement.iterate(parameters) as Iterable<unknown> as Iterable<SqlValue[]>) {
      if (rows.length === request.maxRows) return { is: 'too-large', what: 'rows' }
      for (const value of row) size += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
      if (size > request.maxSize) return { is: 'too-large', what: 'bytes' }
      rows.push(row)
    }
    return { is: 'rows', columns, rows }
  } catch (error) {
    const { message } = error as Error
    return { is: 'refused', message, piece: isSyntaxError(message) ? wrongPiece(database, request.pieces) : undefined }
  } finally {
    database.close()
  }
}

function open(tables: readonly TableSnapshot[]): DatabaseSync {
  // Older versions of Node know no limits and ignore the option.
  const options = { limits: { length: longestValue, attach: 10 } } as ConstructorParameters<typeof DatabaseSync>[1]
  const database = new DatabaseSync(':memory:', options)
  database.exec('PRAGMA temp_store = MEMORY')
  registerFunctions(database)
  for (const schema of new Set(tables.map((table) => table.schema))) database.exec(`ATTACH ':memory:' AS "${schema}"`)
  for (const { schema, name, columns, rows } of tables) {
    const definitions = columns.map((column) => `"${column.name}" ${column.affinity} COLLATE NOCASE`)
    database.exec(`CREATE TABLE "${schema}"."${name}" (${definitions.join(', ')})`)
    const insert = database.prepare(`INSERT INTO "${schema}"."${name}" VALUES (${columns.map(() => '?').join(', ')})`)
    for (const row of rows) insert.run(...row)
  }
  return database
}

function isSyntaxError(message: string): boolean {
  return (
    message.includes('syntax error') || message.includes('incomplete input') || message.includes('unrecognized token')
  )
}

/** The parser stops at the first token that is wrong, so the shortest beginning with a syntax error ends with it. */
function wrongPiece(database: DatabaseSync, pieces: readonly string[]): number {
  let right = 0
  let wrong = pieces.length
  while (right < wrong) {
    const middle = (right + wrong) >> 1
    if (hasSyntaxError(database, pieces.slice(0, middle + 1).join(' '))) wrong = middle
    else right = middle + 1
  }
  return wrong
}

function hasSyntaxError(database: DatabaseSync, sql: string): boolean {
  try {
    database.prepare(sql)
    return false
  } catch (error) {
    const { message } = error as Error
    return isSyntaxError(message) && !message.includes('incomplete input')
  }
}
