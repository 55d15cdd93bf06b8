import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'password-read-as-number',
  title: 'The password was taken for a number on its way',
  severity: 'decisive',
  affects: 'Unquoted passwords of digits in YAML, JSON and TOML: 0123 becomes 123, 1e5 becomes 100000',
  remedy: {
    client: 'Put the value in quotes.',
  },
  reference: 'https://yaml.org/spec/1.2.2/#103-core-schema',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => password === 'as-number', ...sayError(seen)) : undefined,
}
