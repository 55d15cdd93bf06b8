import type { Finding } from '../finding.ts'

const protocols = { ssh: 'SSH', postgresql: 'PostgreSQL', text: 'a protocol of plain text' } as const

export const finding: Finding = {
  id: 'other-protocol',
  title: 'Another protocol than that of MySQL is spoken on this port',
  severity: 'decisive',
  affects: 'Wrong ports and hosts; clients for another database',
  remedy: {
    client: 'Correct host and port. To reach MySQL through SSH, open a tunnel (ssh -L) and connect to its local end.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connecting.html',
  onLogin({ foreign, server }) {
    if (foreign !== 'ssh' && foreign !== 'postgresql' && foreign !== 'text') return undefined
    return { certain: true, lines: [`the first bytes on port ${server.port} are those of ${protocols[foreign]}`] }
  },
}
