import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'anonymous-user',
  title: 'An anonymous account took the login in the place of the one that was meant',
  severity: 'decisive',
  affects:
    "MySQL before 5.7 and MariaDB installed by mysql_install_db without mysql_secure_installation: ''@'localhost' goes before 'user'@'%'",
  remedy: {
    client:
      'Until then, log in from a host that the anonymous account does not fit: by TCP instead of the socket, for instance.',
    server: "DROP USER ''@'localhost', and every other account with an empty name (mysql_secure_installation does).",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connection-access.html',
  onLogin(seen) {
    const { login, error } = seen
    if (login === undefined || login.user.length === 0 || !wasRefused(seen, 1044)) return undefined
    // Alone among the errors of a login, this one names the account instead of the client.
    if (!error?.message.includes("for user ''@'")) return undefined
    return { certain: true, lines: [`the client gave a user of ${login.user.length} bytes`, ...sayError(seen)] }
  },
}
