import { isMariaDb } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'socket-account',
  title: 'The account takes no password: it goes by who runs the client, at the other end of a unix socket',
  severity: 'decisive',
  affects: 'auth_socket (MySQL) and unix_socket (MariaDB), the plugin of root after most installations',
  remedy: {
    client: 'Run as that user, over the socket: sudo mysql.',
    server:
      "Make an account with a password for programs. Or give this one a password: ALTER USER ... IDENTIFIED WITH caching_sha2_password BY '...'; MariaDB can have both: IDENTIFIED VIA unix_socket OR mysql_native_password.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/socket-pluggable-authentication.html',
  onLogin(seen) {
    if (!wasRefused(seen, 1698)) return undefined
    const mariadb = seen.greeting !== undefined && isMariaDb(seen.greeting)
    const where =
      seen.channel === 'unix-socket'
        ? 'the client came over a unix socket, as another user than the account wants'
        : 'the client did not come over a unix socket'
    const doubt = mariadb ? ['MariaDB answers so to some names that it does not know, too'] : []
    return { certain: !mariadb, lines: [where, ...sayError(seen), ...doubt] }
  },
}
