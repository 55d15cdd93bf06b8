/**
 * What a statement gives back. Values come without loss: what a JS number cannot hold is a bigint or text.
 *
 * | MySQL type                                   | JS value                                                     |
 * |----------------------------------------------|--------------------------------------------------------------|
 * | TINYINT SMALLINT MEDIUMINT INT YEAR          | number                                                       |
 * | BIGINT                                       | bigint (see `RowOptions.bigint`)                             |
 * | FLOAT DOUBLE                                 | number                                                       |
 * | DECIMAL                                      | string, with its trailing zeros                              |
 * | DATE TIME DATETIME TIMESTAMP                 | string as MySQL prints it: zero dates and microseconds stay  |
 * | CHAR VARCHAR TEXT ENUM SET                   | string                                                       |
 * | JSON                                         | string: the document as the server wrote it (see `RowOptions.json`) |
 * | BINARY VARBINARY BLOB                        | Buffer                                                       |
 * | BIT                                          | Buffer, most significant byte first                          |
 * | GEOMETRY                                     | Buffer: 4 bytes SRID (little-endian), then WKB               |
 * | VECTOR                                       | Float32Array                                                 |
 * | NULL                                         | null                                                         |
 *
 * Both protocols give the same values, but for FLOAT and DOUBLE(M,D), which the server itself rounds when it prints them as text.
 */
import type { ColumnDefinition } from '../packets/column-definition.ts'
import type { SessionChange } from '../packets/session-changes.ts'

export type SqlValue = null | number | bigint | string | Buffer | Float32Array

/** A row by column name; of columns with the same name the last one stays. */
export type Row = Record<string, unknown>

export interface RowOptions {
  /** `object` (default): by column name; `array`: by position, which loses no column. */
  readonly rowsAs?: 'object' | 'array'
  /** `bigint` (default): always; `number`: a number when it is a safe integer, a bigint otherwise; `string`: the digits. */
  readonly bigint?: 'bigint' | 'number' | 'string'
  /** `text` (default), or `parsed` by JSON.parse, which rounds large numbers. */
  readonly json?: 'text' | 'parsed'
}

export interface Result<R = Row> {
  /** Empty for a statement without a result set. */
  readonly columns: readonly ColumnDefinition[]
  readonly rows: R[]
  readonly affectedRows: bigint
  readonly lastInsertId: bigint
  readonly warnings: number
  /** The text behind the numbers, such as `Rows matched: 1  Changed: 1  Warnings: 0`. */
  readonly info: string
  readonly statusFlags: number
  readonly sessionChanges: readonly SessionChange[]
  /** The next result of a CALL, or of several statements in one text. */
  readonly next: Result<R> | undefined
}
