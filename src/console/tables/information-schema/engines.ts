/**
 * The engines that other tables name, so that tools which join them find a row. None stores anything.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-engines-table.html
 */
import { columns, type VirtualTable } from '../table.ts'

export const engines: VirtualTable = {
  schema: 'information_schema',
  name: 'ENGINES',
  readers: 'all',
  columns: columns(
    `ENGINE varchar(64) | SUPPORT varchar(8) | COMMENT varchar(80) | TRANSACTIONS varchar(3) null | XA varchar(3) null |
    SAVEPOINTS varchar(3) null`,
  ),
  rows: () => [
    ['InnoDB', 'DEFAULT', 'The name that tools expect; virtual tables store nothing', 'NO', 'NO', 'NO'],
    ['PERFORMANCE_SCHEMA', 'YES', 'Performance Schema', 'NO', 'NO', 'NO'],
  ],
}
