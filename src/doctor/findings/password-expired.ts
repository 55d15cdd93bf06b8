import { laterErrors } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-expired',
  title: 'The password is right and has expired',
  severity: 'decisive',
  affects:
    'MySQL 5.7 and later, MariaDB 10.4 and later. A client with CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS gets in, and is refused its statements (1820)',
  remedy: {
    client:
      "Change it: the mysql client does so at a prompt, others with an option (connectExpiredPassword, --connect-expired-password); then ALTER USER USER() IDENTIFIED BY '...'.",
    server: 'ALTER USER ... PASSWORD EXPIRE NEVER for accounts of programs; default_password_lifetime for all.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/expired-password-handling.html',
  onLogin(seen) {
    if (wasRefused(seen, 1862)) return { certain: true, lines: sayError(seen) }
    const later = laterErrors(seen).find(({ code }) => code === 1820)
    return later && { certain: true, lines: [`let in, and at the first statement ${later.code}: ${later.message}`] }
  },
}
