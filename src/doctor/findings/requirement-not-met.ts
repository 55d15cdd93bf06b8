import { capability, has } from '../../packets/capabilities.ts'
import { provenFast } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'requirement-not-met',
  title: 'The password is right, and the account asks for TLS or a certificate that is not there',
  severity: 'decisive',
  affects: 'Accounts with REQUIRE SSL, X509, SUBJECT, ISSUER or CIPHER: the server says 1045, as for a wrong password',
  remedy: {
    client:
      'Without TLS so far: connect with it. With TLS: give the client certificate that the account names (--ssl-cert, --ssl-key).',
    server:
      'SHOW CREATE USER shows the requirement; ALTER USER ... REQUIRE NONE takes it away. performance_schema.host_cache counts it in COUNT_SSL_ERRORS.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/create-user.html#create-user-tls',
  onLogin(seen) {
    const { greeting, login, channel, exchanges } = seen
    const last = exchanges.at(-1)
    if (last === undefined || !provenFast(last) || !wasRefused(seen, 1045)) return undefined
    // Who does not know a second factor is refused in the same words.
    const otherwise =
      has(greeting?.capabilities ?? 0, capability.MULTI_FACTOR_AUTHENTICATION) &&
      !has(login?.capabilities ?? 0, capability.MULTI_FACTOR_AUTHENTICATION)
    const way = channel === 'tls' ? 'over TLS' : channel === 'unix-socket' ? 'over a unix socket' : 'without TLS'
    const lines = ['the server said that the proof is right (fast authentication)', `the login went ${way}`]
    return { certain: !otherwise, lines: [...lines, ...sayError(seen)] }
  },
}
