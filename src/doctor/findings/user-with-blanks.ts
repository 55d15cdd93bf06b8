import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'user-with-blanks',
  title: 'The user name begins or ends with a blank, a newline or another sign that nobody sees',
  severity: 'decisive',
  affects: 'Names from files, secrets and forms (echo without -n, copy and paste)',
  remedy: { client: 'Give the name without it: printf %s instead of echo, trim what is read.' },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/account-names.html',
  onLogin(seen) {
    const user = seen.login === undefined ? '' : Buffer.from(seen.login.user).toString('utf8')
    const edges = [/^[\s\p{C}]/u.exec(user)?.[0], /[\s\p{C}]$/u.exec(user)?.[0]].flatMap((sign) => sign ?? [])
    if (edges.length === 0 || !wasRefused(seen)) return undefined
    const signs = edges.map((sign) => `U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`)
    return { certain: true, lines: [`the user name has ${signs.join(' and ')} at its edge`, ...sayError(seen)] }
  },
}
