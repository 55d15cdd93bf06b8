import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'hash-as-password',
  title: 'What was given as password is the hash that the server keeps',
  severity: 'decisive',
  affects: 'Hashes from mysql.user or SHOW CREATE USER put into the settings of a program or proxy',
  remedy: {
    client: 'Give the password itself. No program can log in with the hash.',
    server: 'A proxy that keeps hashes (ProxySQL) needs them in its own table, not in that of its clients.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/set-password.html',
  onLogin: (seen, known) =>
    wasRefused(seen)
      ? byProof(known, ({ password }) => password === 'stored-credential', ...sayError(seen))
      : undefined,
}
