import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'account-limit',
  title: 'User and password are right, and the account has used up what it may have',
  severity: 'decisive',
  affects: 'max_user_connections, MAX_USER_CONNECTIONS, MAX_CONNECTIONS_PER_HOUR',
  remedy: {
    client: 'Close or pool connections; where the limit is one per hour, wait.',
    server:
      'ALTER USER ... WITH MAX_USER_CONNECTIONS n, or SET GLOBAL max_user_connections for all. FLUSH USER_RESOURCES starts the hour anew.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/user-resources.html',
  ...byError([1203, 1226]),
}
