/** What a place shows between the header and the last line. */
import type { Line } from '../line.ts'
import type { Model, Place } from '../model.ts'
import type { Column, Row } from '../table.ts'

export type Body =
  /** Rows to choose from, under some lines that stay. */
  | {
      readonly is: 'list'
      readonly head: readonly Line[]
      readonly columns: readonly Column[]
      readonly rows: readonly Row[]
      /** Instead of rows, where there are none. */
      readonly empty: string
    }
  /** Text to scroll through. */
  | { readonly is: 'page'; readonly lines: readonly Line[] }

export interface Look<At extends Place = Place> {
  readonly model: Model
  readonly place: At
  /** Cells. */
  readonly width: number
  /** Lines that the body may take. */
  readonly height: number
  /** The server's clock. */
  readonly nowMs: number
}

/** Those in which the filter is found, whatever the case. */
export function filtered(rows: readonly Row[], filter: string): readonly Row[] {
  if (filter === '') return rows
  const wanted = filter.toLowerCase()
  return rows.filter(({ cells }) => cells.some((text) => text.toLowerCase().includes(wanted)))
}
