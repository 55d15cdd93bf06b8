/**
 * Rows for programs, as the mysql client's --batch writes them: a line per row, a tab between values, and `\0 \t \n \\` for
 * the four characters that would be mistaken. Binary strings go out byte for byte.
 */
import type { SqlValue } from '../../client/result.ts'
import type { ColumnDefinition } from '../../packets/column-definition.ts'
import type { FormatOptions, ResultFormat } from './result-format.ts'
import { shownValue, valueText } from './value-text.ts'
import { visibleText } from './visible-text.ts'

export function tabSeparated(columns: readonly ColumnDefinition[], options: FormatOptions): ResultFormat {
  const escaped = options.raw ? (text: string) => text : escapeMarks
  const forTerminal = (value: SqlValue, column: ColumnDefinition) => escaped(shownValue(value, column))
  const forProgram = (value: SqlValue, column: ColumnDefinition) => {
    if (value === null) return 'NULL'
    const text = valueText(value, column)
    // Latin-1 there and back: bytes that are no UTF-8 would not survive as text.
    return typeof text === 'string' ? escaped(text) : Buffer.from(escaped(text.toString('latin1')), 'latin1')
  }
  const cell = options.terminal ? forTerminal : forProgram
  const shownName = options.terminal ? visibleText : (name: string) => name
  let head = options.columnNames === false ? '' : `${columns.map(({ name }) => escaped(shownName(name))).join('\t')}\n`
  return {
    rows(rows) {
      if (rows.length === 0) return ''
      const parts: (string | Buffer)[] = []
      let text = head
      head = ''
      for (const values of rows) {
        columns.forEach((column, i) => {
          if (i > 0) text += '\t'
          const shown = cell(values[i] ?? null, column)
          if (typeof shown === 'string') text += shown
          else {
            parts.push(text, shown)
            text = ''
          }
        })
        text += '\n'
      }
      if (parts.length === 0) return text
      return Buffer.concat([...parts, text].map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
    },
    rest: () => [],
  }
}

function escapeMarks(text: string): string {
  return /[\0\t\n\\]/.test(text) ? text.replace(/[\0\t\n\\]/g, (character) => escapes[character] ?? character) : text
}

const escapes: Readonly<Record<string, string>> = { '\0': '\\0', '\t': '\\t', '\n': '\\n', '\\': '\\\\' }
