import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { asksForKeyOnPermission, leftWithoutPassword } from '../reading.ts'

export const finding: Finding = {
  id: 'public-key-retrieval-not-allowed',
  title: 'The client leaves when the server wants the password itself: it may not fetch the RSA key of the server',
  severity: 'decisive',
  affects:
    'Connector/J ("Public Key Retrieval is not allowed"), MariaDB Connector/J and Connector/Node.js, MySqlConnector, without TLS. It comes and goes: after a restart or FLUSH PRIVILEGES the server remembers no password',
  remedy: {
    client:
      'Connect with TLS (sslMode=REQUIRED, SslMode=Required). On a network that is trusted: allowPublicKeyRetrieval=true, or a copy of the key (serverRSAPublicKeyFile, serverRsaPublicKeyFile, cachingRsaPublicKey, ServerRSAPublicKeyFile).',
    server: 'Offer TLS: MySQL makes a certificate for itself unless it is told not to.',
  },
  reference: 'https://dev.mysql.com/doc/connector-j/en/connector-j-connp-props-security.html',
  onLogin(seen) {
    const left = leftWithoutPassword(seen)
    const who = fingerprintOf(seen)
    if (left === undefined || !asksForKeyOnPermission.has(who.client)) return undefined
    const line = `${left.plugin} wants the password itself on a plaintext channel; the client closes without asking for the key`
    return { certain: true, lines: [line, sayClient(who)] }
  },
}
