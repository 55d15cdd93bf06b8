/**
 * Rows for jq and its like: one JSON object per row and line, with all digits that the server sent.
 *
 * | MySQL type                          | JSON                                                                    |
 * |-------------------------------------|-------------------------------------------------------------------------|
 * | integers, YEAR, DECIMAL, BIT        | a number with all of its digits, more than a double holds if need be    |
 * | FLOAT DOUBLE                        | a number                                                                |
 * | JSON                                | the document itself                                                     |
 * | VECTOR                              | an array of numbers                                                     |
 * | BINARY VARBINARY BLOB GEOMETRY      | a string of base64: `jq '.picture | @base64d'`                          |
 * | all others                          | a string                                                                |
 * | NULL                                | null                                                                    |
 *
 * Of columns with the same name the second is called `name_2`, so that none is lost.
 */
import type { SqlValue } from '../../client/result.ts'
import { type ColumnDefinition, fieldType } from '../../packets/column-definition.ts'
import type { ResultFormat } from './result-format.ts'

export function jsonLines(columns: readonly ColumnDefinition[]): ResultFormat {
  const keys = uniqueNames(columns).map((name) => `${json(name)}:`)
  return {
    rows: (rows) =>
      rows
        .map((values) => `{${columns.map((column, i) => keys[i] + jsonValue(values[i] ?? null, column)).join(',')}}\n`)
        .join(''),
    rest: () => [],
  }
}

function jsonValue(value: SqlValue, { type }: ColumnDefinition): string {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Float32Array) return JSON.stringify(Array.from(value, shortest))
  if (Buffer.isBuffer(value)) {
    return type === fieldType.BIT ? String(BigInt(`0x${value.toString('hex') || '0'}`)) : json(value.toString('base64'))
  }
  if (typeof value === 'string' && type === fieldType.NEWDECIMAL) return decimal(value)
  if (typeof value === 'string' && type === fieldType.JSON) return document(value)
  return json(value)
}

/** A float's own digits: 0.1, not 0.10000000149011612. */
function shortest(float: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits))
    if (Math.fround(short) === float) return short
  }
  return float
}

/** JSON knows no zeros in front, which ZEROFILL writes. */
function decimal(text: string): string {
  return /^-?\d+(\.\d+)?$/.test(text) ? text.replace(/^(-?)0+(?=\d)/, '$1') : json(text)
}

/** The document as it is, but on one line: between its tokens a line break is only space. */
function document(text: string): string {
  try {
    JSON.parse(text)
  } catch {
    return json(text)
  }
  return harmless(text.replace(/[\r\n]/g, ' '))
}

function json(value: string | number): string {
  return harmless(JSON.stringify(value))
}

/** JSON.stringify leaves DEL, the C1 controls and signs of direction as they are, which a terminal may obey. */
function harmless(text: string): string {
  if (!/[^\t -~]/.test(text)) return text
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\t'
      ? character
      : character.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

function uniqueNames(columns: readonly ColumnDefinition[]): readonly string[] {
  const taken = new Set(columns.map(({ name }) => name))
  const seen = new Set<string>()
  return columns.map(({ name }) => {
    let unique = name
    for (let n = 2; seen.has(unique) || (unique !== name && taken.has(unique)); n++) unique = `${name}_${n}`
    seen.add(unique)
    return unique
  })
}
