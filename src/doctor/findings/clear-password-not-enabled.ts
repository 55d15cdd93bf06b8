import type { Finding } from '../finding.ts'
import { byAbandoned } from '../reading.ts'

export const finding: Finding = {
  id: 'clear-password-not-enabled',
  title: 'The client leaves when it is asked for the password in clear',
  severity: 'decisive',
  affects:
    'Every client that sends it only when told to: libmysqlclient (2059: plugin not enabled), go-sql-driver, mysql2 since 3.22, sqlx, trilogy; without TLS, or without a verified certificate, also Connector/J, Connector/Python, MariaDB Connector/Node.js, MySqlConnector and libmariadb 3.4',
  remedy: {
    client:
      'If you expect it of this server (IAM, LDAP, PAM), permit it over TLS: --enable-cleartext-plugin, allowCleartextPasswords, enableCleartextPlugin, enable_cleartext_plugin, as the driver calls it. If not, somebody may be asking for your password.',
    server:
      'Give the account a plugin that does not send the password, or offer TLS with a certificate that clients can verify.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/cleartext-pluggable-authentication.html',
  onLogin: (seen) => byAbandoned(seen, 'mysql_clear_password'),
}
