import { isIP } from 'node:net'
import { certificateSeen } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'certificate-name',
  title: 'The certificate of the server is for other names than the one that is connected to',
  severity: 'risk',
  affects:
    '--ssl-mode=VERIFY_IDENTITY, sslMode=VERIFY_IDENTITY, and MariaDB 11.4 clients by default; certificates that MySQL makes for itself have no name of the host',
  remedy: {
    client: 'Connect by a name that is in it, or verify the authority alone (--ssl-mode=VERIFY_CA).',
    server: 'A certificate with every name and address that clients use, as subjectAltName.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connection-options.html#option_general_ssl-mode',
  onLogin(seen) {
    const asked = seen.tls?.serverName
    const shown = certificateSeen(seen)
    if (asked === undefined || isIP(asked) !== 0 || shown === undefined) return undefined
    // Node refuses to look a name with a NUL up; no certificate is for it.
    if (!asked.includes('\0') && shown.checkHost(asked) !== undefined) return undefined
    const names = shown.subjectAltName ?? shown.subject.replaceAll('\n', ', ')
    return { certain: true, lines: [`the client asks for ${asked}; the certificate is for ${names}`] }
  },
  onProbe({ tls, names, target }) {
    if (!/ALTNAME_INVALID|altnames/.test(tls?.distrust ?? '')) return undefined
    const [own] = tls?.chain ?? []
    const has = own === undefined ? 'nobody' : own.names === '' ? own.subject : own.names
    return { certain: true, lines: [`connected to ${names?.host ?? target}; the certificate is for ${has}`] }
  },
}
