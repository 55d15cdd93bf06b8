import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { byProof } from '../reading.ts'

const cut: ReadonlySet<string> = new Set(['8-bytes', '19-bytes', 'without-trailing-nuls'])

export const finding: Finding = {
  id: 'nonce-cut',
  title: 'The client hashes a part of the nonce only',
  severity: 'decisive',
  affects:
    '8 bytes: clients that overlook the second part in the greeting, as PyMySQL 0.6 behind mysql-proxy. 19 bytes: MariaDB Connector/J and Connector/Node.js, which drop the last byte, where a server sends no NUL behind the nonce',
  remedy: {
    client: 'Upgrade the driver.',
    server:
      'Send 21 bytes: a nonce of 20 bytes without NULs, and the NUL behind it; in the greeting with the length byte 21 and the name of the plugin.',
  },
  reference: 'https://github.com/PyMySQL/PyMySQL/issues/183',
  onLogin: (seen, known) =>
    byProof(known, ({ nonce, masks }) => cut.has(nonce) && !masks, sayClient(fingerprintOf(seen))),
}
