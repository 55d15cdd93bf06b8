import { sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'hung-up-without-verdict',
  title: 'The server hangs up on the client in the place of a verdict',
  severity: 'decisive',
  affects:
    'Proxies whose server is gone or refuses them, servers that stop or crash, firewalls that look into the connection',
  remedy: {
    client: 'Try the server itself, past what stands in between.',
    server:
      'The error log of the server, or of the proxy, at this time. A server that refuses says so by an ERR: one without it was not asked, or died.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/communication-errors.html',
  onLogin({ login, outcome, end, packets, gaps }) {
    const last = packets.at(-1)
    if (gaps.length > 0) return undefined
    if (login === undefined || outcome !== 'aborted' || end.by !== 'server' || last?.from !== 'client') return undefined
    const how = end.how === 'rst' ? 'a reset' : 'the end of the connection'
    return { certain: true, lines: [`${how} ${sayMs(end.atMs - last.atMs)} after ${last.kind} of the client`] }
  },
}
