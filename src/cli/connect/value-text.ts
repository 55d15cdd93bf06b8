/**
 * Values as the server writes them in its text protocol, which is what the mysql client prints. Reading turned them into
 * numbers; width, zeros in front and the number of decimals come back from the column.
 */
import type { SqlValue } from '../../client/result.ts'
import { type ColumnDefinition, columnFlag, fieldType } from '../../packets/column-definition.ts'
import { visibleText } from './visible-text.ts'

/** What a table shows: NULL, binary strings as `0x0FF0`, nothing that drives the terminal. */
export function shownValue(value: SqlValue, column: ColumnDefinition): string {
  if (value === null) return 'NULL'
  const text = valueText(value, column)
  return typeof text === 'string' ? visibleText(text) : `0x${text.toString('hex').toUpperCase()}`
}

/** Bytes of what is no text. */
export function valueText(value: Exclude<SqlValue, null>, column: ColumnDefinition): string | Buffer {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  if (value instanceof Float32Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const digits = typeof value === 'number' && isFloat(column) ? floatText(value, column.decimals) : String(value)
  return column.flags & columnFlag.ZEROFILL ? digits.padStart(column.columnLength, '0') : digits
}

export function isFloat({ type }: ColumnDefinition): boolean {
  return type === fieldType.FLOAT || type === fieldType.DOUBLE
}

/**
 * The shortest digits that mean this number; with an exponent below 1e-15, and from 1e15 on unless there are digits behind
 * the point. Measured on MySQL 9.7.
 */
function floatText(value: number, decimals: number): string {
  if (decimals < DECIMALS_VARY && Math.abs(value) < 1e21) return value.toFixed(decimals)
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  const digits = mantissa.replace(/[-.]/g, '')
  const fixed = power >= -15 && (power < 15 || digits.length > power + 1)
  if (!fixed) return `${mantissa}e${power}`
  const sign = value < 0 ? '-' : ''
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0')
  return sign + whole + (digits.length > power + 1 ? `.${digits.slice(power + 1)}` : '')
}

/** What a column of FLOAT or DOUBLE says that was declared without decimals. */
const DECIMALS_VARY = 31
