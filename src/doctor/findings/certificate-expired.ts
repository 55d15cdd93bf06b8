import { certificateSeen, examinedAt, sayDate } from '../evidence.ts'
import type { Evidence, Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'certificate-expired',
  title: 'The certificate of the server, or of an authority above it, is not in force',
  severity: 'risk',
  affects:
    'Clients that verify refuse it; others log in as if nothing was. The certificates that MySQL makes for itself live for 10 years',
  remedy: {
    client: 'Is the clock of this machine right?',
    server: 'Renew it, then ALTER INSTANCE RELOAD TLS (MariaDB: FLUSH SSL); no restart is needed.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/alter-instance.html',
  onLogin(seen) {
    const shown = certificateSeen(seen)
    if (shown === undefined || seen.startedMs === undefined) return undefined
    const { subject, validFrom, validTo } = shown
    return judge(subject.replaceAll('\n', ', '), Date.parse(validFrom), Date.parse(validTo), seen.startedMs)
  },
  onProbe(probe) {
    for (const { subject, validFromMs, validToMs } of probe.tls?.chain ?? []) {
      const evidence = judge(subject, validFromMs, validToMs, examinedAt(probe))
      if (evidence !== undefined) return evidence
    }
    return undefined
  },
}

function judge(subject: string, fromMs: number, toMs: number, nowMs: number): Evidence | undefined {
  if (nowMs > toMs) return { certain: true, lines: [`${subject} was valid until ${sayDate(toMs)}`] }
  if (nowMs < fromMs) return { certain: true, lines: [`${subject} is valid only from ${sayDate(fromMs)} on`] }
  return undefined
}
