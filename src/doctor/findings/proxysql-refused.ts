import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'proxysql-refused',
  title: 'It was ProxySQL that refused the login, not the server behind it',
  severity: 'decisive',
  affects:
    'ProxySQL: its table mysql_users has the users and passwords of its own clients. "Access denied" without "ProxySQL Error" comes from a server behind it',
  remedy: {
    client: 'Nothing, if it logs in to the server itself with the same password.',
    server:
      'In the admin interface: SELECT username, active, use_ssl FROM runtime_mysql_users; then LOAD MYSQL USERS TO RUNTIME. A hash must be that of the plugin, with a salt of 20 bytes.',
  },
  reference: 'https://github.com/sysown/proxysql/issues/1986',
  onLogin(seen) {
    if (!wasRefused(seen) || !seen.error?.message.startsWith('ProxySQL Error')) return undefined
    return { certain: true, lines: sayError(seen) }
  },
}
