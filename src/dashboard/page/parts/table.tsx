/** A table whose columns sort it. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ComponentChildren
  /** What it is sorted by; none: it is not. */
  readonly by?: (row: Row) => string | number
  readonly right?: boolean
}

export interface TableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  /** In the order that they have until a column is chosen. */
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly nothing: string
}

export function Table<Row>({ label, columns, rows, keyOf, nothing }: TableProps<Row>) {
  const [order, sortBy] = useState<{ readonly name: string; readonly down: boolean }>()
  if (rows.length === 0) return <p class="nothing">{nothing}</p>
  const by = columns.find(({ name }) => name === order?.name)?.by
  const sign = order?.down ? -1 : 1
  const sorted = by === undefined ? rows : [...rows].sort((a, b) => sign * compared(by(a), by(b)))
  return (
    <div class="scroll">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => {
              const state = order?.name !== column.name ? 'none' : order.down ? 'descending' : 'ascending'
              return (
                <th key={column.name} class={column.right ? 'right' : undefined} aria-sort={state}>
                  {column.by === undefined ? (
                    column.name
                  ) : (
                    <button
                      type="button"
                      class="sort"
                      onClick={() => sortBy({ name: column.name, down: state === 'ascending' })}
                    >
                      {column.name}
                    </button>
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, mostRows).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.name} class={column.right ? 'right' : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > mostRows && <p class="hint">{sorted.length - mostRows} more are not listed.</p>}
    </div>
  )
}

const mostRows = 1000

function compared(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))
}
