import type { Finding } from '../finding.ts'
import { byAbandoned } from '../reading.ts'

export const finding: Finding = {
  id: 'mariadb-plugin-unknown',
  title: 'The client leaves when it is asked for a plugin of MariaDB',
  severity: 'decisive',
  affects:
    'Clients made for MySQL (2059, 2054, "unknown plugin"), PyMySQL without PyNaCl, libmariadb without its plugin files; often root of a MariaDB on Windows, which has gssapi',
  remedy: {
    client:
      'Use a client of MariaDB (Connector/C with its plugins, Connector/J, Connector/Node.js); for client_ed25519 also PyMySQL with PyNaCl, or go-sql-driver 1.8 and later. dialog (PAM) sends the password, which some send inside TLS only.',
    server:
      'Give the account a plugin that every client knows: ALTER USER ... IDENTIFIED VIA mysql_native_password USING PASSWORD(...).',
  },
  reference: 'https://mariadb.com/kb/en/authentication-plugin-ed25519/',
  onLogin: (seen) => byAbandoned(seen, 'client_ed25519', 'parsec', 'dialog', 'auth_gssapi_client'),
}
