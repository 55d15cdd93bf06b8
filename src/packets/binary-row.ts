/**
 * A row of a binary result set, the answer to COM_STMT_EXECUTE.
 *
 *     int<1>     0x00
 *     string<n>  bitmap of NULLs; the first two bits are unused
 *     values     of the columns that are not NULL; layout in binary-value.ts
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { isNull, nullBitmap, nullBitmapLength, readBinaryValue, type Value, writeBinaryValue } from './binary-value.ts'
import { type ColumnDefinition, columnFlag } from './column-definition.ts'

/** What a row needs to know of its columns. */
export type RowColumn = Pick<ColumnDefinition, 'type' | 'flags'>

/** Throws: `ConfigurationError` when a value does not suit its column, or a column has none. */
export function encodeBinaryRow(values: readonly Value[], columns: readonly RowColumn[]): Uint8Array {
  if (values.length !== columns.length) {
    throw new ConfigurationError(`a row of ${values.length} values for ${columns.length} columns`)
  }
  const writer = new PacketWriter().u8(0x00).bytes(nullBitmap(values, 2))
  columns.forEach((column, i) => {
    const value = values[i] as Value
    if (value !== null) writeBinaryValue(writer, column.type, isUnsigned(column), value)
  })
  return writer.finish()
}

/** After: the values are copies. Throws: `MalformedPacket`. */
export function decodeBinaryRow(payload: Uint8Array, columns: readonly RowColumn[]): Value[] {
  const reader = new PacketReader(new Uint8Array(payload), 'BinaryRow')
  reader.marker(0x00, 'header')
  const nulls = reader.bytes(nullBitmapLength(columns.length, 2), 'bitmap of NULLs')
  const values = columns.map((column, i) =>
    isNull(nulls, i, 2) ? null : readBinaryValue(reader, column.type, isUnsigned(column)),
  )
  reader.end()
  return values
}

function isUnsigned(column: RowColumn): boolean {
  return (column.flags & columnFlag.UNSIGNED) !== 0
}
