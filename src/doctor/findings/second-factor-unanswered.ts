import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { abandoned } from '../reading.ts'

export const finding: Finding = {
  id: 'second-factor-unanswered',
  title: 'The client leaves when it is asked for the next factor',
  severity: 'decisive',
  affects:
    'Clients that have no second password, or may not send it: mysql_clear_password wants to be permitted, and often TLS',
  remedy: {
    client:
      'Give the second password (--password2, password2), and permit its plugin (--enable-cleartext-plugin, enableCleartextPlugin), with TLS.',
    server: 'ALTER USER ... DROP 2 FACTOR, if no second factor is meant.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/multifactor-authentication.html',
  onLogin(seen) {
    const exchange = abandoned(seen)
    if (exchange?.by !== 'next-factor') return undefined
    const { factor, plugin, channel } = exchange
    const line = `factor ${factor - 1} passed; factor ${factor} is ${plugin} on ${channel}, which the client leaves unanswered`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen))] }
  },
}
