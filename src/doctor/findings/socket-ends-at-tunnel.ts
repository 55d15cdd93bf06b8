import type { Finding } from '../finding.ts'
import { isSealedLength, passwordWanted, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'socket-ends-at-tunnel',
  title:
    'The unix socket may be that of a tunnel: the client sends its password as it is, where the server expects a sealed one',
  severity: 'decisive',
  affects:
    'Cloud SQL Auth Proxy and other tunnels with a unix socket, caching_sha2_password: the client takes the socket for secure, the server sees TCP without TLS. It comes and goes with what the server remembers',
  remedy: {
    client: 'Connect to the tunnel by TCP (127.0.0.1), so that the client seals the password or uses TLS.',
    server: 'Let the tunnel speak TLS to the server, or use accounts of another plugin.',
  },
  reference: 'https://github.com/GoogleCloudPlatform/cloud-sql-proxy/issues/2359',
  onLogin(seen) {
    const wanted = passwordWanted(seen)
    if (wanted?.answer === undefined || wanted.exchange.channel !== 'unix-socket') return undefined
    const { length } = wanted.answer
    if (length < 2 || isSealedLength(length) || !wasRefused(seen, 1045)) return undefined
    const lines = [
      `after 01 04 the client sent ${length} bytes in clear, over ${seen.server.address}`,
      ...sayError(seen),
    ]
    return { certain: false, lines: [...lines, 'a wrong password looks the same'] }
  },
}
