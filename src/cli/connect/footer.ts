/** The lines around a result, in the mysql client's words. */
import type { MysqlError } from '../../errors/errors.ts'
import type { ResultDone } from './session.ts'
import { visibleText } from './visible-text.ts'

/**
 * What closes a result: how much, and how long it took.
 *
 * @param rows how many were printed; left out for a statement without rows
 */
export function footer(
  { affectedRows, warnings, info }: ResultDone,
  rows: number | undefined,
  elapsedMs: number,
): string {
  const noticed = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`
  const took = `${noticed} (${duration(elapsedMs / 1000, 3)})\n`
  const more = info === '' ? '' : `${visibleText(info)}\n`
  if (rows === undefined) return `Query OK, ${counted(affectedRows, 'row')} affected${took}${more}\n`
  return `${rows === 0 ? 'Empty set' : `${counted(rows, 'row')} in set`}${took}${more}\n`
}

/** Of seconds: `2 days 1 hour 5 min 3.120 sec`. */
export function duration(seconds: number, decimals: number): string {
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor((seconds % 86_400) / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const parts = [
    days > 0 ? counted(days, 'day') : '',
    hours > 0 ? counted(hours, 'hour') : '',
    minutes > 0 ? `${minutes} min` : '',
    `${(seconds % 60).toFixed(decimals)} sec`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

/** Where in a text something was; none of it at a prompt. */
export interface Place {
  readonly line?: number
  readonly file?: string
}

/** `ERROR 1064 (42000) at line 3: ...`; without number for what no server and no protocol counts. */
export function errorLine({ code, sqlState, message }: MysqlError, place: Place = {}): string {
  return `ERROR${code === 0 ? '' : ` ${code} (${sqlState})`}${shownPlace(place)}: ${visibleText(message)}\n`
}

export function mistakeLine(why: string, place: Place = {}): string {
  return `ERROR${shownPlace(place)}: ${visibleText(why)}\n`
}

function shownPlace({ line, file }: Place): string {
  return `${line === undefined ? '' : ` at line ${line}`}${file === undefined ? '' : ` in file: '${visibleText(file)}'`}`
}

function counted(count: number | bigint, what: string): string {
  return `${count} ${what}${BigInt(count) === 1n ? '' : 's'}`
}
