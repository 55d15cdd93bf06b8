import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'database-refused',
  title: 'User and password are right; it is the default database that the account may not have',
  severity: 'decisive',
  affects:
    'Every server. 1044: no privilege on it, and whether it exists is not said; 1049: it does not exist. npm mariadb omits the name in changeUser() to MariaDB, which then reads "-"',
  remedy: {
    client: 'Correct the name, its case included, or leave it out and USE it later.',
    server:
      'GRANT ... ON `the database`.* TO the account that the error names; it is the row of mysql.user that was chosen.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/problems-connecting.html',
  ...byError([1044, 1049]),
}
