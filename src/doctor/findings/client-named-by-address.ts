import { isIP } from 'node:net'
import { clientHostIn } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'client-named-by-address',
  title: 'The server knows the client by its address alone: accounts with a host name do not fit it',
  severity: 'note',
  affects:
    'Servers with skip_name_resolve=ON, which container images and cloud providers set; clients whose address leads to no name, or to one that does not lead back',
  remedy: {
    client: 'Give the address of the client a name that leads back to it, if the server resolves names.',
    server: "SELECT @@skip_name_resolve. Where it is ON, name hosts by address: 'user'@'10.0.0.5', 'user'@'10.0.%'.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/host-cache.html',
  onLogin(seen) {
    const host = clientHostIn(seen.error?.message ?? '') ?? ''
    // An address of the machine itself is another matter: loopback-is-not-localhost.
    if (isIP(host) === 0 || /^(::ffff:)?127\.|^::1$/.test(host) || !wasRefused(seen, 1045, 1130)) return undefined
    return { certain: true, lines: sayError(seen) }
  },
}
