/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-columns-table.html
 */
import type { Value } from '../../../server/query.ts'
import { characterLength, columns as columnsOf, rowOf, type TableColumn, type VirtualTable } from '../table.ts'
import { visibleTables } from '../visible.ts'

const columnColumns = columnsOf(
  `TABLE_CATALOG varchar(64) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) | COLUMN_NAME varchar(64) null |
  ORDINAL_POSITION int unsigned | COLUMN_DEFAULT text null | IS_NULLABLE varchar(3) | DATA_TYPE longtext null |
  CHARACTER_MAXIMUM_LENGTH bigint null | CHARACTER_OCTET_LENGTH bigint null | NUMERIC_PRECISION bigint unsigned null |
  NUMERIC_SCALE bigint unsigned null | DATETIME_PRECISION int unsigned null | CHARACTER_SET_NAME varchar(64) null |
  COLLATION_NAME varchar(64) null | COLUMN_TYPE mediumtext | COLUMN_KEY enum('','PRI','UNI','MUL') |
  EXTRA varchar(256) null | PRIVILEGES varchar(154) null | COLUMN_COMMENT text | GENERATION_EXPRESSION longtext |
  SRS_ID int unsigned null`,
)

export const columns: VirtualTable = {
  schema: 'information_schema',
  name: 'COLUMNS',
  readers: 'all',
  columns: columnColumns,
  rows: (viewer) =>
    visibleTables(viewer).flatMap((table) =>
      table.columns.map((column, i) =>
        rowOf(columnColumns, {
          TABLE_CATALOG: 'def',
          TABLE_SCHEMA: table.schema,
          TABLE_NAME: table.name,
          COLUMN_NAME: column.name,
          ORDINAL_POSITION: i + 1,
          COLUMN_DEFAULT: null,
          IS_NULLABLE: column.nullable ? 'YES' : 'NO',
          ...typeFacts(column),
          COLUMN_TYPE: column.type,
          COLUMN_KEY: '',
          EXTRA: '',
          PRIVILEGES: 'select',
          COLUMN_COMMENT: '',
          GENERATION_EXPRESSION: '',
        }),
      ),
    ),
}

/** The collation that SHOW FULL COLUMNS gives; NULL for what is no text. */
export function collationOf({ type }: TableColumn): string | null {
  return /^(?:char|varchar|enum|set|\w*text)\b/.test(type) ? 'utf8mb4_0900_ai_ci' : null
}

function typeFacts(column: TableColumn): Record<string, Value> {
  const base = column.type.replace(/[( ].*$/, '')
  const isText = collationOf(column) !== null
  const length = characterLength(column.type) ?? (isText ? 65_535 : undefined)
  const digits = /\((\d)\)$/.exec(column.type)?.[1] ?? 0
  return {
    DATA_TYPE: base,
    CHARACTER_MAXIMUM_LENGTH: length ?? null,
    CHARACTER_OCTET_LENGTH: length === undefined ? null : length * (isText ? 4 : 1),
    NUMERIC_PRECISION: base.endsWith('int') ? (precisions[column.type] ?? 10) : null,
    NUMERIC_SCALE: base.endsWith('int') ? 0 : null,
    DATETIME_PRECISION: base === 'timestamp' || base === 'datetime' ? Number(digits) : null,
    CHARACTER_SET_NAME: isText ? 'utf8mb4' : null,
    COLLATION_NAME: collationOf(column),
  }
}

const precisions: Readonly<Record<string, number>> = { bigint: 19, 'bigint unsigned': 20, 'smallint unsigned': 5 }
