import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'user-name-as-password',
  title: 'The password that was given is the user name',
  severity: 'decisive',
  affects: 'User and password swapped or copied, settings filled from the wrong variable',
  remedy: {
    client: 'Look at which setting feeds which.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/problems-connecting.html',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => password === 'user-name', ...sayError(seen)) : undefined,
}
