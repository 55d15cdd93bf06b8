/**
 * A row of a text result set: each value as the text that MySQL would print, or NULL.
 *
 *     string<lenenc> or 0xfb  for each column
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

/** A string goes out as UTF-8. */
export function encodeTextRow(values: readonly (string | Uint8Array | null)[]): Uint8Array {
  const writer = new PacketWriter()
  for (const value of values) {
    if (value === null) writer.u8(0xfb)
    else if (typeof value === 'string') writer.lenencUtf8(value)
    else writer.lenencBytes(value)
  }
  return writer.finish()
}

/** After: the values are copies. Throws: `MalformedPacket` unless there are exactly `columnCount` values. */
export function decodeTextRow(payload: Uint8Array, columnCount: number): (Uint8Array | null)[] {
  const reader = new PacketReader(new Uint8Array(payload), 'TextRow')
  const values: (Uint8Array | null)[] = []
  for (let i = 0; i < columnCount; i++) values.push(reader.lenencBytesOrNull('value'))
  reader.end()
  return values
}
