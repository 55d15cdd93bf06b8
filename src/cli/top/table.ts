/** Rows under headings, as wide as the terminal is, with one of them selected. */
import { cell, type Line, type Style } from './line.ts'

export interface Column {
  readonly title: string
  /** Cells, at the least. */
  readonly width: number
  /** Its share of what is left over; none when left out. */
  readonly grows?: number
  readonly align?: 'right'
  /** Only on a terminal that is so wide. */
  readonly from?: number
}

export interface Row {
  /** Stays with what it shows: a selection follows it. */
  readonly key: string
  /** One for each column. */
  readonly cells: readonly string[]
  /** Stands out, by a mark and a style. */
  readonly alarm?: 'warn' | 'bad' | undefined
  /** The connection that it is about. */
  readonly connection?: number
  /** The host that it is about. */
  readonly address?: string
}

/** The heading, and those rows around the selected one that fit in `height` lines; without a selection all from the first. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly Row[],
  { width, height, selected }: { readonly width: number; readonly height: number; readonly selected: number },
): Line[] {
  const widths = widthsOf(columns, width - 2)
  const lineOf = (cells: readonly string[]) =>
    widths.flatMap((cells_, i) => (cells_ === 0 ? [] : [cell(cells[i] ?? '', cells_, columns[i]?.align)])).join(' ')
  const room = Math.max(1, height - 1)
  const first = windowStart(selected, rows.length, room)
  const lines = rows.slice(first, first + room).map((row, i): Line => {
    const isSelected = first + i === selected
    const text = `${isSelected ? '>' : ' '}${row.alarm === undefined ? ' ' : '!'}${lineOf(row.cells)}`
    const style: Style | undefined = isSelected ? 'selected' : row.alarm
    return style === undefined ? [text] : [[text, style]]
  })
  return [[[`  ${lineOf(columns.map(({ title }) => title))}`, 'bold']], ...lines]
}

/** The selected row is in the middle, but for the ends of the list. */
function windowStart(selected: number, rows: number, room: number): number {
  return Math.max(0, Math.min(selected - Math.floor(room / 2), rows - room))
}

/** 0: there is no room for it. */
function widthsOf(columns: readonly Column[], width: number): number[] {
  const fits = columns.map(({ from = 0 }) => width + 2 >= from)
  const shown = columns.filter((_, i) => fits[i])
  const left = width - shown.reduce((sum, column) => sum + column.width + 1, -1)
  const shares = shown.reduce((sum, { grows = 0 }) => sum + grows, 0)
  return columns.map(({ width: least, grows = 0 }, i) =>
    fits[i] ? least + (left > 0 && shares > 0 ? Math.floor((left * grows) / shares) : 0) : 0,
  )
}
