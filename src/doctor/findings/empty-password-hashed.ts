import { equal, sha1, sha256, xor } from '../../auth/primitives.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import type { SeenExchange } from '../observation.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'empty-password-hashed',
  title: 'The client proves an empty password by a scramble, where the protocol wants no answer',
  severity: 'decisive',
  affects:
    'sqlx after a switch; MariaDB Connector/J with a password of "" instead of null; any client whose password was left empty by mistake',
  remedy: {
    client:
      'If the account has a password, give it: the variable or file that it comes from is empty. If it has none, leave the password out altogether.',
    server: 'Give the account a password.',
  },
  reference: 'https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html',
  onLogin(seen) {
    const last = seen.exchanges.at(-1)
    if (last === undefined || !wasRefused(seen) || !provesNothing(last)) return undefined
    const line = `the ${last.answers[0]?.length} bytes of the answer are the scramble of no password, which anybody can compute`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}

function provesNothing({ plugin, nonce, answers }: SeenExchange): boolean {
  const [answer = new Uint8Array(0)] = answers
  const nothing = new Uint8Array(0)
  if (plugin === 'mysql_native_password') {
    const once = sha1(nothing)
    return equal(answer, xor(once, sha1(nonce, sha1(once))))
  }
  const once = sha256(nothing)
  return plugin === 'caching_sha2_password' && equal(answer, xor(once, sha256(sha256(once), nonce)))
}
