import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { abandoned } from '../reading.ts'

/** They follow one switch and no more. */
const followsOne: ReadonlySet<string> = new Set(['go-sql-driver', 'mysql_async'])

export const finding: Finding = {
  id: 'second-switch',
  title: 'The client leaves at the second switch of one login',
  severity: 'decisive',
  affects:
    'go-sql-driver ("malformed packet") and mysql_async ("unexpected packet"); MariaDB accounts with several plugins (IDENTIFIED VIA ... OR ...), and proxies that switch on their own',
  remedy: {
    client: 'Use another driver for this account.',
    server: 'Give the account one plugin, or put the one that this client knows first.',
  },
  reference: 'https://mariadb.com/kb/en/authentication-from-mariadb-10-4/',
  onLogin(seen) {
    if (abandoned(seen)?.by !== 'switch') return undefined
    const switches = seen.exchanges.filter(({ by }) => by === 'switch').map(({ plugin }) => plugin)
    if (switches.length < 2) return undefined
    const who = fingerprintOf(seen)
    const line = `switched to ${switches.join(', then to ')}; the client answered the first and left at the last`
    return { certain: followsOne.has(who.client), lines: [line, sayClient(who)] }
  },
}
