import { isIP } from 'node:net'
import { byError, clientHostIn } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'host-not-allowed',
  title: 'No account of the server may come from where it sees the client',
  severity: 'decisive',
  affects: 'Every server; behind NAT, in containers and through tunnels the server sees the address of the last hop',
  remedy: {
    client: 'Connect from a host that has an account, or by another way to the server.',
    server: "CREATE USER ... @'the host that the error names', or with a pattern: @'10.0.%'.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connection-access.html',
  ...byError([1130], (message) => {
    const host = clientHostIn(message) ?? ''
    if (isIP(host) !== 0) return ['the server knows the client by its address: no account with a host name can fit']
    return ['the server resolves names: accounts with this name, or with the address behind it, can fit']
  }),
}
