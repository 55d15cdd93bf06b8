/** Rows in a box, as the mysql client draws it: names on the left, numbers on the right of their column. */
import { type ColumnDefinition, columnFlag, fieldType } from '../../packets/column-definition.ts'
import { displayWidth, padEnd, padStart } from './display-width.ts'
import type { FormatOptions, ResultFormat } from './result-format.ts'
import { shownValue } from './value-text.ts'
import { visibleText } from './visible-text.ts'

/**
 * Holds rows back until all widths are known. From `maxKept` characters on (default 64 Mi) the widths are taken as final and rows
 * are printed as they come: a wider value then breaks the border, not the memory.
 */
export function table(
  columns: readonly ColumnDefinition[],
  options: FormatOptions,
  maxKept = 64 * 1024 * 1024,
): ResultFormat {
  const names = columns.map(({ name }) => visibleText(name))
  const widths = columns.map(({ flags }, i) =>
    Math.max(options.columnNames === false ? 0 : displayWidth(names[i] ?? ''), flags & columnFlag.NOT_NULL ? 0 : 4),
  )
  const pads = columns.map((column) => (isNumber(column) ? padStart : padEnd))
  let kept: string[][] = []
  let keptLength = 0
  let opened = false

  const line = (cells: readonly string[], pad: (column: number) => typeof padEnd) =>
    `|${cells.map((cell, i) => ` ${pad(i)(cell, widths[i] ?? 0)} |`).join('')}\n`
  const row = (cells: readonly string[]) => line(cells, (i) => pads[i] ?? padEnd)
  const border = () => `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`
  const open = () => {
    opened = true
    return border() + (options.columnNames === false ? '' : line(names, () => padEnd) + border())
  }

  return {
    rows(rows) {
      let text = ''
      for (const values of rows) {
        const cells = columns.map((column, i) => shownValue(values[i] ?? null, column))
        if (opened) {
          text += row(cells)
          continue
        }
        kept.push(cells)
        cells.forEach((cell, i) => {
          widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell))
          keptLength += cell.length
        })
        if (keptLength > maxKept) {
          text += open() + kept.map(row).join('')
          kept = []
        }
      }
      return text
    },
    *rest() {
      if (!opened && kept.length === 0) return
      if (!opened) yield open()
      for (const cells of kept) yield row(cells)
      yield border()
    },
  }
}

function isNumber({ type }: ColumnDefinition): boolean {
  return numbers.has(type)
}

const numbers: ReadonlySet<number> = new Set([
  ...[fieldType.DECIMAL, fieldType.TINY, fieldType.SHORT, fieldType.LONG, fieldType.FLOAT, fieldType.DOUBLE],
  ...[fieldType.NULL, fieldType.LONGLONG, fieldType.INT24, fieldType.YEAR, fieldType.NEWDECIMAL],
])
