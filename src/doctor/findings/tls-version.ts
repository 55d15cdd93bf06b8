import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'tls-version',
  title: 'Client and server have no version of TLS in common',
  severity: 'decisive',
  affects:
    'MySQL 8.0.28 and later have no TLS 1.0 and 1.1; 5.6 and 5.7 before 5.7.28 have nothing else, where today\'s JDK, OpenSSL 3 and Go offer only 1.2 and 1.3 ("No appropriate protocol", alert 70)',
  remedy: {
    client: 'Upgrade its TLS library, or let it offer TLS 1.2 (--tls-version, enabledTLSProtocols).',
    server: "Upgrade the server; SET GLOBAL tls_version='TLSv1.2,TLSv1.3' and ALTER INSTANCE RELOAD TLS.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/encrypted-connection-protocols-ciphers.html',
  onLogin({ tls }) {
    const alert = tls?.alerts.find(({ description }) => description === 'protocol_version')
    if (alert === undefined) return undefined
    const offered = tls?.offered === undefined ? [] : [`the client offers ${tls.offered} at most`]
    return { certain: true, lines: [...offered, `the ${alert.from} sends the alert protocol_version`] }
  },
}
