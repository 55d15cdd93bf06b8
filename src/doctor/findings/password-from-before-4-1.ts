import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-from-before-4-1',
  title: 'The account has a password hash from before MySQL 4.1, which servers and clients of today refuse',
  severity: 'decisive',
  affects:
    'Accounts of 16 hexadecimal digits, made with old_passwords=1 or by MySQL 4.0; 1275 from the server, 2049 or "old insecure authentication" from the client',
  remedy: {
    server:
      'Set the password anew with old_passwords=0: SET PASSWORD FOR ... = PASSWORD(...), and restart without old_passwords.',
  },
  reference: 'https://dev.mysql.com/doc/refman/5.7/en/account-upgrades.html',
  onLogin(seen) {
    // 1251 in the place of 1275: the client did not say that it knows another way.
    if (wasRefused(seen, 1275)) return { certain: true, lines: sayError(seen) }
    if (seen.outcome === 'ok' || !seen.exchanges.some(({ plugin }) => plugin === 'mysql_old_password')) return undefined
    const line = 'the server asks for mysql_old_password'
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
