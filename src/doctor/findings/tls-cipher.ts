import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'tls-cipher',
  title: 'Client and server have no cipher or curve in common, or a certificate of the client is missing',
  severity: 'decisive',
  affects:
    'Servers and clients with ciphers of their own choice (ssl_cipher, tls_ciphersuites), FIPS, certificates with keys that one side does not know; old servers that insist on a client certificate',
  remedy: {
    client: 'Leave the ciphers at their default (--ssl-cipher), or add one of the server.',
    server: 'SELECT @@ssl_cipher, @@tls_ciphersuites: empty and NULL are the defaults.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/encrypted-connection-protocols-ciphers.html',
  onLogin({ tls }) {
    const alert = tls?.alerts.find(
      ({ description }) => description === 'handshake_failure' || description === 'insufficient_security',
    )
    if (alert === undefined) return undefined
    const lines = [`the ${alert.from} sends the alert ${alert.description}`]
    return { certain: alert.description === 'insufficient_security', lines }
  },
}
