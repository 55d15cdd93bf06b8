import { provenFast } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-or-user-unknown',
  title: 'Password, user or host do not fit an account of the server',
  severity: 'decisive',
  affects:
    'Every server. Unknown users are asked for a proof like known ones, so nothing on the wire tells them from a wrong password; on MySQL a host cache row counts them alike',
  remedy: {
    client:
      'Log in by hand with the same password, from the same host. Give it to trace or doctor as well (--password): then the proof itself is tested.',
    server:
      "SELECT user, host, plugin FROM mysql.user WHERE user IN ('the name', ''): the row whose host fits best is the one, whatever its password. In a container MYSQL_ROOT_PASSWORD counts only when the data directory is made.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connection-access.html',
  onLogin(seen, { proofs, passwordGiven }) {
    const last = seen.exchanges.at(-1)
    if (last === undefined || !wasRefused(seen, 1045) || provenFast(last) || proofs.length > 0) return undefined
    // A NUL alone is no password.
    if (!last.answers.some(({ length }) => length > 1)) return undefined
    const tested = passwordGiven
      ? ['neither the given password nor anything like it makes the proof that was sent']
      : []
    return { certain: false, lines: [`the client answered ${last.plugin}`, ...sayError(seen), ...tested] }
  },
}
