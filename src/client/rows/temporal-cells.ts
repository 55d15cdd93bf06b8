/**
 * Dates and times of the binary protocol as the text protocol prints them: with the digits of a second that the column
 * has, where `packets/temporal.ts`, which knows no column, gives six or none.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import { Buffer } from 'node:buffer'
import { fieldType } from '../../packets/column-definition.ts'
import { ascii, type DecodeCell, refuseCell, u16, u32 } from './cells.ts'

/** For DATE, DATETIME, TIMESTAMP and TIME. Units: `decimals` is digits of a second; more than 6 is six or none. */
export function temporalCell(type: number, decimals: number): DecodeCell {
  // Each value writes its digits over those of the one before.
  const text = Buffer.from('0000-00-00 00:00:00.000000', 'latin1')
  if (type === fieldType.TIME) {
    return (row, start, end) => {
      const length = end - start
      if (length !== 0 && length !== 8 && length !== 12) refuseCell(start, end, 'a time of 0, 8 or 12 bytes')
      const sign = length > 0 && row[start] === 1 ? '-' : ''
      const hours = length > 0 ? u32(row, start + 1) * 24 + (row[start + 5] as number) : 0
      const textEnd = writeMinutes(text, row, length > 0 ? start + 6 : end, end, decimals)
      return `${sign}${hours < 10 ? '0' : ''}${hours}${ascii(text, 13, textEnd)}`
    }
  }
  return (row, start, end) => {
    const length = end - start
    if (length !== 0 && length !== 4 && length !== 7 && length !== 11) {
      refuseCell(start, end, 'a date of 0, 4, 7 or 11 bytes')
    }
    const year = length > 0 ? u16(row, start) : 0
    const month = length > 0 ? (row[start + 2] as number) : 0
    const day = length > 0 ? (row[start + 3] as number) : 0
    const hour = length > 4 ? (row[start + 4] as number) : 0
    if (year > 9999 || month > 99 || day > 99 || hour > 99) refuseCell(start, end, 'a date that can be printed')
    writeTwo(text, 0, (year / 100) | 0)
    writeTwo(text, 2, year % 100)
    writeTwo(text, 5, month)
    writeTwo(text, 8, day)
    if (type === fieldType.DATE) return ascii(text, 0, 10)
    writeTwo(text, 11, hour)
    return ascii(text, 0, writeMinutes(text, row, length > 4 ? start + 5 : end, end, decimals))
  }
}

/** Writes minutes, seconds and microseconds from offset 14, zero where the value ends before; returns the text's end. */
function writeMinutes(text: Uint8Array, row: Uint8Array, start: number, end: number, decimals: number): number {
  const minute = start < end ? (row[start] as number) : 0
  const second = start < end ? (row[start + 1] as number) : 0
  const microseconds = start + 2 < end ? u32(row, start + 2) : 0
  if (minute > 99 || second > 99 || microseconds > 999_999) refuseCell(start, end, 'a time that can be printed')
  writeTwo(text, 14, minute)
  writeTwo(text, 17, second)
  const announced = decimals > 6 ? 0 : decimals
  if (announced === 0 && microseconds === 0) return 19
  writeTwo(text, 20, (microseconds / 10_000) | 0)
  writeTwo(text, 22, ((microseconds / 100) | 0) % 100)
  writeTwo(text, 24, microseconds % 100)
  // What the column does not announce is not lost either.
  return microseconds % 10 ** (6 - announced) === 0 ? 20 + announced : 26
}

function writeTwo(text: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0
  text[at] = 0x30 + tens
  text[at + 1] = 0x30 + value - tens * 10
}
