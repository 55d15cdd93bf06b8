import type { Finding } from '../finding.ts'

const refusals: ReadonlySet<string> = new Set([
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'certificate_required',
  'unknown_ca',
  'decrypt_error',
])

export const finding: Finding = {
  id: 'client-certificate-refused',
  title: 'The server does not accept the certificate of the client',
  severity: 'decisive',
  affects:
    'Clients that give a certificate (--ssl-cert) that another authority signed than the one in ssl_ca, or that has expired; proxies that insist on one',
  remedy: {
    client: 'Give one that the authority of the server signed, or none, if the account does not ask for it.',
    server: 'ssl_ca is the authority of the clients; ALTER INSTANCE RELOAD TLS after a change.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  onLogin({ tls }) {
    const alert = tls?.alerts.find(({ from, description }) => from === 'server' && refusals.has(description))
    return alert && { certain: true, lines: [`the server sends the alert ${alert.description}`] }
  },
}
