import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'tls-not-offered',
  title: 'The server does not offer TLS',
  severity: 'risk',
  affects:
    'Servers without a certificate (MariaDB before 11.4), with tls_version="", and proxies. Clients that insist on TLS leave; passwords in clear and RSA keys can be read and changed on the way',
  remedy: {
    client: 'Only if the network is trusted, do without: --ssl-mode=DISABLED.',
    server:
      'Give it a certificate (ssl_ca, ssl_cert, ssl_key); MySQL makes one at its first start, MariaDB from 11.4 on.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  onProbe({ greeting }) {
    if (greeting === undefined || has(greeting.capabilities, capability.SSL)) return undefined
    return { certain: true, lines: ['its greeting does not have CLIENT_SSL'] }
  },
}
