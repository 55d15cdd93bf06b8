import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { isKeyRequest, isSealedLength, passwordWanted, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-in-clear-without-tls',
  title: 'The client sends the password in clear where the server takes it sealed only',
  severity: 'decisive',
  affects:
    'Connector/Python without its C extension (8.3 to 26.7) without TLS; clients on a socket or TLS that a proxy turns into plain TCP',
  remedy: {
    client:
      'Connect with TLS (ssl_disabled=False), or by the C extension (use_pure=False). The password has crossed the network as it is: change it.',
    server: 'A proxy in between must keep TLS towards the server where it has TLS towards the client.',
  },
  reference: 'https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html',
  onLogin(seen) {
    const wanted = passwordWanted(seen)
    const answer = wanted?.answer
    if (wanted?.exchange.channel !== 'plaintext' || answer === undefined || !wasRefused(seen)) return undefined
    // One byte says "no password".
    if (answer.length < 2 || isKeyRequest(wanted.exchange, answer) || isSealedLength(answer.length)) return undefined
    if (answer.at(-1) !== 0) return undefined
    const line = `full authentication on a plaintext channel: ${answer.length} bytes that end in a NUL, and no request for the RSA key before`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
