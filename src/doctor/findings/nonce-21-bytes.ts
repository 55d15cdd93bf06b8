import type { Evidence, Finding, Known } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import type { Observation, SeenExchange } from '../observation.ts'
import { byProof, isUntested } from '../reading.ts'
import { isBefore } from '../versions.ts'

/** Drivers that kept the NUL of a switch's data, and the first version without it; `undefined`: none was seen. */
const mendedIn: ReadonlyMap<string, string | undefined> = new Map([
  ['PyMySQL', '1.1.2'],
  ['go-sql-driver', '1.9.0'],
  ['aiomysql', undefined],
  ['asyncmy', undefined],
  ['aiomysql or asyncmy', undefined],
])

export const finding: Finding = {
  id: 'nonce-21-bytes',
  title: 'The client hashes 21 bytes of the nonce: the NUL behind its 20 bytes, too',
  severity: 'decisive',
  affects:
    'PyMySQL 1.0.2 to 1.1.1 (mended in 1.1.2), go-sql-driver before 1.9.0, aiomysql up to 0.3.2, asyncmy up to 0.2.11, Bun; after a switch to caching_sha2_password',
  remedy: {
    client:
      'Upgrade PyMySQL to 1.1.2 or go-sql-driver to 1.9.0, or later. Upgrading PyMySQL does not mend aiomysql, which has its own copy.',
    server:
      'Greet with the plugin of the account (default_authentication_plugin, authentication_policy), so that no switch is needed. MySQL hides the defect behind a full authentication at each login; RDS Proxy and others that check the scramble refuse it.',
  },
  reference: 'https://github.com/PyMySQL/PyMySQL/pull/1200',
  onLogin: (seen, known) =>
    byProof(known, ({ nonce, masks }) => nonce.endsWith('21-bytes') && !masks, sayUpgrade(seen)) ??
    possible(seen, known),
}

function possible(seen: Observation, known: Known): Evidence | undefined {
  const { client, version } = fingerprintOf(seen)
  const suspect = seen.exchanges.find(isSuspect)
  if (suspect === undefined || !isUntested(known) || !mendedIn.has(client)) return undefined
  const mended = mendedIn.get(client)
  if (version !== undefined && mended !== undefined && !isBefore(version, mended)) return undefined
  const line = `a switch to caching_sha2_password with ${suspect.data.length} bytes was answered by a scramble that the server did not take`
  return { certain: false, lines: [line, sayUpgrade(seen)] }
}

/** A scramble after a switch; a server that takes it (03) has checked it. */
function isSuspect({ plugin, by, data, answers, moreData }: SeenExchange): boolean {
  return (
    plugin === 'caching_sha2_password' &&
    by === 'switch' &&
    data.length === 21 &&
    answers[0]?.length === 32 &&
    moreData[0]?.[0] !== 0x03
  )
}

function sayUpgrade(seen: Observation): string {
  const who = fingerprintOf(seen)
  const mended = mendedIn.get(who.client)
  return mended === undefined ? sayClient(who) : `${sayClient(who)}; ${mended} is the first without this defect`
}
