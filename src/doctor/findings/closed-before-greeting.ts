import { sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'closed-before-greeting',
  title: 'Somebody accepts the connection and closes it without a greeting',
  severity: 'decisive',
  affects:
    'Published ports of containers and load balancers with no server behind them, servers that start or stop, TCP wrappers, tunnels whose far end is not there',
  remedy: {
    client: 'Try the server itself, past what stands in between.',
    server:
      'Does it listen where the proxy looks for it? In a container that is 0.0.0.0, not 127.0.0.1 (bind_address).',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/error-lost-connection.html',
  onLogin(seen) {
    const { greeting, error, foreign, packets, end } = seen
    if (greeting !== undefined || error !== undefined || foreign !== undefined || end.by !== 'server') return undefined
    if (packets.some(({ from }) => from === 'server') || seen.stopped !== undefined) return undefined
    const how = end.how === 'rst' ? 'reset' : 'closed'
    return { certain: true, lines: [`${how} by the side of the server after ${sayMs(end.atMs)}, without a byte`] }
  },
}
