/**
 * A list that a SHOW statement gives, narrowed by its LIKE or WHERE.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/extended-show.html
 */
import type { Row, RowsResult } from '../../server/query.ts'
import type { ConsoleContext } from '../context.ts'
import { select } from '../select/select.ts'
import type { Cursor } from '../sql/cursor.ts'
import { lex } from '../sql/lexer.ts'
import { isLike } from '../sql/like.ts'
import { columns as columnsOf, type TableColumn, type VirtualTable, wireColumn } from '../tables/table.ts'

export interface ShowList {
  /** As `columns` of tables/table.ts reads them. */
  readonly columns: string | readonly TableColumn[]
  readonly rows: readonly Row[]
  /** LIKE looks at this column, and MySQL adds the pattern to its name where `names` says so. */
  readonly likeColumn?: number
  readonly namesPattern?: boolean
}

/** Reads `[LIKE 'pattern' | WHERE condition]` and the end of the statement. */
export async function showList(context: ConsoleContext, cursor: Cursor, list: ShowList): Promise<RowsResult> {
  const likeColumn = list.likeColumn ?? 0
  const declared = typeof list.columns === 'string' ? columnsOf(list.columns) : list.columns
  const table: VirtualTable = {
    schema: 'information_schema',
    name: 'PROCESSLIST',
    readers: 'all',
    columns: declared,
    rows: () => list.rows,
  }
  if (cursor.skip('LIKE')) {
    if (cursor.token?.kind !== 'text') throw cursor.error()
    const token = cursor.next()
    cursor.end()
    const columns = table.columns.map((column, i) => {
      const named = list.namesPattern === true && i === likeColumn
      return wireColumn(named ? { ...column, name: `${column.name} (${token.text})` } : column, table)
    })
    return { columns, rows: list.rows.filter((row) => isLike(String(row[likeColumn] ?? ''), token.text)) }
  }
  if (cursor.token?.word === 'WHERE') {
    return select(context, cursor.sql, [...lex('SELECT * FROM list'), ...cursor.rest], table)
  }
  cursor.end()
  return { columns: table.columns.map((column) => wireColumn(column, table)), rows: list.rows }
}
