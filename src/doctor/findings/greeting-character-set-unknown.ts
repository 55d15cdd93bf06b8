import type { Finding } from '../finding.ts'
import { leftAtGreeting } from '../reading.ts'

/** Low bytes of collations that some clients do not find in their tables; elsewhere no client stumbles. */
const unknown: ReadonlyMap<number, string> = new Map([
  [255, 'utf8mb4_0900_ai_ci, the default of MySQL 8.0 and later'],
  [0, 'the low byte of a larger number, as of the uca1400 collations of MariaDB'],
])

export const finding: Finding = {
  id: 'greeting-character-set-unknown',
  title: 'The client leaves at the greeting, whose character set some clients do not know',
  severity: 'decisive',
  affects:
    '"Server sent charset (255) unknown to the client" (2054): old mysqlnd and libmysqlclient against MySQL 8.0 and later. "charset (0)": mysqlnd, PHP 8.3 too, against MariaDB 11.3.1 and others with a collation from 256 on',
  remedy: {
    client: 'Upgrade the client.',
    server:
      'Set collation_server to one that all clients know (utf8mb4_general_ci, number 45); databases and tables keep theirs.',
  },
  reference: 'https://jira.mariadb.org/browse/MDEV-32975',
  onLogin(seen) {
    const id = seen.greeting?.collationId
    const name = id === undefined ? undefined : unknown.get(id)
    if (name === undefined || !leftAtGreeting(seen)) return undefined
    const lines = [
      `the greeting has the collation ${id} (${name}); the client closes after it without a word`,
      'a health check that only looks at the greeting looks the same',
    ]
    return { certain: false, lines }
  },
}
