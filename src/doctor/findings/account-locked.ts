import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'account-locked',
  title: 'The password is right and the account is locked',
  severity: 'decisive',
  affects: 'MySQL 5.7 and later (3118), MariaDB 10.4 and later (4151)',
  remedy: {
    client: 'Log in with another account.',
    server: 'ALTER USER ... ACCOUNT UNLOCK. Roles are locked accounts: nobody is meant to log in to one.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/account-locking.html',
  ...byError([3118, 4151], () => ['a wrong password would have got 1045']),
}
