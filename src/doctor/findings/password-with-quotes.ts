import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

const slugs: ReadonlySet<string> = new Set(['double-quoted', 'single-quoted', 'unquoted', 'unescaped', 'escaped'])

export const finding: Finding = {
  id: 'password-with-quotes',
  title: 'The password is right but for quotes or backslashes',
  severity: 'decisive',
  affects:
    'Docker --env-file and systemd, which keep quotes; option files and YAML, which remove them and take backslashes for escapes',
  remedy: {
    client: 'Write the value as this kind of file wants it; in an option file a backslash is doubled.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/option-files.html',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => slugs.has(password), ...sayError(seen)) : undefined,
}
