import { clientHostIn } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

const loopback = /^(::ffff:)?127\.|^::1$/

export const finding: Finding = {
  id: 'loopback-is-not-localhost',
  title: "The server takes the client for an address of its own machine, which is not 'localhost' to it",
  severity: 'decisive',
  affects:
    "Servers with skip_name_resolve, and names that lead to ::1: 'root'@'localhost' is another account than 'root'@'127.0.0.1'",
  remedy: {
    client:
      'Connect over the unix socket: C clients take "localhost" for it, drivers have an option (socketPath, unix_socket). By TCP the address decides.',
    server: "Make an account for the address that the error names: CREATE USER ... @'127.0.0.1'.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/problems-connecting.html',
  onLogin(seen) {
    const host = clientHostIn(seen.error?.message ?? '')
    if (host === undefined || !loopback.test(host) || !wasRefused(seen, 1045, 1130, 1698)) return undefined
    return { certain: false, lines: sayError(seen) }
  },
}
