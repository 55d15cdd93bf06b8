/**
 * USE, KILL, FLUSH, TRUNCATE, DO, and the statements of transactions, which there are none of here.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/other-administrative-statements.html
 */
import { serverError } from '../../errors/errors.ts'
import { flush as flushDoor, kill as killConnection } from '../../server/administration.ts'
import { consoleDatabases } from '../../server/databases.ts'
import type { OkResult } from '../../server/query.ts'
import type { ConsoleContext, StatementHandler } from '../context.ts'
import { select } from '../select/select.ts'
import type { Cursor } from '../sql/cursor.ts'
import { lex } from '../sql/lexer.ts'
import { tableDenied } from '../tables/visible.ts'
import { refuseWrite } from './refused.ts'

export const use: StatementHandler = ({ door, session }, cursor) => {
  const name = cursor.name()
  cursor.end()
  const refusal = door.databases.judge(name, session.account)
  if (refusal !== undefined) throw refusal.error
  const lower = name.toLowerCase()
  session.database = consoleDatabases.find((database) => database === lower) ?? name
  return {}
}

/** KILL [CONNECTION | QUERY] id */
export async function kill(context: ConsoleContext, cursor: Cursor): Promise<OkResult> {
  const what = cursor.skipOne('CONNECTION', 'QUERY') === 'QUERY' ? 'query' : 'connection'
  if (cursor.isAtEnd) throw cursor.error()
  const { rows } = await select(context, cursor.sql, [...lex('SELECT'), ...cursor.rest])
  for await (const [id] of rows)
    killConnection(context.door, context.session, Number.parseInt(String(id), 10) || 0, what)
  return {}
}

/**
 * FLUSH HOSTS, which MySQL 9 has no more although its error 1129 still asks for it; PRIVILEGES and STATUS. Tables and logs
 * can be flushed with no effect: there is nothing in them.
 */
export const flush: StatementHandler = ({ door, session }, cursor) => {
  cursor.skipOne('NO_WRITE_TO_BINLOG', 'LOCAL')
  do {
    const what = cursor.skipOne('HOSTS', 'PRIVILEGES', 'STATUS')
    if (what !== undefined) {
      flushDoor(door, session, what.toLowerCase() as 'hosts' | 'privileges' | 'status')
      continue
    }
    if (cursor.skip('USER_RESOURCES')) throw serverError('ER_NOT_SUPPORTED_YET', 'FLUSH USER_RESOURCES')
    if (cursor.skipOne('TABLES', 'TABLE') !== undefined) {
      if (!session.account.privileges.has('RELOAD')) throw reloadNeeded()
      while (!cursor.isAtEnd) cursor.next()
      return {}
    }
    cursor.skipOne('BINARY', 'ENGINE', 'ERROR', 'GENERAL', 'RELAY', 'SLOW')
    if (!cursor.skip('LOGS') && !cursor.skip('OPTIMIZER_COSTS')) throw cursor.error()
    if (!session.account.privileges.has('RELOAD')) throw reloadNeeded()
  } while (cursor.skip(','))
  cursor.end()
  return {}
}

function reloadNeeded(): Error {
  return serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'RELOAD')
}

/** TRUNCATE [TABLE] performance_schema.host_cache empties the host cache; no other table can be truncated. */
export const truncate: StatementHandler = (context, cursor) => {
  const { door, session } = context
  cursor.skip('TABLE')
  const [first, dot, second] = cursor.rest
  const name = dot?.word === '.' ? second?.text : first?.text
  const schema = dot?.word === '.' ? first?.text : session.database
  const isHostCache = schema?.toLowerCase() === 'performance_schema' && name?.toLowerCase() === 'host_cache'
  if (!isHostCache) return refuseWrite(context, cursor, 'DROP')
  if (!session.account.privileges.has('DROP')) throw tableDenied('DROP', session, 'host_cache')
  door.hostCache.flush()
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

/** SAVEPOINT, RELEASE SAVEPOINT, LOCK TABLES, UNLOCK TABLES: nothing changes that could be kept or taken back. */
export const accept: StatementHandler = () => ({})
