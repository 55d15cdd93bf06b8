/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-processlist-table.html
 */
import { processes } from '../process.ts'
import { columns, type VirtualTable } from '../table.ts'

export const processlist: VirtualTable = {
  schema: 'information_schema',
  name: 'PROCESSLIST',
  readers: 'all',
  columns: columns(
    `ID bigint unsigned | USER varchar(32) | HOST varchar(261) | DB varchar(64) null | COMMAND varchar(16) | TIME int |
    STATE varchar(64) null | INFO varchar(65535) null`,
  ),
  rows: (viewer) =>
    processes(viewer).map((process) => [
      process.id,
      process.user,
      process.host,
      process.database,
      process.command,
      process.seconds,
      process.state,
      process.info,
    ]),
}
