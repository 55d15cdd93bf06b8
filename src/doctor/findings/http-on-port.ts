import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'http-on-port',
  title: 'HTTP is spoken on this port',
  severity: 'decisive',
  affects:
    'Wrong ports, proxies that answer in clear HTTP ("got 80 expected 0", "Packets out of order"), health checks and browsers sent to the port of MySQL',
  remedy: {
    client:
      'Correct the port: 3306 is the usual one. A forward proxy has to be asked for the way (CONNECT) before MySQL is spoken.',
    server: 'If HTTP health checks come to the port of MySQL, point them at another.',
  },
  reference: 'https://github.com/PyMySQL/PyMySQL/issues/622',
  onLogin({ foreign, server }) {
    if (foreign !== 'http') return undefined
    return { certain: true, lines: [`the first bytes on port ${server.port} are those of HTTP`] }
  },
}
