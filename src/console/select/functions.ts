/**
 * The functions that a SELECT may call: those that SQLite has with MySQL's meaning, and those that are written here. All
 * others do not exist (1305), SQLite's own among them: what it can do to files and memory is nobody's to use.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/built-in-function-reference.html
 */
import { createHash, randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { isLike } from '../sql/like.ts'
import { addUnits, dateTimeText, formatDate, parseDateTime, unitsBetween } from './datetime.ts'

export type SqlValue = null | number | bigint | string | Uint8Array

/** Characters that a function may return; MySQL's limit is max_allowed_packet. */
const longestText = 1 << 20
/** group_concat_max_len: what is longer is cut, as in MySQL. */
const longestGroupConcat = 1024

/** Whether SELECT knows a function by this name, in lower case. */
export function isFunction(name: string): boolean {
  return builtIn.has(name) || Object.hasOwn(nullSafe, name) || Object.hasOwn(strict, name) || name === 'group_concat'
}

/** Whether a call without arguments is wrong. SQLite itself counts those of its own functions. */
export function needsArguments(name: string): boolean {
  const run = Object.hasOwn(strict, name) ? strict[name] : Object.hasOwn(nullSafe, name) ? nullSafe[name] : undefined
  return run !== undefined && run.length > 0 && name !== 'unix_timestamp'
}

export function registerFunctions(database: DatabaseSync): void {
  const options = { varargs: true, useBigIntArguments: true } as const
  for (const [name, run] of Object.entries(nullSafe)) database.function(name, options, (...values) => run(...values))
  for (const [name, run] of Object.entries(strict)) {
    database.function(name, options, (...values) => (values.includes(null) ? null : run(...values)))
  }
  database.aggregate('group_concat', {
    varargs: true,
    useBigIntArguments: true,
    start: () => null as string | null,
    step: (text: string | null, value: SqlValue, separator: SqlValue = ',') => {
      if (value === null || (text !== null && text.length >= longestGroupConcat)) return text
      return (text === null ? str(value) : text + str(separator) + str(value)).slice(0, longestGroupConcat)
    },
  })
}

const builtIn: ReadonlySet<string> = new Set(
  (
    'abs avg ceil ceiling char coalesce count cume_dist degrees dense_rank exp first_value floor ifnull ' +
    'json_array json_extract json_object json_quote json_valid lag last_value lead ln log10 log2 lower ltrim max min mod ' +
    'nth_value ntile nullif percent_rank pi pow power quote radians rank round row_number rtrim sign sin cos tan sqrt ' +
    'sum trim unhex upper'
  ).split(' '),
)

type SqlFunction = (...values: SqlValue[]) => SqlValue

/** Functions that see NULL. */
const nullSafe: Readonly<Record<string, SqlFunction>> = {
  if: (condition, yes = null, no = null) => (isTrue(condition) ? yes : no),
  isnull: (value) => flag(value === null),
  concat_ws: (separator, ...values) =>
    separator === null || separator === undefined
      ? null
      : bounded(
          values
            .filter((value) => value !== null)
            .map(str)
            .join(str(separator)),
        ),
  field: (value, ...values) =>
    BigInt(value === null ? 0 : values.findIndex((other) => other !== null && same(other, value)) + 1),
  elt: (index, ...values) => (index === null ? null : (values[num(index) - 1] ?? null)),
  any_value: (value = null) => value,
  convert: (value = null) => value,
  charset: (value) => (typeof value === 'string' ? 'utf8mb4' : 'binary'),
  collation: (value) => (typeof value === 'string' ? 'utf8mb4_0900_ai_ci' : 'binary'),
  coercibility: () => 4n,
  rand: () => Math.random(),
  uuid: () => randomUUID(),
  unix_timestamp: (value) => {
    const ms = value === null || value === undefined ? undefined : parseDateTime(str(value))
    return ms === undefined ? null : BigInt(Math.floor(ms / 1000))
  },
}

/** Functions of which NULL makes NULL. */
const strict: Readonly<Record<string, SqlFunction>> = {
  // What LIKE and REGEXP call; the arguments are swapped.
  like: (pattern, text, escapeCharacter) =>
    flag(isLike(str(text), str(pattern), escapeCharacter === undefined ? '\\' : str(escapeCharacter))),
  regexp: (pattern, text) => flag(expression(pattern).test(str(text))),
  regexp_like: (text, pattern) => flag(expression(pattern).test(str(text))),

  // Text
  concat: (...values) => bounded(values.map(str).join('')),
  left: (text, count) => [...str(text)].slice(0, Math.max(0, num(count))).join(''),
  right: (text, count) => (num(count) <= 0 ? '' : [...str(text)].slice(-num(count)).join('')),
  substring: (text, from, count) => substring(text, from, count),
  substr: (text, from, count) => substring(text, from, count),
  mid: (text, from, count) => substring(text, from, count),
  substring_index: (text, delimiter, count) => {
    const parts = str(text).split(str(delimiter))
    return (num(count) >= 0 ? parts.slice(0, num(count)) : parts.slice(num(count))).join(str(delimiter))
  },
  locate: (part, text, from) => BigInt(lower(text).indexOf(lower(part), num(from ?? 1) - 1) + 1),
  instr: (text, part) => BigInt(lower(text).indexOf(lower(part)) + 1),
  hex: (value) =>
    typeof value === 'bigint' || typeof value === 'number'
      ? BigInt.asUintN(64, BigInt(Math.round(Number(value))))
          .toString(16)
          .toUpperCase()
      : Buffer.from(value instanceof Uint8Array ? value : str(value))
          .toString('hex')
          .toUpperCase(),
  length: (text) => BigInt(Buffer.byteLength(text instanceof Uint8Array ? text : str(text))),
  octet_length: (text) => BigInt(Buffer.byteLength(text instanceof Uint8Array ? text : str(text))),
  char_length: (text) => BigInt([...str(text)].length),
  character_length: (text) => BigInt([...str(text)].length),
  lcase: (text) => str(text).toLowerCase(),
  ucase: (text) => str(text).toUpperCase(),
  replace: (text, from, to) => (str(from) === '' ? str(text) : bounded(str(text).split(str(from)).join(str(to)))),
  reverse: (text) => [...str(text)].reverse().join(''),
  repeat: (text, count) =>
    str(text).length * num(count) > longestText ? null : str(text).repeat(Math.max(0, num(count))),
  space: (count) => (num(count) > longestText ? null : ' '.repeat(Math.max(0, num(count)))),
  lpad: (text, length, fill) => (num(length) > longestText ? null : pad(text, length, fill, 'left')),
  rpad: (text, length, fill) => (num(length) > longestText ? null : pad(text, length, fill, 'right')),
  strcmp: (a, b) => (lower(a) < lower(b) ? -1n : lower(a) > lower(b) ? 1n : 0n),
  find_in_set: (value, list) => BigInt(lower(list).split(',').indexOf(lower(value)) + 1),
  ascii: (text) => BigInt(Buffer.from(str(text))[0] ?? 0),
  json_unquote: (text) => (/^".*"$/s.test(str(text)) ? (JSON.parse(str(text)) as string) : str(text)),
  md5: (text) => hashed('md5', text),
  sha: (text) => hashed('sha1', text),
  sha1: (text) => hashed('sha1', text),
  sha2: (text, bits) => {
    const name = { 0: 'sha256', 224: 'sha224', 256: 'sha256', 384: 'sha384', 512: 'sha512' }[num(bits)]
    return name === undefined ? null : hashed(name, text)
  },
  inet_aton: (address) => {
    const parts = str(address).split('.').map(Number)
    const valid = parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)
    return valid ? BigInt(parts.reduce((sum, part) => sum * 256 + part, 0)) : null
  },
  inet_ntoa: (number) => [24, 16, 8, 0].map((shift) => (num(number) / 2 ** shift) & 255).join('.'),

  // Numbers
  greatest: (...values) => values.reduce((a, b) => (compare(a, b) >= 0 ? a : b)),
  least: (...values) => values.reduce((a, b) => (compare(a, b) <= 0 ? a : b)),
  truncate: (value, digits) => Math.trunc(num(value) * 10 ** num(digits)) / 10 ** num(digits),
  format: (value, digits) =>
    num(value).toLocaleString('en-US', { minimumFractionDigits: num(digits), maximumFractionDigits: num(digits) }),

  // Dates
  date: (value) => onDate(value, (ms) => dateTimeText(ms).slice(0, 10)),
  time: (value) => onDate(value, (ms) => dateTimeText(ms).slice(11)),
  year: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCFullYear())),
  month: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCMonth() + 1)),
  day: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCDate())),
  dayofmonth: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCDate())),
  hour: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCHours())),
  minute: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCMinutes())),
  second: (value) => onDate(value, (ms) => BigInt(new Date(ms).getUTCSeconds())),
  date_format: (value, format) => onDate(value, (ms) => formatDate(ms, str(format))),
  from_unixtime: (seconds, format) => {
    const ms = num(seconds) * 1000
    return format === undefined ? dateTimeText(ms) : formatDate(ms, str(format))
  },
  date_add: (value, count, unit) => onDate(value, (ms) => shifted(ms, num(count), unit)),
  date_sub: (value, count, unit) => onDate(value, (ms) => shifted(ms, -num(count), unit)),
  timestampdiff: (unit, from, to) =>
    onDate(from, (fromMs) =>
      onDate(to, (toMs) => {
        const units = unitsBetween(fromMs, toMs, str(unit).toUpperCase())
        return units === undefined ? null : BigInt(units)
      }),
    ),
  datediff: (to, from) => onDate(from, (fromMs) => onDate(to, (toMs) => BigInt(dayOf(toMs) - dayOf(fromMs)))),
  sec_to_time: (seconds) => new Date(num(seconds) * 1000).toISOString().slice(11, 19),
}

