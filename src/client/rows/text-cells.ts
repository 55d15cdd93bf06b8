/**
 * Cells of the text protocol: each value as MySQL prints it.
 *
 * Numbers are read from their digits, without a string in between. They are the numbers that were printed: MySQL rounds
 * a FLOAT to six digits, and a DOUBLE(M,D) to D decimals, which the binary protocol does not.
 */
import { fieldType } from '../../packets/column-definition.ts'
import type { RowOptions } from '../result.ts'
import { ascii, type CellColumn, type DecodeCell, refuseCell, stringCell } from './cells.ts'

export function textCell(column: CellColumn, options: RowOptions): DecodeCell {
  switch (column.type) {
    case fieldType.TINY:
    case fieldType.SHORT:
    case fieldType.INT24:
    case fieldType.LONG:
    case fieldType.YEAR:
      return integer
    case fieldType.LONGLONG:
      return bigintDecoders[options.bigint ?? 'bigint']
    case fieldType.FLOAT:
    case fieldType.DOUBLE:
      return float
    case fieldType.DECIMAL:
    case fieldType.NEWDECIMAL:
    case fieldType.DATE:
    case fieldType.TIME:
    case fieldType.DATETIME:
    case fieldType.TIMESTAMP:
      return ascii
    default:
      return stringCell(column, options)
  }
}

const ZERO = 0x30
const MINUS = 0x2d
const POINT = 0x2e
/** So many decimal digits are always exact in a double. */
const EXACT_DIGITS = 15
/** So many fit in 32 bits. */
const SMALL_DIGITS = 9
/** Powers of ten up to the largest that has one less digit than a double holds exactly. */
const powersOfTen = Array.from({ length: EXACT_DIGITS }, (_, exponent) => 10 ** exponent)
const FLOAT_TEXT = /^-?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/

const bigintDecoders: Record<NonNullable<RowOptions['bigint']>, DecodeCell> = {
  bigint: (row, start, end) => BigInt(wideInteger(row, start, end)),
  number: (row, start, end) => {
    const value = wideInteger(row, start, end)
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  },
  // Not the text itself: ZEROFILL prints zeros that the binary protocol does not send.
  string: (row, start, end) => String(wideInteger(row, start, end)),
}

function integer(row: Uint8Array, start: number, end: number): number {
  const value = row[start] === MINUS ? 0 - digits(row, start + 1, end) : digits(row, start, end)
  if (!Number.isSafeInteger(value)) refuseCell(start, end, 'an integer of 32 bits')
  return value
}

/** A bigint where a number might not be exact. */
function wideInteger(row: Uint8Array, start: number, end: number): number | bigint {
  const negative = row[start] === MINUS
  let first = negative ? start + 1 : start
  if (end - first > EXACT_DIGITS) while (first < end - 1 && row[first] === ZERO) first++
  if (end - first <= EXACT_DIGITS) return negative ? 0 - digits(row, first, end) : digits(row, first, end)
  if (end - first > 20) refuseCell(start, end, 'an integer of 64 bits')
  const magnitude = BigInt(digits(row, first, end - 9)) * 1_000_000_000n + BigInt(digits(row, end - 9, end))
  const value = negative ? -magnitude : magnitude
  if (value !== (negative ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value))) {
    refuseCell(start, end, 'an integer of 64 bits')
  }
  return value
}

/** Throws: `MalformedPacket` unless there are digits, and nothing else. */
function digits(row: Uint8Array, start: number, end: number): number {
  if (start >= end) refuseCell(start, end, 'digits')
  let value = 0
  let first = start
  for (; end - first > SMALL_DIGITS; first += SMALL_DIGITS) {
    value = value * 10 ** SMALL_DIGITS + fewDigits(row, first, first + SMALL_DIGITS)
  }
  const rest = fewDigits(row, first, end)
  return first === start ? rest : value * (powersOfTen[end - first] as number) + rest
}

/** Nine digits at most fit in 32 bits, where arithmetic is fast. */
function fewDigits(row: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = (row[i] as number) - ZERO
    if (digit >>> 0 > 9) refuseCell(start, end, 'digits')
    value = (value * 10 + digit) | 0
  }
  return value
}

/** All digits as one integer, divided by a power of ten, is the number exactly rounded when both are exact doubles. */
function float(row: Uint8Array, start: number, end: number): number {
  const negative = row[start] === MINUS
  const first = negative ? start + 1 : start
  if (first === end || end - first > EXACT_DIGITS) return anyFloat(row, start, end)
  let mantissa = 0
  let point = -1
  for (let i = first; i < end; i++) {
    const digit = (row[i] as number) - ZERO
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit
    else if (row[i] === POINT && point === -1 && i > first) point = i
    else return anyFloat(row, start, end)
  }
  const value = point === -1 ? mantissa : mantissa / (powersOfTen[end - point - 1] as number)
  return negative ? -value : value
}

function anyFloat(row: Uint8Array, start: number, end: number): number {
  const text = ascii(row, start, end)
  const value = FLOAT_TEXT.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) refuseCell(start, end, 'a floating-point number')
  return value
}
