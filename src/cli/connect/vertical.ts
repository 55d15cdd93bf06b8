/** A line per value, for rows too wide for a box: what `\G` asks for. */
import type { ColumnDefinition } from '../../packets/column-definition.ts'
import { displayWidth, padStart } from './display-width.ts'
import type { FormatOptions, ResultFormat } from './result-format.ts'
import { shownValue } from './value-text.ts'
import { visibleText } from './visible-text.ts'

export function vertical(columns: readonly ColumnDefinition[], options: FormatOptions): ResultFormat {
  const names = columns.map(({ name }) => visibleText(name))
  const width = Math.max(0, ...names.map(displayWidth))
  const labels = names.map((name) => (options.columnNames === false ? '' : `${padStart(name, width)}: `))
  const stars = '*'.repeat(27)
  let count = 0
  return {
    rows: (rows) =>
      rows
        .map((values) => {
          const lines = columns.map((column, i) => `${labels[i]}${shownValue(values[i] ?? null, column)}\n`)
          return `${stars} ${++count}. row ${stars}\n${lines.join('')}`
        })
        .join(''),
    rest: () => [],
  }
}
