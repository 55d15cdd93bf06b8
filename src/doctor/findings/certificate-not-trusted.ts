import { certificateSeen, sayDate } from '../evidence.ts'
import type { Finding } from '../finding.ts'

/** How a client says in TLS that it does not believe a certificate. */
const distrust: ReadonlySet<string> = new Set([
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'unknown_ca',
])

export const finding: Finding = {
  id: 'certificate-not-trusted',
  title: 'The client does not trust the certificate of the server',
  severity: 'decisive',
  affects:
    'Clients that verify: MariaDB 11.4 and Connector/C 3.4 by default (2026), --ssl-mode=VERIFY_CA and VERIFY_IDENTITY, Python 3.13 (stricter; PyMySQL 1.1.2 copes)',
  remedy: {
    client:
      "Give the authority that signed it (--ssl-ca, the server's ca.pem) and connect by a name that is in it. Only on a network that is trusted: encrypt without knowing to whom (--ssl-mode=REQUIRED, --disable-ssl-verify-server-cert).",
    server: 'A certificate of an authority that the clients know, in force, with the name of the server in it.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  onLogin(seen) {
    const alert = seen.tls?.alerts.find(({ from, description }) => from === 'client' && distrust.has(description))
    if (alert === undefined) return undefined
    const shown = certificateSeen(seen)
    const lines = [`the client sends the alert ${alert.description}`]
    if (shown !== undefined) {
      const until = sayDate(Date.parse(shown.validTo))
      lines.push(`the certificate is for ${line(shown.subject)}, by ${line(shown.issuer)}, until ${until}`)
    }
    return { certain: true, lines }
  },
}

function line(name: string): string {
  return name === '' ? 'nobody' : name.replaceAll('\n', ', ')
}
