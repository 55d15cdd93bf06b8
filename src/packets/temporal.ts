/**
 * Dates and times of the binary protocol, as the text that MySQL prints.
 *
 * The wire leaves out what is zero from the end: a DATETIME takes 0, 4, 7 or 11 bytes behind its length, a TIME 0, 8 or
 * 12. Text keeps microseconds, unlike `Date`, and can hold zero dates and times above 24 hours.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import type { PacketReader } from '../wire/reader.ts'
import type { PacketWriter } from '../wire/writer.ts'

const DATETIME_TEXT = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/
const TIME_TEXT = /^(-?)(\d{1,10}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/

/** Writes DATE, DATETIME and TIMESTAMP from `YYYY-MM-DD[ hh:mm:ss[.ffffff]]`. Throws: `ConfigurationError`. */
export function writeDateTime(writer: PacketWriter, text: string): void {
  const match = DATETIME_TEXT.exec(text)
  if (match === null) throw new ConfigurationError('a date and time is written YYYY-MM-DD[ hh:mm:ss[.ffffff]]')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((x) => Number(x ?? 0))
  const micros = microseconds(match[7])
  const hasTime = hour + minute + second + micros > 0
  if (!hasTime && year + month + day === 0) {
    writer.u8(0)
    return
  }
  writer
    .u8(micros > 0 ? 11 : hasTime ? 7 : 4)
    .u16(year)
    .u8(month)
    .u8(day)
  if (hasTime) writer.u8(hour).u8(minute).u8(second)
  if (micros > 0) writer.u32(micros)
}

/** Reads a DATE, or with `withTime` a DATETIME or TIMESTAMP. Throws: `MalformedPacket`. */
export function readDateTime(reader: PacketReader, withTime: boolean): string {
  const length = reader.u8('length of date')
  if (length !== 0 && length !== 4 && length !== 7 && length !== 11) {
    return reader.refuse('length of date', '0, 4, 7 or 11')
  }
  let date = '0000-00-00'
  if (length >= 4) date = `${pad(reader.u16('year'), 4)}-${pad(reader.u8('month'))}-${pad(reader.u8('day'))}`
  const time = length >= 7 ? readClock(reader, reader.u8('hour'), length === 11) : '00:00:00'
  return withTime ? `${date} ${time}` : date
}

/** Writes TIME from `[-]hh:mm:ss[.ffffff]`, where hours may be above 24. Throws: `ConfigurationError`. */
export function writeTime(writer: PacketWriter, text: string): void {
  const match = TIME_TEXT.exec(text)
  if (match === null) throw new ConfigurationError('a time is written [-]hh:mm:ss[.ffffff]')
  const hours = Number(match[2])
  const minute = Number(match[3])
  const second = Number(match[4])
  const micros = microseconds(match[5])
  if (hours + minute + second + micros === 0) {
    writer.u8(0)
    return
  }
  writer.u8(micros > 0 ? 12 : 8).u8(match[1] === '-' ? 1 : 0)
  writer
    .u32(Math.floor(hours / 24))
    .u8(hours % 24)
    .u8(minute)
    .u8(second)
  if (micros > 0) writer.u32(micros)
}

/** Reads a TIME. Throws: `MalformedPacket`. */
export function readTime(reader: PacketReader): string {
  const length = reader.u8('length of time')
  if (length === 0) return '00:00:00'
  if (length !== 8 && length !== 12) return reader.refuse('length of time', '0, 8 or 12')
  const sign = reader.u8('sign') === 1 ? '-' : ''
  const days = reader.u32('days')
  return sign + readClock(reader, days * 24 + reader.u8('hour'), length === 12)
}

function readClock(reader: PacketReader, hours: number, withMicros: boolean): string {
  const clock = `${pad(hours)}:${pad(reader.u8('minute'))}:${pad(reader.u8('second'))}`
  return withMicros ? `${clock}.${pad(reader.u32('microseconds'), 6)}` : clock
}

function microseconds(digits: string | undefined): number {
  return Number((digits ?? '').padEnd(6, '0'))
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
