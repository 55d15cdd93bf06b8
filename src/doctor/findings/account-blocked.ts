import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'account-blocked',
  title: 'Too many wrong passwords in a row have blocked the account, for the right one as well',
  severity: 'decisive',
  affects: 'Accounts with FAILED_LOGIN_ATTEMPTS and PASSWORD_LOCK_TIME, MySQL 8.0.19 and later',
  remedy: {
    client:
      'Find what still sends the old password, or the block comes again: a second instance, a monitor, a pool that retries.',
    server: 'ALTER USER ... ACCOUNT UNLOCK ends the block at once; a restart and FLUSH PRIVILEGES end all of them.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/password-management.html#failed-login-tracking',
  ...byError([3955]),
}
