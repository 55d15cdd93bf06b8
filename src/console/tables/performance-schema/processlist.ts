/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-processlist-table.html
 */
import { processes } from '../process.ts'
import { columns, type VirtualTable } from '../table.ts'

export const processlist: VirtualTable = {
  schema: 'performance_schema',
  name: 'processlist',
  readers: 'all',
  columns: columns(
    `ID bigint unsigned | USER varchar(32) null | HOST varchar(261) null | DB varchar(64) null | COMMAND varchar(16) null |
    TIME bigint null | STATE varchar(64) null | INFO longtext null |
    EXECUTION_ENGINE enum('PRIMARY','SECONDARY') null`,
  ),
  rows: (viewer) =>
    processes(viewer).map(({ id, user, host, database, command, seconds, state, info, authenticated }) =>
      authenticated
        ? [id, user, host, database, command, seconds, state, info, 'PRIMARY']
        : // As MySQL has it: of a stranger this table knows nothing.
          [id, user, '', null, 'Sleep', null, '', null, 'PRIMARY'],
    ),
}
