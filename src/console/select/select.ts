/**
 * Answers a SELECT: translates it, takes a snapshot of the tables that it names, has it run, and gives the result MySQL's
 * types.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { serverError } from '../../errors/errors.ts'
import type { Column, Row, RowsResult } from '../../server/query.ts'
import type { ConsoleContext } from '../context.ts'
import { sourceOf, type Token } from '../sql/lexer.ts'
import { findTable } from '../tables/index.ts'
import { type Viewer, type VirtualTable, wireColumn } from '../tables/table.ts'
import { knownType } from './column-type.ts'
import { mysqlError } from './errors.ts'
import type { ResultColumn, TableSnapshot } from './runner.ts'
import { surroundingsOf } from './surroundings.ts'
import { translate } from './translate.ts'
import { sqlValue } from './values.ts'

/** Milliseconds. All sessions share one process, so max_execution_time can only make it less. */
const longestMs = 5000
const maxRows = 100_000
const maxSize = 16 << 20
const longestSleepMs = 86_400_000

/**
 * Runs the tokens of a SELECT, or of WITH ... SELECT. `derived` is a table that only this statement has.
 *
 * Throws: MySQL's errors; 1105 for a result of more than 100,000 rows or 16 MiB.
 */
export async function select(
  context: ConsoleContext,
  sql: string,
  tokens: readonly Token[],
  derived?: VirtualTable,
): Promise<RowsResult> {
  const { session } = context
  const around = surroundingsOf(context)
  const table = derived === undefined ? around.table : () => derived
  const translation = translate(sql, tokens, { ...around, table })
  const ownLimitMs = session.settings.get('max_execution_time')
  if (translation.sleeps.length > 0) {
    const alone = tokens.length === 5 && tokens[1]?.word === 'SLEEP'
    const interrupted = await sleep(context, translation.sleeps, ownLimitMs || longestSleepMs)
    if (interrupted !== undefined && !alone) throw interrupted
    if (interrupted !== undefined) {
      return { columns: [{ name: sourceOf(sql, tokens.slice(1)), type: 'LONGLONG' }], rows: [[1]] }
    }
  }
  const reply = await context.engine.run(
    {
      pieces: translation.pieces.map(({ text }) => text),
      parameters: translation.parameters,
      tables: translation.tables.map((one) => snapshot(one, context)),
      maxRows,
      maxSize,
    },
    Math.min(longestMs, ownLimitMs || longestMs),
    session.signal,
  )
  if (reply.is === 'refused') throw mysqlError(sql, reply.message, reply.piece, translation)
  if (reply.is === 'too-large') {
    const limit = reply.what === 'rows' ? `${maxRows} rows` : `${maxSize} bytes`
    throw serverError('ER_UNKNOWN_ERROR', `The result has more than ${limit}; add a LIMIT`)
  }
  const { rows } = reply
  const written = translation.columns
  const isOneForOne = written.length === reply.columns.length && written.every((column) => column.at(-1)?.word !== '*')
  const columns = reply.columns.map((column, i) => {
    const known = isOneForOne ? knownType(written[i] ?? []) : undefined
    return known === undefined
      ? resultColumn(column, rows, i, context.tables, derived)
      : { name: column.name, ...known }
  })
  return { columns, rows }
}

/** SLEEP() sleeps before the statement runs. Returns the error of an interruption, for who wants to throw it. */
async function sleep(
  { session }: ConsoleContext,
  seconds: readonly number[],
  limitMs: number,
): Promise<Error | undefined> {
  const wantedMs = seconds.reduce((sum, one) => sum + one, 0) * 1000
  session.record.state = 'User sleep'
  try {
    await delay(Math.min(wantedMs, limitMs), undefined, { signal: session.signal })
  } catch {
    return serverError('ER_QUERY_INTERRUPTED')
  } finally {
    session.record.state = 'executing'
  }
  return wantedMs > limitMs ? serverError('ER_QUERY_TIMEOUT') : undefined
}

function snapshot(table: VirtualTable, viewer: Viewer): TableSnapshot {
  return {
    schema: table.schema,
    name: table.name,
    columns: table.columns.map(({ name, type }) => ({ name, affinity: affinityOf(type) })),
    rows: table.rows(viewer).map((row) => row.map(sqlValue)),
  }
}

function affinityOf(type: string): 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' {
  if (/int\b/.test(type)) return 'INTEGER'
  if (/^(?:double|float|decimal)/.test(type)) return 'REAL'
  return /^(?:\w*blob|varbinary)/.test(type) ? 'BLOB' : 'TEXT'
}

/** A column of a table has its type; for all others the values say it. */
function resultColumn(
  result: ResultColumn,
  rows: readonly Row[],
  i: number,
  tables: readonly VirtualTable[],
  derived: VirtualTable | undefined,
): Column {
  const table = derived ?? findTable(tables, result.schema ?? '', result.table ?? '')
  const origin = table?.columns.find(({ name }) => name === result.column)
  if (table === undefined || origin === undefined) return { name: result.name, type: inferredType(rows, i) }
  // A view of information_schema names its columns itself, however they were asked for.
  const isView = table.schema === 'information_schema' && table.name !== 'PROCESSLIST'
  const isOwnName = result.name.toLowerCase() === origin.name.toLowerCase()
  return { ...wireColumn(origin, table), name: isView && isOwnName ? origin.name : result.name }
}

function inferredType(rows: readonly Row[], i: number): 'LONGLONG' | 'DOUBLE' | 'BLOB' | 'VAR_STRING' {
  let type: 'LONGLONG' | 'DOUBLE' | 'BLOB' | undefined
  for (const row of rows) {
    const value = row[i]
    if (value === null || value === undefined) continue
    if (typeof value === 'string') return 'VAR_STRING'
    const own = value instanceof Uint8Array ? 'BLOB' : typeof value === 'number' ? 'DOUBLE' : 'LONGLONG'
    if (type === undefined || (type === 'LONGLONG' && own === 'DOUBLE')) type = own
  }
  return type ?? 'VAR_STRING'
}
