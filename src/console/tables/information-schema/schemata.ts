/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-schemata-table.html
 */
import { columns, type VirtualTable } from '../table.ts'

export const schemata: VirtualTable = {
  schema: 'information_schema',
  name: 'SCHEMATA',
  readers: 'all',
  columns: columns(
    `CATALOG_NAME varchar(64) | SCHEMA_NAME varchar(64) | DEFAULT_CHARACTER_SET_NAME varchar(64) |
    DEFAULT_COLLATION_NAME varchar(64) | SQL_PATH varbinary(0) null | DEFAULT_ENCRYPTION enum('NO','YES')`,
  ),
  rows: ({ home, session }) =>
    home.databases
      .visibleTo(session.account)
      .map((name) =>
        name === 'information_schema'
          ? ['def', name, 'utf8mb3', 'utf8mb3_general_ci', null, 'NO']
          : ['def', name, 'utf8mb4', 'utf8mb4_0900_ai_ci', null, 'NO'],
      ),
}
