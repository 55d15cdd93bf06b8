import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { leftAtGreeting } from '../reading.ts'

export const finding: Finding = {
  id: 'left-without-tls',
  title: 'The client leaves at a greeting that does not offer TLS',
  severity: 'decisive',
  affects:
    'Clients that insist on TLS: MariaDB 11.4 and Connector/C 3.4 by default ("SSL is required, but the server does not support it"), --ssl-mode=REQUIRED, mysql2 (HANDSHAKE_NO_SSL_SUPPORT), go-sql-driver (ErrNoTLS)',
  remedy: {
    client: 'Only if the network is trusted, do without: --ssl-mode=DISABLED, --skip-ssl.',
    server:
      'Give it a certificate (ssl_ca, ssl_cert, ssl_key). Behind a proxy it is the greeting of the proxy that counts.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  onLogin(seen) {
    const { greeting } = seen
    if (greeting === undefined || has(greeting.capabilities, capability.SSL) || !leftAtGreeting(seen)) return undefined
    const lines = [
      'the greeting does not have CLIENT_SSL; the client closes after it without a word',
      'a health check that only looks at the greeting looks the same',
    ]
    return { certain: false, lines }
  },
}
