/** The host cache in three figures: it can hold 65,536 addresses, of which no label may name one. */
import { setImmediate } from 'node:timers/promises'
import type { Administered } from '../../server/administered.ts'
import type { HostCacheRow } from '../../server/host-cache.ts'
import type { HostsSeen } from './family.ts'

/** Adds up the rows, with a pause now and then. */
export async function sumHosts({
  hostCache,
  settings,
}: Pick<Administered, 'hostCache' | 'settings'>): Promise<HostsSeen> {
  const limit = settings.get('max_connect_errors')
  const sums = new Map<Counter, number>()
  let rows = 0
  let blocked = 0
  for (const row of hostCache.each()) {
    if (rows === 0) for (const column of Object.keys(row)) if (isCounter(column)) sums.set(column, 0)
    rows++
    if (row.SUM_CONNECT_ERRORS >= limit) blocked++
    for (const [column, sum] of sums) sums.set(column, sum + row[column])
    if (rows % rowsAtOnce === 0) await setImmediate()
  }
  return { rows, blocked, errors: new Map(Array.from(sums, ([column, sum]) => [nameOf(column), sum])) }
}

type Counter = Extract<keyof HostCacheRow, `COUNT_${string}`>

const rowsAtOnce = 1000

function isCounter(column: string): column is Counter {
  return column.startsWith('COUNT_')
}

function nameOf(column: Counter): string {
  return column
    .slice('COUNT_'.length)
    .replace(/_ERRORS$/, '')
    .toLowerCase()
}
