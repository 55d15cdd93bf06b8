import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

const slugs: ReadonlySet<string> = new Set(['swapped-case', 'first-letter-case', 'upper-case', 'lower-case'])

export const finding: Finding = {
  id: 'password-case',
  title: 'The password is right but for upper and lower case',
  severity: 'decisive',
  affects: 'Caps Lock, keyboards of telephones, tools that normalize',
  remedy: {
    client: 'Type it again; look at Caps Lock.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/problems-connecting.html',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => slugs.has(password), ...sayError(seen)) : undefined,
}
