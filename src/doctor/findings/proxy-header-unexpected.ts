import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'proxy-header-unexpected',
  title: 'A PROXY protocol header comes before the login, and the server does not take it',
  severity: 'decisive',
  affects:
    'HAProxy (send-proxy, send-proxy-v2), AWS NLB and others in front of a server that was not told to expect the header: 1156, 1043, or silence until connect_timeout. MySQL itself has no such option',
  remedy: {
    client: 'Log in past the load balancer.',
    server:
      'Switch the header off at the load balancer; or on at the server: proxy_protocol_networks with its address (MariaDB, Percona Server).',
  },
  reference: 'https://mariadb.com/kb/en/proxy-protocol-support/',
  onLogin(seen) {
    const header = seen.packets.find(({ problem }) => problem?.includes('header of the PROXY protocol'))
    if (header === undefined || seen.outcome === 'ok') return undefined
    const misread = wasRefused(seen, 1043, 1153, 1156, 1835)
    if (!misread && seen.outcome !== 'aborted') return undefined
    const line = `${header.length} bytes of PROXY protocol before anything else`
    return { certain: misread, lines: [line, ...sayError(seen)] }
  },
}
