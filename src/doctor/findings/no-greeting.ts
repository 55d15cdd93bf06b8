import { longMs, sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'no-greeting',
  title: 'Somebody accepts the connection and never greets',
  severity: 'decisive',
  affects:
    '"Lost connection at reading initial communication packet" (2013): a server that waits for DNS, for a PROXY protocol header, or has no thread left; a load balancer without a server; a service that waits for its client to speak',
  remedy: {
    client: 'Is it the right port? Try the server itself, past what stands in between.',
    server:
      'Look at it from its own machine. If proxy_protocol_networks (MariaDB, Percona Server) has the address of the client, a header is waited for; if names are resolved, skip_name_resolve=ON tells whether it is that.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/error-lost-connection.html',
  onLogin(seen) {
    const { greeting, error, foreign, packets, end, durationMs } = seen
    if (greeting !== undefined || error !== undefined || foreign !== undefined || end.by === 'server') return undefined
    if (packets.some(({ from }) => from === 'server') || seen.stopped !== undefined) return undefined
    const waited = Math.max(end.atMs, durationMs)
    if (waited < longMs) return undefined
    const gaveUp = end.by === 'client' ? 'then the client gave up' : 'and the end was not seen'
    return { certain: true, lines: [`nothing from the server for ${sayMs(waited)}, ${gaveUp}`] }
  },
}
