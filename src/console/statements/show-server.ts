/**
 * SHOW, of what the server is and does.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show.html
 */
import { type Privilege, privilegeColumns } from '../../accounts/privileges.ts'
import { plugins } from '../../auth/plugins.ts'
import { serverError } from '../../errors/errors.ts'
import type { Row, RowsResult } from '../../server/query.ts'
import type { ConsoleContext, StatementHandler } from '../context.ts'
import { processlistDeprecated } from '../select/surroundings.ts'
import type { Cursor } from '../sql/cursor.ts'
import { characterSets } from '../tables/information-schema/character-sets.ts'
import { collations } from '../tables/information-schema/collations.ts'
import { engines } from '../tables/information-schema/engines.ts'
import { statusVariables } from '../tables/performance-schema/status.ts'
import { systemVariables } from '../tables/performance-schema/variables.ts'
import { processes } from '../tables/process.ts'
import { columns, wireColumn } from '../tables/table.ts'
import { showList } from './show-result.ts'

/** Characters of Info without FULL. */
const shortInfo = 100

export function showProcesslist(context: ConsoleContext, cursor: Cursor, full: boolean): RowsResult {
  cursor.end()
  context.session.record.state = 'init'
  context.session.warnings = [processlistDeprecated]
  const rows = processes(context).map(({ id, user, host, database, command, seconds, state, info }) => [
    ...[id, user, host, database, command, seconds, state],
    full || info === null ? info : [...info].slice(0, shortInfo).join(''),
  ])
  return {
    columns: [
      { name: 'Id', type: 'LONGLONG', nullable: false },
      { name: 'User', length: 32, nullable: false },
      { name: 'Host', length: 261, nullable: false },
      { name: 'db', length: 64 },
      { name: 'Command', length: 16, nullable: false },
      { name: 'Time', type: 'LONG', nullable: false },
      { name: 'State', length: 64 },
      { name: 'Info', length: full ? 65_535 : shortInfo },
    ],
    rows,
  }
}

const nameAndValue = 'Variable_name varchar(64) | Value varchar(1024) null'

export function showStatus(context: ConsoleContext, cursor: Cursor, scope: 'global' | 'session'): Promise<RowsResult> {
  return showList(context, cursor, { columns: nameAndValue, rows: statusVariables(context, scope) })
}

export function showVariables(
  context: ConsoleContext,
  cursor: Cursor,
  scope: 'global' | 'session',
): Promise<RowsResult> {
  return showList(context, cursor, { columns: nameAndValue, rows: systemVariables(context, scope) })
}

/** SHOW WARNINGS and SHOW ERRORS, of the statement before; `[LIMIT [offset,] count]`. */
export function showDiagnostics({ session }: ConsoleContext, cursor: Cursor, errorsOnly: boolean): RowsResult {
  let offset = 0
  let count = Number.POSITIVE_INFINITY
  if (cursor.skip('LIMIT')) {
    count = integer(cursor)
    if (cursor.skip(',')) [offset, count] = [count, integer(cursor)]
    else if (cursor.skip('OFFSET')) offset = integer(cursor)
  }
  cursor.end()
  const kept = session.warnings.filter(({ level }) => !errorsOnly || level === 'Error').slice(offset, offset + count)
  return {
    columns: [
      { name: 'Level', length: 7, nullable: false },
      { name: 'Code', type: 'LONG', unsigned: true, nullable: false },
      { name: 'Message', length: 512, nullable: false },
    ],
    rows: kept.map(({ level, code, message }) => [level, code, message]),
  }
}

/** SHOW COUNT(*) WARNINGS and ERRORS. */
export const showCount: StatementHandler = ({ session }, cursor) => {
  cursor.expect('(', '*', ')')
  const errorsOnly = cursor.skip('ERRORS')
  if (!errorsOnly) cursor.expect('WARNINGS')
  cursor.end()
  const counted = session.warnings.filter(({ level }) => !errorsOnly || level === 'Error')
  const name = errorsOnly ? '@@session.error_count' : '@@session.warning_count'
  return { columns: [{ name, type: 'LONGLONG', unsigned: true }], rows: [[counted.length]] }
}

