import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'certificate-x509-v1',
  title: 'The certificate of the server is of X.509 version 1, which strict libraries refuse',
  severity: 'risk',
  affects:
    'MariaDB 11.4.0 and 11.4.1, which made such ones for themselves, and certificates by openssl without extensions; rustls (sqlx) and others refuse them even where nothing is verified',
  remedy: {
    client: 'A TLS library that takes it: native-tls in the place of rustls.',
    server: 'Upgrade MariaDB, or make a certificate with extensions (subjectAltName makes it version 3).',
  },
  reference: 'https://github.com/launchbadge/sqlx/issues/3091',
  onProbe({ tls }) {
    const old = tls?.chain.filter(({ x509Version }) => x509Version === 1) ?? []
    // Roots may be old: nobody looks at their version.
    const lines = old.filter(({ subject, issuer }) => subject !== issuer || tls?.chain.length === 1)
    if (lines.length === 0) return undefined
    return { certain: true, lines: lines.map(({ subject }) => `${subject} is of version 1`) }
  },
}
