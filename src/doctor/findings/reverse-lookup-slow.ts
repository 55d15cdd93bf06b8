import { longMs, sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'reverse-lookup-slow',
  title: 'The way back from address to name takes long: a server that resolves names may stall as long',
  severity: 'risk',
  affects:
    'Private networks without reverse zones. The server asks for the address of each new client, its name servers permitting, and greets only then (skip_name_resolve=OFF)',
  remedy: {
    server:
      'skip_name_resolve=ON, with accounts that name hosts by address; or a reverse zone that answers, be it that there is no such name.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/host-cache.html',
  onProbe({ names }) {
    const slow = [...(names?.reverse ?? [])].filter(([, { ms }]) => ms >= longMs)
    if (slow.length === 0) return undefined
    return { certain: true, lines: slow.map(([address, { ms }]) => `${address} took ${sayMs(ms)}`) }
  },
}
