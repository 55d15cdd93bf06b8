import { command } from '../../packets/commands.ts'
import type { Finding } from '../finding.ts'
import { clientLeft, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'packets-out-of-order',
  title: 'One side lost count of the packets',
  severity: 'decisive',
  affects:
    'Proxies that do not restart the sequence ids, PROXY protocol headers for a server that expects none, clients that send a command where an answer is due: "Packets out of order. Expected 1 received 2", 1156',
  remedy: {
    client: 'Log in past the proxy: if that works, it is the proxy.',
    server:
      'Upgrade the proxy; look at whether it sends a PROXY protocol header, and whether this server is to take it.',
  },
  reference: 'https://github.com/sysown/proxysql/issues/777',
  onLogin(seen) {
    const odd = seen.packets.filter(({ kind, payload, length, problem }) => {
      const quits = length === 1 && payload[0] === command.QUIT
      return kind !== 'Err' && !quits && problem?.includes('sequence id')
    })
    const lines = odd.map(({ from, kind, problem }) => `${kind} of the ${from}: ${problem}`)
    if (wasRefused(seen, 1156)) return { certain: true, lines: [...lines, ...sayError(seen)] }
    const byServer = odd.some(({ from }) => from === 'server')
    return byServer && clientLeft(seen) ? { certain: true, lines: [...lines, 'then the client left'] } : undefined
  },
}
