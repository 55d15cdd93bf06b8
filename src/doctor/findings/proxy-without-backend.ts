import { laterErrors } from '../evidence.ts'
import type { Finding } from '../finding.ts'

/** In the words of ProxySQL, of RDS Proxy, and of MaxScale. */
const complaints = [
  /^Max connect timeout reached while reaching hostgroup/,
  /^Timed-out waiting to acquire database connection/,
  /Authentication with backend failed|^Authentication to '.*' failed/,
]

export const finding: Finding = {
  id: 'proxy-without-backend',
  title: 'The proxy lets the client in and does not get in to a server itself',
  severity: 'decisive',
  affects:
    'ProxySQL (9001), RDS Proxy (9501), MaxScale: the proxy logs in to the server on its own, from its own address',
  remedy: {
    client: 'Nothing is wrong with the login of the client.',
    server:
      "The account must exist for the address of the proxy as well ('user'@'the proxy'), with a password that it knows. Is a server of this hostgroup or target group up, and has it connections left?",
  },
  reference: 'https://mariadb.com/kb/en/maxscale-troubleshooting/',
  onLogin(seen) {
    const refused = seen.outcome === 'refused' && seen.error !== undefined ? [seen.error] : []
    const found = [...refused, ...laterErrors(seen)].find(({ message }) =>
      complaints.some((said) => said.test(message)),
    )
    return found && { certain: true, lines: [`${found.code}: ${found.message}`] }
  },
}
