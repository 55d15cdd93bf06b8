import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'proxy-privilege-missing',
  title: 'The login is right and leads to another account, for which it lacks the privilege',
  severity: 'decisive',
  affects:
    'Accounts of PAM, LDAP and Kerberos that are mapped to others by group, and of auth_test_plugin; MySQL 5.5 and later',
  remedy: {
    server:
      'GRANT PROXY ON the account that it is mapped to TO the account that the error names; SHOW CREATE USER has the mapping.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/proxy-users.html',
  ...byError([6126]),
}
