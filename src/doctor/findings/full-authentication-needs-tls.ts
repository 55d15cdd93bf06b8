import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { asksForKeyOnPermission, leftWithoutPassword } from '../reading.ts'

export const finding: Finding = {
  id: 'full-authentication-needs-tls',
  title:
    'The client leaves when the server wants the password itself: it has neither TLS nor the RSA key of the server',
  severity: 'decisive',
  affects:
    'libmysqlclient ("Authentication requires secure connection.", 2061), trilogy before 2.11, Connector/Python with sha256_password. With caching_sha2_password it comes and goes: after a restart or FLUSH PRIVILEGES the server remembers no password',
  remedy: {
    client:
      'Connect with TLS (--ssl-mode=REQUIRED), or let it fetch the key: --get-server-public-key, or --server-public-key-path with a copy of it.',
    server: 'Offer TLS: MySQL makes a certificate for itself unless it is told not to.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html',
  onLogin(seen) {
    const left = leftWithoutPassword(seen)
    const who = fingerprintOf(seen)
    if (left === undefined || asksForKeyOnPermission.has(who.client)) return undefined
    const line = `${left.plugin} wants the password itself on a plaintext channel; the client closes without an answer`
    return { certain: true, lines: [line, sayClient(who)] }
  },
}
