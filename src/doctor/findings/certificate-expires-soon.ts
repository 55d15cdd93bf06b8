import { examinedAt, sayDate } from '../evidence.ts'
import type { Finding } from '../finding.ts'

const dayMs = 86_400_000
const soonDays = 30

export const finding: Finding = {
  id: 'certificate-expires-soon',
  title: 'The certificate of the server, or of an authority above it, expires soon',
  severity: 'risk',
  affects: 'Clients that verify, from that day on',
  remedy: {
    server: 'Renew it, then ALTER INSTANCE RELOAD TLS (MariaDB: FLUSH SSL); no restart is needed.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/alter-instance.html',
  onProbe(probe) {
    const now = examinedAt(probe)
    const lines = (probe.tls?.chain ?? []).flatMap(({ subject, validToMs }) => {
      const days = Math.floor((validToMs - now) / dayMs)
      if (days < 0 || days >= soonDays) return []
      return [`${subject} is valid until ${sayDate(validToMs)}, ${days} ${days === 1 ? 'day' : 'days'} more`]
    })
    return lines.length === 0 ? undefined : { certain: true, lines }
  },
}
