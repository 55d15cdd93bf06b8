/**
 * One value of the binary protocol, in a row or as a parameter: its type decides both the bytes and the JS value.
 *
 * | types                                            | JS value                                         |
 * |--------------------------------------------------|--------------------------------------------------|
 * | TINY SHORT INT24 LONG YEAR, FLOAT DOUBLE         | number                                           |
 * | LONGLONG                                         | bigint                                           |
 * | DATE DATETIME TIMESTAMP TIME                     | string, as MySQL prints it                       |
 * | DECIMAL, text, blobs, BIT, JSON, GEOMETRY and so on | Uint8Array: the codec does not know a character set |
 * | any                                              | null                                             |
 *
 * The way out takes a string too where bytes are due, as UTF-8, and number or bigint for every integer.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import type { PacketReader } from '../wire/reader.ts'
import type { PacketWriter } from '../wire/writer.ts'
import { fieldType } from './column-definition.ts'
import { readDateTime, readTime, writeDateTime, writeTime } from './temporal.ts'

export type Value = null | number | bigint | string | Uint8Array

const integerSize = new Map<number, 1 | 2 | 4 | 8>([
  [fieldType.TINY, 1],
  [fieldType.SHORT, 2],
  [fieldType.YEAR, 2],
  [fieldType.INT24, 4],
  [fieldType.LONG, 4],
  [fieldType.LONGLONG, 8],
])

/** Types whose value is a length and bytes. */
export const byteTypes: ReadonlySet<number> = new Set([
  fieldType.DECIMAL,
  fieldType.NEWDECIMAL,
  fieldType.VARCHAR,
  fieldType.VAR_STRING,
  fieldType.STRING,
  fieldType.ENUM,
  fieldType.SET,
  fieldType.TINY_BLOB,
  fieldType.MEDIUM_BLOB,
  fieldType.LONG_BLOB,
  fieldType.BLOB,
  fieldType.BIT,
  fieldType.JSON,
  fieldType.GEOMETRY,
  fieldType.VECTOR,
])

/** Writes a value that is not NULL. Throws: `ConfigurationError` when it does not suit its type. */
export function writeBinaryValue(writer: PacketWriter, type: number, unsigned: boolean, value: Value): void {
  const size = integerSize.get(type)
  if (size !== undefined && (typeof value === 'bigint' || Number.isInteger(value))) {
    writeInteger(writer, size, unsigned, BigInt(value as number | bigint))
  } else if ((type === fieldType.FLOAT || type === fieldType.DOUBLE) && typeof value === 'number') {
    const bytes = new Uint8Array(type === fieldType.FLOAT ? 4 : 8)
    const view = new DataView(bytes.buffer)
    if (type === fieldType.FLOAT) view.setFloat32(0, value, true)
    else view.setFloat64(0, value, true)
    writer.bytes(bytes)
  } else if (isDate(type) && typeof value === 'string') {
    writeDateTime(writer, value)
  } else if (type === fieldType.TIME && typeof value === 'string') {
    writeTime(writer, value)
  } else if (byteTypes.has(type) && typeof value === 'string') {
    writer.lenencUtf8(value)
  } else if (byteTypes.has(type) && value instanceof Uint8Array) {
    writer.lenencBytes(value)
  } else {
    throw new ConfigurationError(`a ${value === null ? 'null' : typeof value} is no value of field type ${type}`)
  }
}

/** Reads a value that is not NULL; bytes are views of the payload. Throws: `MalformedPacket`, also for an unknown type. */
export function readBinaryValue(reader: PacketReader, type: number, unsigned: boolean): Value {
  switch (integerSize.get(type)) {
    case 1: {
      const value = reader.u8('TINY')
      return unsigned ? value : (value << 24) >> 24
    }
    case 2: {
      const value = reader.u16('SHORT')
      return unsigned ? value : (value << 16) >> 16
    }
    case 4: {
      const value = reader.u32('LONG')
      return unsigned ? value : value | 0
    }
    case 8: {
      const value = reader.u64('LONGLONG')
      return unsigned ? value : BigInt.asIntN(64, value)
    }
  }
  if (type === fieldType.FLOAT) return view(reader.bytes(4, 'FLOAT')).getFloat32(0, true)
  if (type === fieldType.DOUBLE) return view(reader.bytes(8, 'DOUBLE')).getFloat64(0, true)
  if (isDate(type)) return readDateTime(reader, type !== fieldType.DATE)
  if (type === fieldType.TIME) return readTime(reader)
  if (byteTypes.has(type)) return reader.lenencBytes('value')
  return reader.refuse('type', `a field type (${type} is none)`)
}

/** Returns the bitmap of NULLs; `offset` is 2 in rows, 0 in parameters. */
export function nullBitmap(values: readonly unknown[], offset: 0 | 2): Uint8Array {
  const bitmap = new Uint8Array(nullBitmapLength(values.length, offset))
  values.forEach((value, i) => {
    const bit = i + offset
    if (value === null) bitmap[bit >> 3] = (bitmap[bit >> 3] as number) | (1 << (bit & 7))
  })
  return bitmap
}

export function nullBitmapLength(count: number, offset: 0 | 2): number {
  return Math.floor((count + offset + 7) / 8)
}

export function isNull(bitmap: Uint8Array, index: number, offset: 0 | 2): boolean {
  const bit = index + offset
  return ((bitmap[bit >> 3] as number) & (1 << (bit & 7))) !== 0
}

function writeInteger(writer: PacketWriter, size: number, unsigned: boolean, value: bigint): void {
  const bits = size * 8
  if (value !== (unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value))) {
    throw new ConfigurationError(`${value} does not fit in ${size} ${unsigned ? 'unsigned' : 'signed'} bytes`)
  }
  const raw = BigInt.asUintN(bits, value)
  if (size === 1) writer.u8(Number(raw))
  else if (size === 2) writer.u16(Number(raw))
  else if (size === 4) writer.u32(Number(raw))
  else writer.u64(raw)
}

function isDate(type: number): boolean {
  return type === fieldType.DATE || type === fieldType.DATETIME || type === fieldType.TIMESTAMP
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
