/**
 * Which tables an account may read, and with which error it may not.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-introduction.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-table-characteristics.html
 */
import type { Account } from '../../accounts/account.ts'
import { type ServerError, serverError } from '../../errors/errors.ts'
import type { Session } from '../../server/query.ts'
import type { Viewer, VirtualTable } from './table.ts'

export function mayRead(table: VirtualTable, account: Account): boolean {
  return table.readers === 'all' || mayReadSchema(table.schema, account)
}

/** Whether SELECT is granted on everything or on this database. */
export function mayReadSchema(schema: string, account: Account): boolean {
  if (account.privileges.has('SELECT')) return true
  // GRANT wants the underscore of performance_schema escaped; most people do not know.
  return [...account.databases].some(
    ([pattern, privileges]) => pattern.replaceAll('\\', '') === schema && privileges.has('SELECT'),
  )
}

export function visibleTables({ tables, session }: Viewer): VirtualTable[] {
  return tables.filter((table) => mayRead(table, session.account))
}

export function tableDenied(command: string, session: Session, table: string): ServerError {
  return serverError('ER_TABLEACCESS_DENIED_ERROR', command, session.account.user, session.host, table)
}