function str(value: SqlValue | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value ?? '')
}

function lower(value: SqlValue | undefined): string {
  return str(value).toLowerCase()
}

/** As MySQL reads numbers out of text: what begins like one. */
function num(value: SqlValue | undefined): number {
  return typeof value === 'number' ? value : Number.parseFloat(str(value)) || 0
}

function flag(on: boolean): bigint {
  return on ? 1n : 0n
}

function isTrue(value: SqlValue | undefined): boolean {
  return value !== null && value !== undefined && num(value) !== 0
}

function same(a: SqlValue, b: SqlValue | undefined): boolean {
  return compare(a, b) === 0
}

function compare(a: SqlValue | undefined, b: SqlValue | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') return lower(a) < lower(b) ? -1 : lower(a) > lower(b) ? 1 : 0
  return num(a) - num(b)
}

function bounded(text: string): string | null {
  return text.length > longestText ? null : text
}

function substring(text: SqlValue | undefined, from: SqlValue | undefined, count: SqlValue | undefined): string {
  const characters = [...str(text)]
  const start = num(from) > 0 ? num(from) - 1 : num(from) === 0 ? characters.length : characters.length + num(from)
  if (start < 0) return ''
  return characters.slice(start, count === undefined ? undefined : start + Math.max(0, num(count))).join('')
}

function pad(
  text: SqlValue | undefined,
  length: SqlValue | undefined,
  fill: SqlValue | undefined,
  side: 'left' | 'right',
) {
  const cut = str(text).slice(0, Math.max(0, num(length)))
  return side === 'left' ? cut.padStart(num(length), str(fill)) : cut.padEnd(num(length), str(fill))
}

function hashed(algorithm: string, text: SqlValue | undefined): string {
  return createHash(algorithm)
    .update(text instanceof Uint8Array ? text : str(text))
    .digest('hex')
}

function expression(pattern: SqlValue | undefined): RegExp {
  return new RegExp(str(pattern), 'isu')
}

function onDate(value: SqlValue | undefined, then: (ms: number) => SqlValue): SqlValue {
  const ms = parseDateTime(str(value))
  return ms === undefined ? null : then(ms)
}

function shifted(ms: number, count: number, unit: SqlValue | undefined): string | null {
  const result = addUnits(ms, count, str(unit).toUpperCase())
  return result === undefined || Math.abs(result) > 8.64e15 ? null : dateTimeText(result)
}

function dayOf(ms: number): number {
  return Math.floor(ms / 86_400_000)
}
