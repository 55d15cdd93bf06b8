/**
 * SHOW, of databases and the tables in them; DESCRIBE.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show.html
 */
import { serverError } from '../../errors/errors.ts'
import type { RowsResult } from '../../server/query.ts'
import type { ConsoleContext, StatementHandler } from '../context.ts'
import { readableTable } from '../select/surroundings.ts'
import type { Cursor } from '../sql/cursor.ts'
import { collationOf } from '../tables/information-schema/columns.ts'
import { engineOf } from '../tables/information-schema/tables.ts'
import { timestamp, type VirtualTable } from '../tables/table.ts'
import { visibleTables } from '../tables/visible.ts'
import { showList } from './show-result.ts'

export const showDatabases: StatementHandler = (context, cursor) =>
  showList(context, cursor, {
    columns: 'Database varchar(64)',
    rows: context.home.databases.visibleTo(context.session.account).map((name) => [name]),
    namesPattern: true,
  })

export function showTables(context: ConsoleContext, cursor: Cursor, full: boolean): Promise<RowsResult> {
  const database = databaseOf(context, cursor)
  const rows = tablesOf(context, database).map(({ name, schema }) =>
    full ? [name, schema === 'information_schema' ? 'SYSTEM VIEW' : 'BASE TABLE'] : [name],
  )
  const columns = [
    { name: `Tables_in_${database}`, type: 'varchar(64)', nullable: false },
    { name: 'Table_type', type: "enum('BASE TABLE','VIEW','SYSTEM VIEW')", nullable: false },
  ]
  return showList(context, cursor, { columns: full ? columns : columns.slice(0, 1), rows, namesPattern: true })
}

export const showTableStatus: StatementHandler = (context, cursor) => {
  const database = databaseOf(context, cursor)
  const created = timestamp(context.door.registry.startedAtMs)
  return showList(context, cursor, {
    columns: `Name varchar(64) | Engine varchar(64) null | Version int null | Row_format char(10) null |
      Rows bigint unsigned null | Avg_row_length bigint unsigned null | Data_length bigint unsigned null |
      Max_data_length bigint unsigned null | Index_length bigint unsigned null | Data_free bigint unsigned null |
      Auto_increment bigint unsigned null | Create_time timestamp null | Update_time datetime null |
      Check_time datetime null | Collation varchar(64) null | Checksum bigint null | Create_options varchar(256) null |
      Comment text null`,
    rows: tablesOf(context, database).map((table) => [
      ...[table.name, engineOf(table), 10, 'Dynamic', 0, 0, 0, 0, 0, 0, null, created, null, null],
      ...['utf8mb4_0900_ai_ci', null, '', table.comment ?? ''],
    ]),
  })
}

export const showOpenTables: StatementHandler = (context, cursor) => {
  if (cursor.skipOne('FROM', 'IN') !== undefined) cursor.name()
  return showList(context, cursor, {
    columns: 'Database varchar(64) | Table varchar(64) | In_use bigint | Name_locked bigint',
    rows: [],
    likeColumn: 1,
  })
}

/** `FROM table [FROM database] [LIKE ... | WHERE ...]` */
export function showColumns(context: ConsoleContext, cursor: Cursor, full: boolean): Promise<RowsResult> {
  const table = tableAfterFrom(context, cursor)
  return listColumns(context, cursor, table, full)
}

/** DESCRIBE table [column | 'pattern']; EXPLAIN of a statement is not supported. */
export const describe: StatementHandler = (context, cursor) => {
  if (/^(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|TABLE|ANALYZE|FORMAT|FOR|\()$/.test(cursor.token?.word ?? '')) {
    throw serverError('ER_NOT_SUPPORTED_YET', 'EXPLAIN')
  }
  const table = tableNamed(context, cursor)
  if (!cursor.isAtEnd) {
    const wanted = cursor.nameOrText()
    const column = table.columns.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase())
    return listColumns(context, cursor, { ...table, columns: column }, false)
  }
  return listColumns(context, cursor, table, false)
}

/** There are no indexes: virtual tables are made anew for each statement. */
export const showIndex: StatementHandler = (context, cursor) => {
  tableAfterFrom(context, cursor)
  return showList(context, cursor, {
    columns: `Table varchar(64) | Non_unique int | Key_name varchar(64) null | Seq_in_index int unsigned |
      Column_name varchar(64) null | Collation varchar(1) null | Cardinality bigint null | Sub_part bigint null |
      Packed varbinary(0) null | Null varchar(3) | Index_type varchar(11) | Comment varchar(8) |
      Index_comment varchar(2048) | Visible varchar(3) | Expression longtext null`,
    rows: [],
  })
}

