import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'login-not-understood',
  title: 'The server could not read the login',
  severity: 'decisive',
  affects:
    'Clients from before MySQL 4.1, clients that ask for TLS and do not begin it, PROXY protocol headers, fields that contradict the capability flags; on MySQL another collation inside TLS than in the request for it',
  remedy: {
    client: 'Upgrade the client; log in past what stands in between.',
  },
  reference:
    'https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html',
  ...byError([1043], (_, seen) => {
    const { sslRequest, login, packets = [] } = seen ?? {}
    const odd = packets.flatMap(({ from, kind, problem }) =>
      from === 'client' && problem !== undefined ? [`${kind}: ${problem}`] : [],
    )
    if (sslRequest === undefined || login === undefined || sslRequest.collationId === login.collationId) return odd
    return [...odd, `collation ${sslRequest.collationId} in the SSLRequest, ${login.collationId} inside TLS`]
  }),
}
