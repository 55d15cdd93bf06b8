/**
 * Dates as the functions of SELECT need them: text in UTC, as the tables hold it.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/date-and-time-functions.html
 */

/** Milliseconds since 1970, or `undefined` for text that is no date. */
export function parseDateTime(text: string): number | undefined {
  const parts = /^(\d{4})-(\d\d?)-(\d\d?)(?:[ T](\d\d?):(\d\d?)(?::(\d\d?)(\.\d+)?)?)?/.exec(text)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) + Math.floor(Number(parts[7] ?? 0) * 1000)
  return Number.isNaN(ms) ? undefined : ms
}

/** `YYYY-MM-DD hh:mm:ss`, with milliseconds where there are any. */
export function dateTimeText(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/(?:\.000)?Z$/, '')
}

/** DATE_FORMAT; specifiers that are not known stand for themselves, as in MySQL. */
export function formatDate(ms: number, format: string): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  const name = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(date)
  const hour = date.getUTCHours()
  const time = `${two(hour)}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  const values: Readonly<Record<string, string>> = {
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    m: two(date.getUTCMonth() + 1),
    c: String(date.getUTCMonth() + 1),
    M: name({ month: 'long' }),
    b: name({ month: 'short' }),
    d: two(date.getUTCDate()),
    e: String(date.getUTCDate()),
    H: two(hour),
    k: String(hour),
    h: two(hour % 12 || 12),
    I: two(hour % 12 || 12),
    l: String(hour % 12 || 12),
    i: two(date.getUTCMinutes()),
    s: two(date.getUTCSeconds()),
    S: two(date.getUTCSeconds()),
    f: `${String(date.getUTCMilliseconds()).padStart(3, '0')}000`,
    p: hour < 12 ? 'AM' : 'PM',
    T: time,
    W: name({ weekday: 'long' }),
    a: name({ weekday: 'short' }),
    w: String(date.getUTCDay()),
    '%': '%',
  }
  return format.replace(/%(.)/g, (_, specifier: string) => values[specifier] ?? specifier)
}

/** Adds `count` units (DAY, HOUR ...); `undefined` for a unit that is not known. */
export function addUnits(ms: number, count: number, unit: string): number | undefined {
  const months = { MONTH: 1, QUARTER: 3, YEAR: 12 }[unit]
  if (months !== undefined) {
    const date = new Date(ms)
    const day = date.getUTCDate()
    date.setUTCDate(1)
    date.setUTCMonth(date.getUTCMonth() + count * months)
    const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
    return date.setUTCDate(Math.min(day, lastDay))
  }
  const length = unitMs[unit]
  return length === undefined ? undefined : ms + count * length
}

/** Whole units from one time to another, as TIMESTAMPDIFF counts; months and years by the calendar. */
export function unitsBetween(fromMs: number, toMs: number, unit: string): number | undefined {
  const months = { MONTH: 1, QUARTER: 3, YEAR: 12 }[unit]
  if (months === undefined) {
    const length = unitMs[unit]
    return length === undefined ? undefined : Math.trunc((toMs - fromMs) / length)
  }
  const [from, to] = [new Date(fromMs), new Date(toMs)]
  const calendar = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()
  const inMonth = (date: Date) => date.getTime() - Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
  const short = calendar > 0 && inMonth(to) < inMonth(from) ? 1 : calendar < 0 && inMonth(to) > inMonth(from) ? -1 : 0
  return Math.trunc((calendar - short) / months)
}

const unitMs: Readonly<Record<string, number>> = {
  MICROSECOND: 0.001,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
  WEEK: 604_800_000,
}
