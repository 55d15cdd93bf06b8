import { certificateSeen } from '../evidence.ts'
import type { Finding } from '../finding.ts'

const unknownAuthority = /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|self-signed|unable to (?:verify|get)|UNTRUSTED/

export const finding: Finding = {
  id: 'certificate-without-authority',
  title: 'No authority that is known everywhere has signed the certificate of the server',
  severity: 'risk',
  affects:
    'Certificates that servers make for themselves (MySQL at its first start, MariaDB 11.4). Clients that verify refuse it, as MariaDB 11.4 does by default',
  remedy: {
    client:
      "Give its authority (--ssl-ca: the server's ca.pem), or a fingerprint of the certificate where the client can.",
    server:
      'A certificate of an authority that the clients know (ssl_ca, ssl_cert, ssl_key; ALTER INSTANCE RELOAD TLS).',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/creating-ssl-rsa-files-using-mysql.html',
  onLogin(seen) {
    const shown = certificateSeen(seen)
    if (shown === undefined) return undefined
    const own = shown.subject === shown.issuer
    if (!own && !/_Auto_Generated_CA_/.test(shown.issuer)) return undefined
    return { certain: true, lines: [own ? 'it has signed itself' : `it is signed by ${shown.issuer}`] }
  },
  onProbe({ tls }) {
    if (!unknownAuthority.test(tls?.distrust ?? '')) return undefined
    const [own] = tls?.chain ?? []
    const by = own === undefined ? [] : [`${own.subject} is signed by ${own.issuer}`]
    return { certain: true, lines: [`${tls?.distrust}`, ...by] }
  },
}
