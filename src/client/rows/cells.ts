/**
 * What the cells of both protocols have in common: a cell is the bytes `start` to `end` of a row, and its column decides,
 * once per result set, how they become a value. Here are the types that look the same in both.
 */
import { Buffer } from 'node:buffer'
import { MalformedPacket } from '../../errors/errors.ts'
import { type ColumnDefinition, fieldType } from '../../packets/column-definition.ts'
import type { RowOptions } from '../result.ts'

export type CellColumn = Pick<ColumnDefinition, 'type' | 'flags' | 'collationId' | 'decimals' | 'extendedMetadata'>

/** Throws: `MalformedPacket` when the bytes are no value of the column. After: the value is a copy. */
export type DecodeCell = (row: Uint8Array, start: number, end: number) => unknown

/** The collation of bytes that are no text. */
const BINARY = 63

// Without the checks and the choice of an encoding in `toString`, and for plain views too.
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Record<
  'latin1Slice' | 'utf8Slice',
  (this: Uint8Array, start: number, end: number) => string
>

/**
 * Chooses for a type that is string<lenenc> in both protocols. Where the type does not decide, the collation says whether
 * it is text; of BIT and GEOMETRY it says that they are not.
 */
export function stringCell(column: CellColumn, options: RowOptions): DecodeCell {
  const described = (value: string) => column.extendedMetadata?.some((entry) => entry.value === value) === true
  // MariaDB's JSON is a LONGTEXT, and its VECTOR a VARBINARY. The extended metadata tell; 11.8 has none for VECTOR.
  if (column.type === fieldType.JSON || described('json')) return options.json === 'parsed' ? parsedJson : utf8
  if (column.type === fieldType.VECTOR || described('vector')) return vector
  return column.collationId === BINARY ? copy : utf8
}

/** Reads text that is ASCII whatever the character set. */
export function ascii(row: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return latin1Slice.call(row, start, end)
  const codes = shortCodes[end - start] as number[]
  for (let i = start; i < end; i++) codes[i - start] = row[i] as number
  return String.fromCharCode.apply(undefined, codes)
}

export function u16(row: Uint8Array, at: number): number {
  return (row[at] as number) | ((row[at + 1] as number) << 8)
}

export function u32(row: Uint8Array, at: number): number {
  return (u16(row, at) | (u16(row, at + 2) << 16)) >>> 0
}

/** Refuses a cell: positions, never content. */
export function refuseCell(start: number, end: number, why: string): never {
  throw new MalformedPacket({ packet: 'Row', field: 'value', offset: start, needed: 1, available: end - start, why })
}

/** Up to so many characters, String.fromCharCode is faster than the way into Node's native code and back. */
const SHORT = 16
/** Of each length one array, written anew for each value: without an allocation. */
const shortCodes = Array.from({ length: SHORT + 1 }, (_, length) => Array.from({ length }, () => 0))

function utf8(row: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return utf8Slice.call(row, start, end)
  const codes = shortCodes[end - start] as number[]
  let bits = 0
  for (let i = start; i < end; i++) {
    const byte = row[i] as number
    bits |= byte
    codes[i - start] = byte
  }
  return bits < 0x80 ? String.fromCharCode.apply(undefined, codes) : utf8Slice.call(row, start, end)
}

function copy(row: Uint8Array, start: number, end: number): Buffer {
  return Buffer.copyBytesFrom(row, start, end - start)
}

function parsedJson(row: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(utf8Slice.call(row, start, end))
  } catch {
    // The reason that JSON.parse gives has the document in it.
    return refuseCell(start, end, 'a JSON document')
  }
}

function vector(row: Uint8Array, start: number, end: number): Float32Array {
  if ((end - start) % 4 !== 0) refuseCell(start, end, 'a vector of 4-byte floats')
  const floats = new Float32Array((end - start) / 4)
  const view = new DataView(row.buffer, row.byteOffset + start, end - start)
  for (let i = 0; i < floats.length; i++) floats[i] = view.getFloat32(i * 4, true)
  return floats
}
