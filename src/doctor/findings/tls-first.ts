import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'tls-first',
  title: 'TLS begins with the first byte, where MySQL begins with a greeting in clear',
  severity: 'decisive',
  affects:
    'Load balancers with a TLS listener in front of MySQL ("wrong version number"), stunnel on one side only, clients that were told to use TLS on the whole port',
  remedy: {
    client:
      'Let MySQL ask for TLS itself (--ssl-mode=REQUIRED) on a port that is plain TCP; or put the other half of the tunnel on this side.',
    server: 'Let the load balancer pass TCP through, and give the server the certificate.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  onLogin({ foreign, server }) {
    if (foreign !== 'tls') return undefined
    return { certain: true, lines: [`the first bytes on port ${server.port} are a TLS record`] }
  },
}
