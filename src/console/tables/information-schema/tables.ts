/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-tables-table.html
 */
import { columns, rowOf, timestamp, type VirtualTable } from '../table.ts'
import { visibleTables } from '../visible.ts'

const tableColumns = columns(
  `TABLE_CATALOG varchar(64) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) |
  TABLE_TYPE enum('BASE TABLE','VIEW','SYSTEM VIEW') | ENGINE varchar(64) null | VERSION int null |
  ROW_FORMAT enum('Fixed','Dynamic','Compressed','Redundant','Compact','Paged') null |
  TABLE_ROWS bigint unsigned null | AVG_ROW_LENGTH bigint unsigned null | DATA_LENGTH bigint unsigned null |
  MAX_DATA_LENGTH bigint unsigned null | INDEX_LENGTH bigint unsigned null | DATA_FREE bigint unsigned null |
  AUTO_INCREMENT bigint unsigned null | CREATE_TIME timestamp | UPDATE_TIME datetime null | CHECK_TIME datetime null |
  TABLE_COLLATION varchar(64) null | CHECKSUM bigint null | CREATE_OPTIONS varchar(256) null | TABLE_COMMENT text null`,
)

export const tables: VirtualTable = {
  schema: 'information_schema',
  name: 'TABLES',
  readers: 'all',
  columns: tableColumns,
  rows: (viewer) =>
    visibleTables(viewer).map((table) => {
      const isView = table.schema === 'information_schema'
      return rowOf(tableColumns, {
        TABLE_CATALOG: 'def',
        TABLE_SCHEMA: table.schema,
        TABLE_NAME: table.name,
        TABLE_TYPE: isView ? 'SYSTEM VIEW' : 'BASE TABLE',
        ENGINE: isView ? null : engineOf(table),
        VERSION: 10,
        ROW_FORMAT: isView ? null : 'Dynamic',
        TABLE_ROWS: 0,
        AVG_ROW_LENGTH: 0,
        DATA_LENGTH: 0,
        MAX_DATA_LENGTH: 0,
        INDEX_LENGTH: 0,
        DATA_FREE: 0,
        CREATE_TIME: timestamp(viewer.door.registry.startedAtMs),
        TABLE_COLLATION: isView ? null : 'utf8mb4_0900_ai_ci',
        CREATE_OPTIONS: '',
        TABLE_COMMENT: table.comment ?? '',
      })
    }),
}

/** The name of a storage engine that tools know; there is none behind it. */
export function engineOf(table: VirtualTable): string {
  return table.schema === 'performance_schema' ? 'PERFORMANCE_SCHEMA' : 'InnoDB'
}
