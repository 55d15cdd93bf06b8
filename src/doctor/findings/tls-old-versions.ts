import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'tls-old-versions',
  title: 'The server still accepts versions of TLS that are broken',
  severity: 'note',
  affects: 'MySQL before 8.0.28 and older MariaDB by default; RFC 8996 forbids TLS 1.0 and 1.1',
  remedy: {
    server: "SET PERSIST tls_version='TLSv1.2,TLSv1.3', then ALTER INSTANCE RELOAD TLS.",
  },
  reference: 'https://www.rfc-editor.org/rfc/rfc8996',
  onProbe({ tls }) {
    const old = (['TLSv1', 'TLSv1.1'] as const).filter((version) => tls?.versions.get(version) === 'accepted')
    const today = (['TLSv1.2', 'TLSv1.3'] as const).some((version) => tls?.versions.get(version) === 'accepted')
    return old.length === 0 || !today ? undefined : { certain: true, lines: [`it accepts ${old.join(' and ')}`] }
  },
}
