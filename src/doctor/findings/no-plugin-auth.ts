import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'no-plugin-auth',
  title: 'The client knows no authentication plugins, and the account needs one',
  severity: 'decisive',
  affects:
    'The npm package mysql (2.18 and before), mysqlnd of PHP 5.3, libmysqlclient before 5.5.7; against MySQL 9 always, before for every account that is not mysql_native_password',
  remedy: {
    client: 'Change to a driver that does: for Node.js mysql2, which has the same interface.',
    server:
      'Up to MySQL 8.4, an account with mysql_native_password lets it in: ALTER USER ... IDENTIFIED WITH mysql_native_password BY ...; MySQL 9 has it no longer.',
  },
  reference: 'https://github.com/mysqljs/mysql/issues/2005',
  onLogin(seen) {
    const { login } = seen
    if (login === undefined || has(login.capabilities, capability.PLUGIN_AUTH) || !wasRefused(seen, 1251))
      return undefined
    const line = 'CLIENT_PLUGIN_AUTH is not among the capabilities of the login'
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
