import { provenFast } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { proofHolds, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'proof-right-and-refused',
  title: 'The client proved the password that was given, and the server refused it',
  severity: 'decisive',
  affects:
    "Servers with several rows for a user ('u'@'10.%' beside 'u'@'%', ''@'localhost'), accounts with REQUIRE, proxies with passwords of their own",
  remedy: {
    client:
      'Nothing is wrong with how it logs in. If the account asks for TLS or a client certificate, connect with it.',
    server:
      "SELECT user, host, plugin, ssl_type FROM mysql.user WHERE user IN ('the name', ''): the row whose host fits best has another password, another plugin, or a requirement. Behind a proxy, compare the password that the proxy has.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connection-access.html',
  onLogin(seen, known) {
    const last = seen.exchanges.at(-1)
    if (last === undefined || !proofHolds(known) || !wasRefused(seen, 1045) || provenFast(last)) return undefined
    return { certain: true, lines: [`the proof of ${last.plugin} holds for the given password`, ...sayError(seen)] }
  },
}
