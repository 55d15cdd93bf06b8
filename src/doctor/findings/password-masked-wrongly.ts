import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { byProof } from '../reading.ts'

const otherMasks: ReadonlySet<string> = new Set([
  '21-bytes',
  '8-bytes',
  '19-bytes',
  'masked-once',
  'unmasked',
  'masked',
])

export const finding: Finding = {
  id: 'password-masked-wrongly',
  title: 'The client masks the password with other bytes than the 20 of the nonce before it seals it',
  severity: 'decisive',
  affects:
    'Passwords of 20 characters and more without TLS: mysqlnd with sha256_password (mended in August 2023), Bun, vapor mysql-nio, MariaDB R2DBC, old PyMySQL (21 bytes); old mysql2 (the first 20 characters only)',
  remedy: {
    client: 'Upgrade the driver, connect with TLS, or take a password of at most 19 characters.',
  },
  reference: 'https://github.com/php/php-src/issues/11438',
  onLogin: (seen, known) =>
    byProof(
      known,
      ({ masks, nonce, algorithm }) => masks === true && (otherMasks.has(nonce) || otherMasks.has(algorithm)),
      sayClient(fingerprintOf(seen)),
    ),
}
