import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError } from '../reading.ts'

export const finding: Finding = {
  id: 'tls-asked-unoffered',
  title: 'The client asks for TLS though the server does not offer it',
  severity: 'decisive',
  affects:
    'asyncmy, and others that do not look at the greeting: the server takes the request for a broken login (1043)',
  remedy: {
    client: 'Switch TLS off for this server, or use a driver that says that there is none.',
    server: 'Give it a certificate (ssl_ca, ssl_cert, ssl_key).',
  },
  reference:
    'https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_ssl_request.html',
  onLogin(seen) {
    const { greeting, sslRequest } = seen
    if (greeting === undefined || sslRequest === undefined || has(greeting.capabilities, capability.SSL))
      return undefined
    const line = 'an SSLRequest, after a greeting without CLIENT_SSL'
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
