import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'x-protocol-port',
  title: 'This is the port of the X Protocol; the client speaks the classic one',
  severity: 'decisive',
  affects:
    'Port 33060 of MySQL 8.0 and later: "Protocol mismatch; server version = 11", "Packets out of order", a hang',
  remedy: {
    client: 'Connect to the classic port, usually 3306. For X DevAPI clients 33060 is right (mysqlx://).',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/x-plugin.html',
  onLogin({ foreign, server }) {
    if (foreign !== 'x-protocol') return undefined
    return { certain: true, lines: [`on port ${server.port} the server begins with a notice of the X Protocol`] }
  },
}
