/**
 * Statements that MySQL knows and the console does not do, each with the error that MySQL would give where it would not do
 * it either.
 */
import type { Privilege } from '../../accounts/privileges.ts'
import { serverError } from '../../errors/errors.ts'
import type { ConsoleContext, StatementHandler } from '../context.ts'
import type { Cursor } from '../sql/cursor.ts'
import { tableDenied } from '../tables/visible.ts'

/**
 * Refuses to change a table, whose name comes next: 1044 in information_schema, 1142 in performance_schema and without the
 * privilege, else 1290.
 */
export function refuseWrite({ home, session }: ConsoleContext, cursor: Cursor, privilege: Privilege): never {
  let name = cursor.name()
  let schema = session.database
  if (cursor.skip('.')) [schema, name] = [name, cursor.name()]
  if (schema === undefined) throw serverError('ER_NO_DB_ERROR')
  const { account } = session
  const lower = schema.toLowerCase()
  const changesColumns = privilege === 'CREATE' || privilege === 'ALTER'
  if (lower === 'information_schema' || (lower === 'performance_schema' && changesColumns)) {
    throw serverError('ER_DBACCESS_DENIED_ERROR', account.user, account.host, schema)
  }
  const granted = account.privileges.has(privilege) || account.databases.get(schema)?.has(privilege) === true
  if (!granted || lower === 'performance_schema') throw tableDenied(privilege, session, name)
  const refusal = home.databases.judge(schema, account)
  throw refusal === undefined ? readOnly() : refusal.error
}

export const insert: StatementHandler = (context, cursor) => {
  while (cursor.skipOne('LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE', 'INTO') !== undefined);
  return refuseWrite(context, cursor, 'INSERT')
}

export const update: StatementHandler = (context, cursor) => {
  while (cursor.skipOne('LOW_PRIORITY', 'IGNORE') !== undefined);
  return refuseWrite(context, cursor, 'UPDATE')
}

export const remove: StatementHandler = (context, cursor) => {
  while (cursor.skipOne('LOW_PRIORITY', 'QUICK', 'IGNORE', 'FROM') !== undefined);
  return refuseWrite(context, cursor, 'DELETE')
}

/** CREATE, ALTER and DROP of anything but accounts. */
export function define(verb: 'CREATE' | 'ALTER' | 'DROP'): StatementHandler {
  return (context, cursor) => {
    const { session } = context
    cursor.skip('TEMPORARY')
    const what = cursor.skipOne('TABLE', 'DATABASE', 'SCHEMA')
    if (what === undefined) {
      const kind = cursor.skipOne(...otherObjects) ?? cursor.skipOne('OR', 'UNIQUE', 'DEFINER', 'ALGORITHM', 'FULLTEXT')
      if (kind === undefined) throw cursor.error()
      throw serverError('ER_NOT_SUPPORTED_YET', /^[A-Z]+$/.test(kind) ? `${verb} ${kind}` : verb)
    }
    while (cursor.skipOne('IF', 'NOT', 'EXISTS') !== undefined);
    if (what === 'TABLE') return refuseWrite(context, cursor, verb)
    const name = cursor.name()
    const { account } = session
    if (!account.privileges.has(verb)) {
      throw serverError('ER_DBACCESS_DENIED_ERROR', account.user, account.host, name)
    }
    throw readOnly()
  }
}

/** `privilege` is asked for first. */
export function unsupported(statement: string, privilege?: Privilege): StatementHandler {
  return ({ session }) => {
    if (privilege !== undefined && !session.account.privileges.has(privilege)) {
      throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', privilege)
    }
    throw serverError('ER_NOT_SUPPORTED_YET', statement)
  }
}

function readOnly(): Error {
  return serverError('ER_OPTION_PREVENTS_STATEMENT', '--read-only')
}

const otherObjects = [
  ...['VIEW', 'INDEX', 'PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT', 'ROLE', 'SERVER', 'TABLESPACE', 'UNDO', 'LOGFILE'],
  ...['RESOURCE', 'SPATIAL', 'AGGREGATE', 'INSTANCE', 'LIBRARY', 'PREPARE', 'USER'],
]
