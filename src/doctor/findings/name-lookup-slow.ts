import { longMs, sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'name-lookup-slow',
  title: 'The lookup of the name of the server takes long, at each new connection',
  severity: 'risk',
  affects:
    'Name servers that do not answer before others do, AAAA queries that are dropped, long search lists (ndots in Kubernetes). Few drivers remember an answer',
  remedy: {
    client:
      'Repair or remove the name server that is silent (resolv.conf); write the name with a dot at its end; keep connections in a pool.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/can-not-connect-to-server.html',
  onProbe({ names }) {
    if (names === undefined || names.error !== undefined || names.lookupMs < longMs) return undefined
    return { certain: true, lines: [`${names.host} took ${sayMs(names.lookupMs)}`] }
  },
}
