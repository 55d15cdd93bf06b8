import { firstOf, longMs, sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'greeting-late',
  title: 'The server kept the client waiting for its first word, as one does that waits for its name servers',
  severity: 'risk',
  affects:
    'Servers that resolve names (skip_name_resolve=OFF, the default) with a name server that is slow or silent; connect_timeout does not end this wait. An overloaded server greets late as well',
  remedy: {
    client: 'Until then allow for it: a connect timeout that is longer than that of the name servers of the server.',
    server:
      'skip_name_resolve=ON, with accounts that name hosts by address; or repair the reverse lookup of the clients\' addresses. In SHOW PROCESSLIST such connections stand as "unauthenticated user".',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/host-cache.html',
  onLogin(seen) {
    const first = firstOf(seen, 'server')
    if (first === undefined || first.atMs < longMs) return undefined
    const after = seen.packets.find(({ from, atMs }) => from === 'server' && atMs > first.atMs)
    const contrast = after === undefined ? [] : [`its next packet came ${sayMs(after.atMs - first.atMs)} later`]
    return { certain: false, lines: [`the first packet of the server came after ${sayMs(first.atMs)}`, ...contrast] }
  },
  onProbe({ greetingMs, connectMs = 0 }) {
    if (greetingMs === undefined || greetingMs < longMs) return undefined
    const lines = [`the greeting came after ${sayMs(greetingMs)}; the connection stood after ${sayMs(connectMs)}`]
    return { certain: false, lines }
  },
}
