/**
 * ColumnDefinition41: one column of a result set, or one parameter of a prepared statement; and the types they have.
 *
 *     string<lenenc>  catalog, always "def"
 *     string<lenenc>  schema
 *     string<lenenc>  table alias
 *     string<lenenc>  table
 *     string<lenenc>  column alias
 *     string<lenenc>  column
 *     string<lenenc>  MariaDB's extended metadata, with its EXTENDED_METADATA capability
 *     int<lenenc>     length of what follows, 12
 *     int<2>          collation id
 *     int<4>          column length
 *     int<1>          type
 *     int<2>          flags
 *     int<1>          decimals
 *     int<2>          filler
 *     string<lenenc>  default value or NULL, only in the answer to COM_FIELD_LIST
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html
 */
import { PacketReader, utf8 } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { has, mariadbCapability } from './capabilities.ts'

/** Text is UTF-8 on the wire. */
export interface ColumnDefinition {
  readonly schema: string
  readonly table: string
  readonly orgTable: string
  readonly name: string
  readonly orgName: string
  readonly collationId: number
  /** Bytes at most that a value takes as text. */
  readonly columnLength: number
  /** Of `fieldType`. */
  readonly type: number
  /** Of `columnFlag`. */
  readonly flags: number
  /** Digits behind the point; 0x1f for those that vary. */
  readonly decimals: number
  /** MariaDB: kind 0 names the data type, kind 1 the format. */
  readonly extendedMetadata?: readonly { readonly kind: number; readonly value: string }[]
  /** Present in the answer to COM_FIELD_LIST; null is no default. */
  readonly defaultValue?: string | null
}

/** Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
export const fieldType = {
  DECIMAL: 0,
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  VARCHAR: 15,
  BIT: 16,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const

/** Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__column__definition__flags.html */
export const columnFlag = {
  NOT_NULL: 1 << 0,
  PRI_KEY: 1 << 1,
  UNIQUE_KEY: 1 << 2,
  MULTIPLE_KEY: 1 << 3,
  BLOB: 1 << 4,
  UNSIGNED: 1 << 5,
  ZEROFILL: 1 << 6,
  BINARY: 1 << 7,
  ENUM: 1 << 8,
  AUTO_INCREMENT: 1 << 9,
  TIMESTAMP: 1 << 10,
  SET: 1 << 11,
  NO_DEFAULT_VALUE: 1 << 12,
  ON_UPDATE_NOW: 1 << 13,
  NUM: 1 << 15,
} as const

const FIXED_LENGTH = 12

/** Throws: `ConfigurationError` when a field does not fit. */
export function encodeColumnDefinition(column: ColumnDefinition, mariadbCapabilities = 0): Uint8Array {
  const writer = new PacketWriter()
    .lenencUtf8('def')
    .lenencUtf8(column.schema)
    .lenencUtf8(column.table)
    .lenencUtf8(column.orgTable)
    .lenencUtf8(column.name)
    .lenencUtf8(column.orgName)
  if (has(mariadbCapabilities, mariadbCapability.EXTENDED_METADATA)) {
    const block = new PacketWriter()
    for (const { kind, value } of column.extendedMetadata ?? []) block.u8(kind).lenencUtf8(value)
    writer.lenencBytes(block.finish())
  }
  writer
    .lenenc(FIXED_LENGTH)
    .u16(column.collationId)
    .u32(column.columnLength)
    .u8(column.type)
    .u16(column.flags)
    .u8(column.decimals)
    .u16(0)
  if (column.defaultValue === null) writer.u8(0xfb)
  else if (column.defaultValue !== undefined) writer.lenencUtf8(column.defaultValue)
  return writer.finish()
}

/** Throws: `MalformedPacket`. */
export function decodeColumnDefinition(payload: Uint8Array, mariadbCapabilities = 0): ColumnDefinition {
  const reader = new PacketReader(payload, 'ColumnDefinition')
  reader.lenencBytes('catalog')
  const names = {
    schema: reader.lenencUtf8('schema'),
    table: reader.lenencUtf8('table alias'),
    orgTable: reader.lenencUtf8('table'),
    name: reader.lenencUtf8('column alias'),
    orgName: reader.lenencUtf8('column'),
  }
  const extendedMetadata = has(mariadbCapabilities, mariadbCapability.EXTENDED_METADATA)
    ? readExtendedMetadata(reader.lenencBytes('extended metadata'))
    : []
  if (reader.lenenc('length of fixed fields') !== FIXED_LENGTH) reader.refuse('length of fixed fields', '12')
  const fixed = {
    collationId: reader.u16('collation id'),
    columnLength: reader.u32('column length'),
    type: reader.u8('type'),
    flags: reader.u16('flags'),
    decimals: reader.u8('decimals'),
  }
  reader.skip(2, 'filler')
  const bytes = reader.remaining > 0 ? reader.lenencBytesOrNull('default value') : undefined
  reader.end()
  return {
    ...names,
    ...fixed,
    ...(extendedMetadata.length > 0 && { extendedMetadata }),
    ...(bytes !== undefined && { defaultValue: bytes && utf8(bytes) }),
  }
}

function readExtendedMetadata(block: Uint8Array): { kind: number; value: string }[] {
  const reader = new PacketReader(block, 'ColumnDefinition extended metadata')
  const entries: { kind: number; value: string }[] = []
  while (reader.remaining > 0) {
    entries.push({ kind: reader.u8('kind'), value: reader.lenencUtf8('value') })
  }
  return entries
}
