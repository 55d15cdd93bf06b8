import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-cut',
  title: 'The password was cut to a length',
  severity: 'decisive',
  affects: 'Replication passwords (32 characters, CHANGE REPLICATION SOURCE TO), forms and columns with a limit',
  remedy: {
    client: 'Take a password that fits, or mend what cuts it.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/change-replication-source-to.html',
  onLogin: (seen, known) =>
    wasRefused(seen)
      ? byProof(known, ({ password }) => /^cut-at-|^without-(?:first|last)$/.test(password), ...sayError(seen))
      : undefined,
}
