import { isMariaDb } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'account-without-login',
  title: 'The account is one that nobody may log in to',
  severity: 'decisive',
  affects: 'Accounts with mysql_no_login, made as owners of views and procedures, or to be proxied to',
  remedy: {
    client: 'Log in with another account.',
    server:
      "SELECT plugin FROM mysql.user WHERE user = 'the name' shows it. An account that is to be proxied to is reached through one that has GRANT PROXY.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/no-login-pluggable-authentication.html',
  onLogin(seen) {
    const { greeting, exchanges, error } = seen
    const [first] = exchanges
    if (greeting === undefined || first === undefined || isMariaDb(greeting) || !wasRefused(seen, 1045))
      return undefined
    const proof = first.answers[0]?.length ?? 0
    // MySQL says NO to an empty answer only, but for this plugin, which does not look at it.
    if (exchanges.length > 1 || proof < 20 || !error?.message.endsWith('(using password: NO)')) return undefined
    return { certain: false, lines: [`the client sent a proof of ${proof} bytes`, ...sayError(seen)] }
  },
}
