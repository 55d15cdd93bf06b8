/** The ways in which rows are printed, each in a file of its own. */
import type { SqlValue } from '../../client/result.ts'
import type { ColumnDefinition } from '../../packets/column-definition.ts'
import { jsonLines } from './json-lines.ts'
import { tabSeparated } from './tab-separated.ts'
import { table } from './table.ts'
import { vertical } from './vertical.ts'

/** One result set on its way out. Nothing is printed of a result without rows. */
export interface ResultFormat {
  /** What can be printed now. */
  rows(rows: readonly (readonly SqlValue[])[]): string | Buffer
  /** What was held back. */
  rest(): Iterable<string>
}

export interface FormatOptions {
  /** Default true; JSON has them always. */
  readonly columnNames?: boolean
  /** Tab-separated: values as they are, without escapes (--raw). */
  readonly raw?: boolean
  /** Whether the text goes to a terminal, which must not be driven by what it shows. */
  readonly terminal?: boolean
}

export type FormatName = keyof typeof formats

export const formats = { table, vertical, 'tab-separated': tabSeparated, json: jsonLines } as const satisfies Record<
  string,
  (columns: readonly ColumnDefinition[], options: FormatOptions) => ResultFormat
>
