import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { byProof } from '../reading.ts'

const asText: ReadonlySet<string> = new Set(['until-nul', 'ascii', 'utf8-replaced', 'utf8-encoded'])

export const finding: Finding = {
  id: 'nonce-read-as-text',
  title: 'The client reads the nonce as text, and this one is none',
  severity: 'decisive',
  affects:
    'Connector/J 8 and 9, and whatever reads C strings, against servers whose nonces are random bytes: early ProxySQL, Manticore, home-made ones. One login in 13 and more fails',
  remedy: {
    server: 'Make nonces of bytes from 0x01 to 0x7f, without the dollar sign, as MySQL does.',
  },
  reference: 'https://github.com/sysown/proxysql/issues/1636',
  onLogin: (seen, known) => byProof(known, ({ nonce }) => asText.has(nonce), sayClient(fingerprintOf(seen))),
}
