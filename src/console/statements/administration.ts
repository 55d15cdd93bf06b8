/**
 * USE, KILL, FLUSH, TRUNCATE, DO, and the statements of transactions, which there are none of here.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/other-administrative-statements.html
 */
import { serverError } from '../../errors/errors.ts'
import { flush as flushDoor, toBeKilled } from '../../server/administration.ts'
import { consoleDatabases } from '../../server/databases.ts'
import type { OkResult, Value, Warning } from '../../server/query.ts'
import type { ConsoleContext, StatementHandler } from '../context.ts'
import { select } from '../select/select.ts'
import type { Cursor } from '../sql/cursor.ts'
import { lex } from '../sql/lexer.ts'
import { tableDenied } from '../tables/visible.ts'
import { refuseWrite } from './refused.ts'

export const use: StatementHandler = ({ home, session }, cursor) => {
  const name = cursor.name()
  cursor.end()
  const refusal = home.databases.judge(name, session.account)
  if (refusal !== undefined) throw refusal.error
  const lower = name.toLowerCase()
  session.database = consoleDatabases.find((database) => database === lower) ?? name
  return {}
}

/** KILL [CONNECTION | QUERY] id. Throws: 1105 when a backend could not be told to end a statement. */
export async function kill(context: ConsoleContext, cursor: Cursor): Promise<OkResult> {
  const what = cursor.skipOne('CONNECTION', 'QUERY') === 'QUERY' ? 'query' : 'connection'
  if (cursor.isAtEnd) throw cursor.error()
  const { rows } = await select(context, cursor.sql, [...lex('SELECT'), ...cursor.rest])
  for await (const [value] of rows) await killOne(context, threadId(value), what)
  return {}
}

/** The statement of a gateway's client runs at a backend, which has to be asked. */
async function killOne({ home, session, gateway }: ConsoleContext, id: number, what: 'connection' | 'query') {
  const record = toBeKilled(home, session, id)
  const asked = what === 'query' ? gateway?.killQuery(id) : undefined
  if (asked === undefined) return record.kill(what)
  if (await asked) return
  throw serverError('ER_UNKNOWN_ERROR', 'The backend could not be told; the log of the gateway says why')
}

/** MySQL reads an unsigned number and keeps 32 bits of it; what is no number is 0. */
function threadId(value: Value | undefined): number {
  const text = typeof value === 'number' ? Math.round(value).toFixed() : String(value ?? '')
  const [digits = '0'] = /^-?\d{1,20}/.exec(text) ?? []
  const id = BigInt(digits)
  const largest = (1n << 64n) - 1n
  return Number(BigInt.asUintN(32, id > largest ? largest : id))
}

/**
 * FLUSH HOSTS, which MySQL 9 has no more although its error 1129 still asks for it; PRIVILEGES and STATUS. Tables and logs
 * can be flushed with no effect: there is nothing in them.
 */
export const flush: StatementHandler = ({ home, session }, cursor) => {
  cursor.skipOne('NO_WRITE_TO_BINLOG', 'LOCAL')
  do {
    const what = cursor.skipOne('HOSTS', 'PRIVILEGES', 'STATUS')
    if (what !== undefined) {
      flushDoor(home, session, what.toLowerCase() as 'hosts' | 'privileges' | 'status')
      if (what === 'PRIVILEGES') session.warnings = [deprecated]
      continue
    }
    if (cursor.skip('USER_RESOURCES')) throw serverError('ER_NOT_SUPPORTED_YET', 'FLUSH USER_RESOURCES')
    if (cursor.skipOne('TABLES', 'TABLE') !== undefined) {
      if (!session.account.privileges.has('RELOAD')) throw reloadNeeded('TABLES')
      while (!cursor.isAtEnd) cursor.next()
      return {}
    }
    cursor.skipOne('BINARY', 'ENGINE', 'ERROR', 'GENERAL', 'RELAY', 'SLOW')
    const costs = cursor.skip('OPTIMIZER_COSTS') ? 'OPTIMIZER_COSTS' : undefined
    if (costs === undefined) cursor.expect('LOGS')
    if (!session.account.privileges.has('RELOAD')) throw reloadNeeded(costs)
  } while (cursor.skip(','))
  cursor.end()
  return {}
}

const { code, message } = serverError('ER_WARN_DEPRECATED_SYNTAX_NO_REPLACEMENT', 'FLUSH PRIVILEGES')
const deprecated: Warning = { level: 'Warning', code, message }

function reloadNeeded(what: 'TABLES' | 'OPTIMIZER_COSTS' | undefined): Error {
  return serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', what === undefined ? 'RELOAD' : `RELOAD or FLUSH_${what}`)
}

/** TRUNCATE [TABLE] performance_schema.host_cache empties the host cache; no other table can be truncated. */
export const truncate: StatementHandler = (context, cursor) => {
  const { door, home, session } = context
  cursor.skip('TABLE')
  const [first, dot, second] = cursor.rest
  const name = dot?.word === '.' ? second?.text : first?.text
  const schema = dot?.word === '.' ? first?.text : session.database
  const isHostCache = schema?.toLowerCase() === 'performance_schema' && name?.toLowerCase() === 'host_cache'
  if (!isHostCache) {
    if (schema !== undefined && name !== undefined) requireTable(context, schema, name)
    return refuseWrite(context, cursor, 'DROP')
  }
  if (!session.account.privileges.has('DROP')) throw tableDenied('DROP', session, 'host_cache')
  for (const one of new Set([door, home])) one.hostCache.flush()
  return {}
}

/** MySQL says of a database that is not there that the table is not there. */
function requireTable({ home, session }: ConsoleContext, schema: string, name: string): void {
  const { account } = session
  const mayDrop = account.privileges.has('DROP') || account.databases.get(schema)?.has('DROP') === true
  if (mayDrop && home.databases.judge(schema, account) !== undefined) {
    throw serverError('ER_NO_SUCH_TABLE', schema, name)
  }
}

/** LOCK TABLES table [AS alias] READ | WRITE, ...: nothing can be locked, by those who might. */
export const lockTables: StatementHandler = ({ session }, cursor) => {
  const { account } = session
  do {
    const first = cursor.name()
    const schema = cursor.skip('.') ? first : session.database
    if (schema === undefined) throw serverError('ER_NO_DB_ERROR')
    if (!account.privileges.has('LOCK TABLES') && account.databases.get(schema)?.has('LOCK TABLES') !== true) {
      throw serverError('ER_DBACCESS_DENIED_ERROR', account.user, account.host, schema)
    }
    while (!cursor.isAtEnd && cursor.token?.word !== ',') cursor.next()
  } while (cursor.skip(','))
  return {}
}

/** Computes and forgets. */
export async function doStatement(context: ConsoleContext, cursor: Cursor): Promise<OkResult> {
  if (cursor.isAtEnd) throw cursor.error()
  await select(context, cursor.sql, [...lex('SELECT'), ...cursor.rest])
  return {}
}

/** BEGIN and START TRANSACTION. */
export const begin: StatementHandler = ({ session }) => {
  session.inTransaction = true
  return {}
}

/** COMMIT and ROLLBACK; ROLLBACK TO a savepoint stays in the transaction. */
export const endTransaction: StatementHandler = ({ session }, cursor) => {
  cursor.skip('WORK')
  if (cursor.token?.word !== 'TO') session.inTransaction = false
  return {}
}

/** SAVEPOINT, RELEASE SAVEPOINT, UNLOCK TABLES: nothing changes that could be kept or taken back. */
export const accept: StatementHandler = () => ({})
