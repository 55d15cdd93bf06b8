import { longMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { clientLeft, leftAtGreeting } from '../reading.ts'

export const finding: Finding = {
  id: 'no-login-after-greeting',
  title: 'The client goes away without a login, which counts towards the blocking of its host',
  severity: 'risk',
  affects:
    'TCP health checks of load balancers (HAProxy "check" and "mysql-check" without a user, nc), monitors, port scans. Not counted from 127.0.0.1',
  remedy: {
    client: 'Let the check log in with an account of its own, or look at another port.',
    server:
      'A larger max_connect_errors; a login that succeeds sets the count of its host back to 0. performance_schema.host_cache shows SUM_CONNECT_ERRORS.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/host-cache.html',
  onLogin(seen) {
    const soon = seen.packets.length === 0 && seen.end.atMs < longMs
    const atOnce = soon && seen.foreign === undefined && clientLeft(seen)
    if (!atOnce && !leftAtGreeting(seen)) return undefined
    const how = seen.end.how === 'rst' ? 'resets the connection' : 'closes the connection'
    return {
      certain: true,
      lines: [`the client ${how} ${atOnce ? 'before' : 'after'} the greeting; it has sent nothing`],
    }
  },
}
