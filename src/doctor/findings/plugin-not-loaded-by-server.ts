import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'plugin-not-loaded-by-server',
  title: 'The account has a plugin that this server does not have',
  severity: 'decisive',
  affects:
    'Accounts with mysql_native_password on MySQL 8.4 (off by default) and 9 (removed), and with any plugin that was uninstalled',
  remedy: {
    client: 'Nothing: every client is refused so.',
    server:
      'ALTER USER ... IDENTIFIED WITH caching_sha2_password BY ...; on MySQL 8.4 mysql_native_password=ON in its configuration brings the plugin back.',
  },
  reference: 'https://dev.mysql.com/doc/refman/8.4/en/native-pluggable-authentication.html',
  onLogin: (seen) => (wasRefused(seen, 1524) ? { certain: true, lines: sayError(seen) } : undefined),
}
