import type { Finding } from '../finding.ts'
import { byAbandoned } from '../reading.ts'

export const finding: Finding = {
  id: 'caching-sha2-password-unknown',
  title: 'The client leaves when it is asked for caching_sha2_password',
  severity: 'decisive',
  affects:
    'mysqlnd before PHP 7.4 (2054), libmysqlclient 5.x (2059), libmariadb without the package of its plugins (2059: cannot be loaded)',
  remedy: {
    client: 'Upgrade the client; for libmariadb install the package that has its plugins.',
    server:
      'Give the account a plugin that the client knows: ALTER USER ... IDENTIFIED WITH mysql_native_password BY ... (up to MySQL 8.4).',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html',
  onLogin: (seen) => byAbandoned(seen, 'caching_sha2_password'),
}
