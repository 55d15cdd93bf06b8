/**
 * Columns and values of a query handler in the terms of the wire: types, lengths, flags; text and binary forms.
 */
import type { Value as WireValue } from '../packets/binary-value.ts'
import { type ColumnDefinition, columnFlag, fieldType } from '../packets/column-definition.ts'
import type { Column, ColumnType, Row, Value } from './query.ts'
import type { ResultEncoding } from './result-encoding.ts'

/** utf8mb4_0900_ai_ci, and what numbers and bytes are declared as. */
const utf8mb4Collation = 255
const binaryCollation = 63
const bytesPerCharacter = 4

const lengths: Readonly<Record<ColumnType, number>> = {
  LONGLONG: 20,
  LONG: 11,
  DOUBLE: 23,
  NEWDECIMAL: 67,
  VAR_STRING: 1024,
  STRING: 255,
  TEXT: 65_535,
  BLOB: 65_535,
  DATETIME: 26,
  TIMESTAMP: 26,
  DATE: 10,
  TIME: 10,
  NULL: 0,
  JSON: 0xffff_ffff,
}

const numeric: ReadonlySet<ColumnType> = new Set(['LONGLONG', 'LONG', 'DOUBLE', 'NEWDECIMAL'])
const textual: ReadonlySet<ColumnType> = new Set(['VAR_STRING', 'STRING', 'TEXT'])
const fractional: ReadonlySet<ColumnType> = new Set(['DATETIME', 'TIMESTAMP'])

/** `textCollationId` is what text is declared as: utf8mb4_0900_ai_ci unless given. */
export function definitionOf(column: Column, textCollationId = utf8mb4Collation): ColumnDefinition {
  const type = typeOfColumn(column)
  const text = textual.has(type)
  const length = column.length ?? lengths[type]
  let flags = column.nullable === false ? columnFlag.NOT_NULL : 0
  if (column.unsigned) flags |= columnFlag.UNSIGNED
  if (numeric.has(type)) flags |= columnFlag.NUM
  if (!text) flags |= columnFlag.BINARY
  if (type === 'BLOB' || type === 'TEXT' || type === 'JSON') flags |= columnFlag.BLOB
  return {
    schema: column.schema ?? '',
    table: column.table ?? '',
    orgTable: column.table ?? '',
    name: column.name,
    orgName: column.table === undefined ? '' : column.name,
    collationId: text ? textCollationId : binaryCollation,
    columnLength: text ? length * bytesPerCharacter : length,
    type: fieldType[type === 'TEXT' ? 'BLOB' : type],
    flags,
    decimals: type === 'DOUBLE' || text ? 31 : fractional.has(type) && column.length === undefined ? 6 : 0,
  }
}

/** A value with its text in the character set of the client; only columns of text have one. */
export function encodedText(value: Value, column: Column | undefined, encoding: ResultEncoding): Value {
  return typeof value === 'string' && textual.has(typeOfColumn(column)) ? encoding.encode(value) : value
}

/** The text protocol's form of a value. */
export function textValue(value: Value, column: Column | undefined): string | Uint8Array | null {
  if (value === null || typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (value instanceof Date) return column?.type === 'DATE' ? value.toISOString().slice(0, 10) : dateText(value)
  return String(value)
}

/** The binary protocol's form of a value: numbers stay numbers where the column is numeric, everything else is text. */
export function binaryValue(value: Value, column: Column | undefined): WireValue {
  if (value === null || value instanceof Uint8Array) return value
  const type = typeOfColumn(column)
  if (type === 'LONGLONG' || type === 'LONG') {
    if (typeof value === 'bigint') return value
    if (typeof value === 'number') return Math.trunc(value)
    if (typeof value === 'boolean') return value ? 1 : 0
    return BigInt(value instanceof Date ? value.getTime() : value.trim())
  }
  if (type === 'DOUBLE') return Number(value)
  return textValue(value, column)
}

/** Columns of plain objects: the keys of the first, with types that hold all values. */
export function columnsOf(objects: readonly Readonly<Record<string, Value>>[]): {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
} {
  const names = Object.keys(objects[0] ?? {})
  const columns = names.map((name): Column => ({ name, type: typeOf(objects.map((object) => object[name] ?? null)) }))
  return { columns, rows: objects.map((object) => names.map((name) => object[name] ?? null)) }
}

function typeOfColumn(column: Column | undefined): ColumnType {
  return column?.type ?? 'VAR_STRING'
}

function typeOf(values: readonly Value[]): ColumnType {
  const known = values.filter((value) => value !== null)
  const all = (test: (value: Exclude<Value, null>) => boolean) => known.length > 0 && known.every(test)
  if (all((value) => typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value)))
    return 'LONGLONG'
  if (all((value) => typeof value === 'number')) return 'DOUBLE'
  if (all((value) => value instanceof Uint8Array)) return 'BLOB'
  if (all((value) => value instanceof Date)) return 'DATETIME'
  return 'VAR_STRING'
}

/** UTC, as MySQL prints a DATETIME; milliseconds only where there are any. */
function dateText(date: Date): string {
  const text = date.toISOString().replace('T', ' ').replace('Z', '')
  return text.endsWith('.000') ? text.slice(0, -4) : text
}
