import { clientHostIn } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

const words = /RDS Proxy|(?:Connections|IAM authentication) rate limit exceeded|simultaneous connections exceeded/i

export const finding: Finding = {
  id: 'rds-proxy-refused',
  title: 'It was a proxy such as RDS Proxy that refused the login, not the server behind it',
  severity: 'decisive',
  affects:
    'Amazon RDS Proxy: users without a secret in Secrets Manager get 1045, and so do clients that hash 21 bytes of its nonce (PyMySQL before 1.1.2, go-sql-driver before 1.9)',
  remedy: {
    client:
      'With TLS, which IAM logins need. If the mysql command line gets in and the program does not, upgrade its driver.',
    server:
      'A secret with user name and password for each user of the proxy, which its role may read; the same password in the database. The log of the proxy says more (enhanced logging).',
  },
  reference: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html',
  onLogin(seen) {
    const message = seen.error?.message ?? ''
    if (wasRefused(seen) && words.test(message)) return { certain: true, lines: sayError(seen) }
    if (!wasRefused(seen, 1045) || clientHostIn(message) !== '%') return undefined
    return { certain: false, lines: [...sayError(seen), 'a server names the host of the client there, never %'] }
  },
}
