/**
 * Rows on their way to the caller: one decoder per result set, called for each row.
 *
 * The one hot loop of the client: it walks the bytes itself instead of through a `PacketReader`, and what the columns
 * decide is decided before the first row. Each length is still checked against the end of the row before it is used.
 * The values are those of `result.ts`, the same from both protocols but for FLOAT and DOUBLE(M,D) (see `text-cells.ts`).
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import { MalformedPacket } from '../../errors/errors.ts'
import type { Row, RowOptions } from '../result.ts'
import { type BinaryCell, binaryCell } from './binary-cells.ts'
import type { CellColumn, DecodeCell } from './cells.ts'
import { textCell } from './text-cells.ts'

/** What a decoder needs to know of a column. */
export interface RowColumn extends CellColumn {
  readonly name: string
}

/**
 * Decodes the row from `start` to `end`, by default all of `bytes`: a view made for each row would cost as much as two
 * or three values. What it throws counts its offset from the start of `bytes`.
 */
export type RowDecoder = (bytes: Uint8Array, start?: number, end?: number) => Row | unknown[]

/**
 * Makes the decoder of a text result set.
 *
 * After: a row shares no memory with its bytes.
 * Throws: the decoder throws `MalformedPacket` when the row does not fit the columns.
 */
export function textRowDecoder(columns: readonly RowColumn[], options: RowOptions = {}): RowDecoder {
  const cells = columns.map((column) => textCell(column, options))
  const { nullRow, keys } = rowShape(columns, options)
  return (bytes, start = 0, end = bytes.length) => {
    const row = nullRow()
    let offset = start
    for (let i = 0; i < cells.length; i++) {
      if (offset >= end) refuseShort('TextRow', offset, 1, 0)
      let length = bytes[offset++] as number
      if (length === 0xfb) {
        row[keys[i] as string] = null
        continue
      }
      if (length > 0xfb) {
        const width = lengthWidth('TextRow', bytes, offset, end)
        length = longLength(bytes, offset, width)
        offset += width
      }
      const next = offset + length
      if (next > end) refuseShort('TextRow', offset, length, end - offset)
      row[keys[i] as string] = (cells[i] as DecodeCell)(bytes, offset, next)
      offset = next
    }
    if (offset < end) refuse('TextRow', 'trailing bytes', offset, end - offset, 'the end of the packet')
    return row
  }
}

/** Makes the decoder of a binary result set, otherwise as `textRowDecoder`. */
export function binaryRowDecoder(columns: readonly RowColumn[], options: RowOptions = {}): RowDecoder {
  const cells = columns.map((column) => binaryCell(column, options))
  const { nullRow, keys } = rowShape(columns, options)
  const headLength = 1 + ((columns.length + 9) >> 3)
  return (bytes, start = 0, end = bytes.length) => {
    if (end - start < headLength) refuseShort('BinaryRow', start, headLength, end - start)
    if (bytes[start] !== 0) refuse('BinaryRow', 'header', start, end - start, '0x00')
    const row = nullRow()
    let offset = start + headLength
    for (let i = 0; i < cells.length; i++) {
      // The header stands before the bitmap, whose first two bits are unused.
      const bit = i + 10
      if (((bytes[start + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0) {
        row[keys[i] as string] = null
        continue
      }
      const cell = cells[i] as BinaryCell
      let length = cell.size
      if (length === 0) {
        if (offset >= end) refuseShort('BinaryRow', offset, 1, 0)
        length = bytes[offset++] as number
        if (length >= 0xfb) {
          const width = lengthWidth('BinaryRow', bytes, offset, end)
          length = longLength(bytes, offset, width)
          offset += width
        }
      }
      const next = offset + length
      if (next > end) refuseShort('BinaryRow', offset, length, end - offset)
      row[keys[i] as string] = cell.decode(bytes, offset, next)
      offset = next
    }
    if (offset < end) refuse('BinaryRow', 'trailing bytes', offset, end - offset, 'the end of the packet')
    return row
  }
}

/**
 * Decides how a row starts, all NULL, and where each value goes.
 *
 * Objects are copies of a template that has all properties, which is faster than to add them one by one. JSON.parse makes
 * one that has room for exactly these, where other ways take a second object for the fifth property and on. It and the copy make
 * a property of `__proto__` too, so that the assignment finds one like any other.
 */
function rowShape(columns: readonly RowColumn[], options: RowOptions) {
  if (options.rowsAs === 'array') {
    const nulls = columns.map(() => null)
    // An index is a key: one loop serves both kinds of row.
    return { nullRow: () => nulls.slice() as unknown as Row, keys: columns.map((_, i) => i as unknown as string) }
  }
  const keys = columns.map((column) => column.name)
  const template = JSON.parse(`{${keys.map((name) => `${JSON.stringify(name)}:null`).join()}}`) as Row
  return { nullRow: () => ({ ...template }), keys }
}

/** Reads how many bytes the length has whose first byte, 0xfb or above, stands before `offset`. */
function lengthWidth(packet: string, bytes: Uint8Array, offset: number, end: number): number {
  const first = bytes[offset - 1]
  const width = first === 0xfc ? 2 : first === 0xfd ? 3 : 8
  if (first === 0xfb || first === 0xff) {
    refuse(packet, 'length of value', offset - 1, end - offset + 1, 'a length (0xfb and 0xff are none)')
  }
  if (width > end - offset) refuseShort(packet, offset, width, end - offset)
  return width
}

function longLength(bytes: Uint8Array, offset: number, width: number): number {
  let length = 0
  for (let i = width - 1; i >= 0; i--) length = length * 256 + (bytes[offset + i] as number)
  return length
}

function refuseShort(packet: string, offset: number, needed: number, available: number): never {
  throw new MalformedPacket({ packet, field: 'value', offset, needed, available })
}

function refuse(packet: string, field: string, offset: number, available: number, why: string): never {
  throw new MalformedPacket({ packet, field, offset, needed: 1, available, why })
}
