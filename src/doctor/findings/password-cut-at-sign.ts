import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-cut-at-sign',
  title: 'The password ends too early: at a sign that means something where it was written down',
  severity: 'decisive',
  affects:
    'Unquoted passwords in option files and .env files (#), URLs (# ? / @ :) and shells ($ ! & ; blank and quotes)',
  remedy: {
    client: 'Put it in quotes in files, single quotes in a shell, percent-encode it in a URL.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/option-files.html',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => /^cut-before-/.test(password), ...sayError(seen)) : undefined,
}