export const showCreateTable: StatementHandler = (context, cursor) => {
  const table = tableNamed(context, cursor)
  cursor.end()
  const lines = table.columns.map(({ name, type, nullable }) => {
    const rest = nullable ? (type.startsWith('timestamp') ? ' NULL DEFAULT NULL' : ' DEFAULT NULL') : ' NOT NULL'
    return `  ${backticks(name)} ${type}${rest}`
  })
  const isView = table.schema === 'information_schema'
  const create = isView ? 'CREATE TEMPORARY TABLE' : 'CREATE TABLE'
  const engine = isView ? 'MEMORY DEFAULT CHARSET=utf8mb3' : `${engineOf(table)} DEFAULT CHARSET=utf8mb4`
  return {
    columns: [
      { name: 'Table', length: 64, nullable: false },
      { name: 'Create Table', length: 1024, nullable: false },
    ],
    rows: [[table.name, `${create} ${backticks(table.name)} (\n${lines.join(',\n')}\n) ENGINE=${engine}`]],
  }
}

export const showCreateDatabase: StatementHandler = ({ home, session }, cursor) => {
  cursor.skip('IF', 'NOT', 'EXISTS')
  const name = cursor.name()
  cursor.end()
  const refusal = home.databases.judge(name, session.account)
  if (refusal !== undefined) throw refusal.error
  const collation = name.toLowerCase() === 'information_schema' ? 'utf8mb3' : 'utf8mb4 COLLATE utf8mb4_0900_ai_ci'
  const options = `/*!40100 DEFAULT CHARACTER SET ${collation} */ /*!80016 DEFAULT ENCRYPTION='N' */`
  return {
    columns: [{ name: 'Database', length: 64 }, { name: 'Create Database' }],
    rows: [[name, `CREATE DATABASE ${backticks(name)} ${options}`]],
  }
}

/** SHOW TRIGGERS and SHOW EVENTS: of a database, which has none. */
export function showNoneOf(context: ConsoleContext, cursor: Cursor, columns: string): Promise<RowsResult> {
  databaseOf(context, cursor)
  return showList(context, cursor, { columns, rows: [] })
}

function listColumns(context: ConsoleContext, cursor: Cursor, table: VirtualTable, full: boolean): Promise<RowsResult> {
  const rest = `Null varchar(3) | Key enum('','PRI','UNI','MUL') | Default text null | Extra varchar(256) null`
  return showList(context, cursor, {
    columns: full
      ? `Field varchar(64) | Type mediumtext | Collation varchar(64) null | ${rest} | Privileges varchar(154) | Comment text`
      : `Field varchar(64) | Type mediumtext | ${rest}`,
    rows: table.columns.map((column) => {
      const { name, type, nullable } = column
      const common = [nullable ? 'YES' : 'NO', '', null, '']
      return full ? [name, type, collationOf(column), ...common, 'select', ''] : [name, type, ...common]
    }),
  })
}

/** Reads `[FROM database]`. Throws: 1046 when neither that nor the session names one, 1044, 1049. */
function databaseOf({ home, session }: ConsoleContext, cursor: Cursor): string {
  const name = cursor.skipOne('FROM', 'IN') === undefined ? session.database : cursor.name()
  if (name === undefined) throw serverError('ER_NO_DB_ERROR')
  const refusal = home.databases.judge(name, session.account)
  if (refusal !== undefined) throw refusal.error
  return name
}

function tablesOf(context: ConsoleContext, database: string): VirtualTable[] {
  return visibleTables(context).filter(({ schema }) => schema === database.toLowerCase())
}

/** Reads `FROM table [FROM database]`. */
function tableAfterFrom(context: ConsoleContext, cursor: Cursor): VirtualTable {
  if (cursor.skipOne('FROM', 'IN') === undefined) throw cursor.error()
  return tableNamed(context, cursor)
}

function tableNamed(context: ConsoleContext, cursor: Cursor): VirtualTable {
  let name = cursor.name()
  let schema: string | undefined
  if (cursor.skip('.')) [schema, name] = [name, cursor.name()]
  if (cursor.skipOne('FROM', 'IN') !== undefined) schema = cursor.name()
  return readableTable(context, schema, name)
}

function backticks(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