export const showPlugins: StatementHandler = (context, cursor) => {
  cursor.end()
  return showList(context, cursor, {
    columns:
      'Name varchar(64) | Status varchar(10) | Type varchar(80) | Library varchar(64) null | License varchar(80) null',
    rows: Array.from(plugins.keys(), (name) => [name, 'ACTIVE', 'AUTHENTICATION', null, 'MIT']),
  })
}

export const showEngines: StatementHandler = (context, cursor) =>
  showList(context, cursor, {
    columns:
      'Engine varchar(64) | Support varchar(8) | Comment varchar(80) | Transactions varchar(3) null | XA varchar(3) null | Savepoints varchar(3) null',
    rows: engines.rows(context),
  })

export const showCharacterSet: StatementHandler = (context, cursor) =>
  showList(context, cursor, {
    columns: 'Charset varchar(64) | Description varchar(2048) | "Default collation" varchar(64) | Maxlen int unsigned',
    rows: characterSets
      .rows(context)
      .map(([name, collation, about, length]): Row => [name ?? null, about ?? null, collation ?? null, length ?? null]),
  })

export const showCollation: StatementHandler = (context, cursor) =>
  showList(context, cursor, {
    columns: `Collation varchar(64) | Charset varchar(64) | Id bigint unsigned | Default varchar(3) | Compiled varchar(3) |
      Sortlen int unsigned | Pad_attribute enum('PAD SPACE','NO PAD')`,
    rows: collations.rows(context),
  })

/** The privileges that accounts can have here; where each matters is in the manual. */
export const showPrivileges: StatementHandler = (context, cursor) => {
  cursor.end()
  const rows = (Object.keys(privilegeColumns) as Privilege[]).sort().map((name) => {
    const label = name.charAt(0) + name.slice(1).toLowerCase()
    return [label, serverWide.has(name) ? 'Server Admin' : 'Databases,Tables', '']
  })
  return showList(context, cursor, {
    columns: 'Privilege varchar(10) | Context varchar(15) | Comment varchar(8192)',
    rows,
  })
}

export const showEngine: StatementHandler = ({ session }, cursor) => {
  cursor.nameOrText()
  if (cursor.skipOne('STATUS', 'MUTEX', 'LOGS') === undefined) throw cursor.error()
  cursor.end()
  if (!session.account.privileges.has('PROCESS')) throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'PROCESS')
  return { columns: [{ name: 'Type' }, { name: 'Name' }, { name: 'Status' }], rows: [] }
}

/** SHOW BINARY LOGS and LOG STATUS, REPLICAS, REPLICA STATUS: there is no replication, as on a server without it. */
export function showReplication(
  { session }: ConsoleContext,
  cursor: Cursor,
  what: 'logs' | 'status' | 'replicas',
): RowsResult {
  cursor.end()
  const { privileges } = session.account
  if (what === 'replicas' && !privileges.has('REPLICATION SLAVE')) {
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'REPLICATION SLAVE')
  }
  if (what !== 'replicas' && !privileges.has('REPLICATION CLIENT') && !privileges.has('SUPER')) {
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'SUPER, REPLICATION CLIENT')
  }
  if (what === 'logs') throw serverError('ER_NO_BINARY_LOGGING')
  const declared =
    what === 'status'
      ? `File varchar(1024) | Position bigint unsigned | Binlog_Do_DB varchar(255) | Binlog_Ignore_DB varchar(255) |
        Executed_Gtid_Set varchar(1024)`
      : `Server_Id int unsigned | Host varchar(255) | Port int unsigned | Source_Id int unsigned |
        Replica_UUID varchar(36)`
  const table = { schema: 'information_schema', name: '' } as const
  return { columns: columns(declared).map((column) => wireColumn(column, table)), rows: [] }
}

function integer(cursor: Cursor): number {
  if (cursor.token?.kind !== 'number' || !/^\d+$/.test(cursor.token.text)) throw cursor.error()
  return Number(cursor.next().text)
}

const serverWide: ReadonlySet<string> = new Set([
  ...['RELOAD', 'SHUTDOWN', 'PROCESS', 'FILE', 'SHOW DATABASES', 'SUPER', 'REPLICATION SLAVE', 'REPLICATION CLIENT'],
  ...['CREATE USER', 'CREATE TABLESPACE', 'CREATE ROLE', 'DROP ROLE'],
])
