import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'collation-for-old-clients',
  title: 'The greeting has a collation that old clients do not know, and leave at',
  severity: 'note',
  affects:
    'PHP before 7.1.16 and 7.2.4 ("Server sent charset (255) unknown to the client"), libmysqlclient before 5.7. A collation above 255 shows as its low byte, and is taken for another',
  remedy: {
    client: 'Upgrade the client.',
    server: 'Where that cannot be, character_set_server=utf8mb4 with collation_server=utf8mb4_general_ci.',
  },
  reference: 'https://bugs.mysql.com/bug.php?id=85946',
  onProbe({ greeting }) {
    // The first that MySQL 8.0 added is 255; 248 to 254 are older, but no server's default.
    if (greeting === undefined || greeting.collationId < 248) return undefined
    return { certain: true, lines: [`the greeting has the collation ${greeting.collationId}`] }
  },
}
