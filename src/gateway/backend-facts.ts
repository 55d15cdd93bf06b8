/** What several servers have in common, as far as a greeting tells. */
import { capability } from '../packets/capabilities.ts'
import type { BackendFacts } from './backend.ts'

/**
 * A greeting that none of them contradicts: capabilities that all have, the oldest version. Where MySQL and MariaDB are mixed it is
 * MySQL's, and nothing of MariaDB is offered. `undefined` for none.
 */
export function commonFacts(seen: readonly BackendFacts[]): BackendFacts | undefined {
  const mysql = seen.filter(({ capabilities }) => (capabilities & capability.LONG_PASSWORD) !== 0)
  const [model] = (mysql.length > 0 ? mysql : seen).toSorted((a, b) =>
    compareVersions(a.serverVersion, b.serverVersion),
  )
  if (model === undefined) return undefined
  const shared = seen.reduce((all, { capabilities }) => all & capabilities, -1)
  return {
    ...model,
    // Its absence is how MariaDB says that it has capabilities of its own.
    capabilities: (shared | (model.capabilities & capability.LONG_PASSWORD)) >>> 0,
    mariadbCapabilities: seen.reduce((all, { mariadbCapabilities }) => all & mariadbCapabilities, -1) >>> 0,
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  for (const at of [0, 1, 2]) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function numbersOf(version: string): number[] {
  // MariaDB before 11 puts 5.5.5- in front, for clients that know no major version 10.
  return (/^(?:5\.5\.5-)?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '').split('.').map(Number)
}
