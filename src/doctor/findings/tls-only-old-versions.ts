import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'tls-only-old-versions',
  title: "The server has no version of TLS that today's clients speak",
  severity: 'risk',
  affects: 'MySQL 5.6, 5.7 before 5.7.28 and MariaDB 10.1 built with yaSSL, against clients with TLS 1.2 and 1.3 only',
  remedy: {
    client: 'Only on a network that is trusted: without TLS, or with a TLS library that is allowed its old versions.',
    server: 'Upgrade it, or put a proxy in front that speaks TLS 1.2.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/encrypted-connection-protocols-ciphers.html',
  onProbe({ tls }) {
    const accepted = [...(tls?.versions ?? [])].flatMap(([version, verdict]) =>
      verdict === 'accepted' ? [version] : [],
    )
    if (accepted.length === 0 || accepted.some((version) => version >= 'TLSv1.2')) return undefined
    return { certain: true, lines: [`it accepts ${accepted.join(' and ')} only`] }
  },
}
