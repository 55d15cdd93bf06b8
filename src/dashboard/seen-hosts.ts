/** The host cache as the dashboard tells it: which addresses are blocked, and by what. */
import { setImmediate } from 'node:timers/promises'
import type { HostCacheRow } from '../server/host-cache.ts'
import type { HostSeen } from './contract.ts'
import type { Watched } from './watched.ts'

/** Blocked ones first, then the latest; no more than 1000. Reads some in each turn of the event loop. */
export async function hostsSeen({ administered }: Watched): Promise<HostSeen[]> {
  const limit = administered.settings.get('max_connect_errors')
  const isBlocked = (row: HostCacheRow) => row.SUM_CONNECT_ERRORS >= limit
  const byImportance = (a: HostCacheRow, b: HostCacheRow) =>
    Number(isBlocked(b)) - Number(isBlocked(a)) || b.LAST_SEEN - a.LAST_SEEN
  let kept: HostCacheRow[] = []
  for (const row of administered.hostCache.each()) {
    kept.push(row)
    if (kept.length < 2 * most) continue
    kept = kept.sort(byImportance).slice(0, most)
    await setImmediate()
  }
  return kept
    .sort(byImportance)
    .slice(0, most)
    .map((row) => hostSeen(row, isBlocked(row)))
}

function hostSeen(row: HostCacheRow, blocked: boolean): HostSeen {
  const counts = Object.entries(row).filter(([name, count]) => name.startsWith('COUNT_') && count !== 0)
  return {
    address: row.IP,
    name: row.HOST,
    validated: row.HOST_VALIDATED === 'YES',
    connectErrors: row.SUM_CONNECT_ERRORS,
    blocked,
    firstSeenMs: row.FIRST_SEEN,
    lastSeenMs: row.LAST_SEEN,
    lastErrorMs: row.LAST_ERROR_SEEN,
    errors: Object.fromEntries(counts) as Record<string, number>,
  }
}

const most = 1000
