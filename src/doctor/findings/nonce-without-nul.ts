import type { Finding } from '../finding.ts'
import type { SeenExchange } from '../observation.ts'
import { clientLeft, noncePlugins } from '../reading.ts'

export const finding: Finding = {
  id: 'nonce-without-nul',
  title: 'The server does not send 20 bytes of nonce and a NUL',
  severity: 'risk',
  affects:
    'Home-made servers and proxies. libmysqlclient and libmariadb (2012), sqlx ("expected 21 bytes") and trilogy refuse anything else; MariaDB Connector/J and Connector/Node.js drop the last byte, whatever it is',
  remedy: { server: 'Send 21 bytes in greeting and switch: the nonce, and the NUL behind it.' },
  reference:
    'https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html',
  onLogin(seen) {
    const odd = seen.exchanges.filter(isOdd)
    if (odd.length === 0) return undefined
    const lines = odd.map(({ plugin, by, data }) => {
      const where = by === 'login' ? 'greeting' : 'switch'
      const last = data.length === 21 ? `, the last of them ${data[20]}` : ''
      return `the ${where} brings ${data.length} bytes for ${plugin}${last}`
    })
    return { certain: true, lines: clientLeft(seen) ? [...lines, 'the client left upon it'] : lines }
  },
}

function isOdd({ plugin, by, data }: SeenExchange): boolean {
  // COM_CHANGE_USER answers the nonce of the greeting, which was looked at there.
  return noncePlugins.has(plugin) && by !== 'change-user' && (data.length !== 21 || data[20] !== 0)
}
