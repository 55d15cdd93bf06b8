import { capability, has } from '../../packets/capabilities.ts'
import { sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError } from '../reading.ts'

export const finding: Finding = {
  id: 'tls-never-began',
  title: 'TLS was asked for and never began',
  severity: 'decisive',
  affects:
    'Firewalls that let MySQL through and not TLS inside it, clients that cannot set up TLS (no library, an unreadable --ssl-ca). MySQL waits for it without a limit; MariaDB gives up with 1043',
  remedy: {
    client: 'Its own log says why: what stands between the request and TLS is on its side, or on the way.',
    server: 'KILL the connection: connect_timeout does not end it on MySQL.',
  },
  reference:
    'https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_ssl_request.html',
  onLogin(seen) {
    const { greeting, tls, end, outcome, packets } = seen
    if (outcome === 'ok' || tls?.requested !== true || tls.inside !== 'not-reached') return undefined
    if (tls.offered !== undefined || !has(greeting?.capabilities ?? 0, capability.SSL)) return undefined
    const asked = packets.find(({ kind }) => kind === 'SslRequest')
    const who = end.by === undefined ? 'the end was not seen' : `then the ${end.by} hung up`
    const line = `no ClientHello for ${sayMs(Math.max(0, end.atMs - (asked?.atMs ?? 0)))} after the SSLRequest, ${who}`
    return { certain: true, lines: [line, ...sayError(seen)] }
  },
}
