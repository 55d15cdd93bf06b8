import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

const slugs: ReadonlySet<string> = new Set(['trailing-space', 'leading-space', 'trimmed'])

export const finding: Finding = {
  id: 'password-with-blanks',
  title: 'The password is right but for blanks before or behind it',
  severity: 'decisive',
  affects: 'Copy and paste, YAML and .env files, forms and libraries that trim',
  remedy: {
    client:
      'Compare what the program gets with what was set, quoted; put the value in quotes where blanks belong to it.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/option-files.html',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => slugs.has(password), ...sayError(seen)) : undefined,
}
