import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { clientLeft, isPublicKey } from '../reading.ts'

/** They need the Python package `cryptography` for it. */
const python: ReadonlySet<string> = new Set(['PyMySQL', 'aiomysql', 'asyncmy', 'aiomysql or asyncmy'])

export const finding: Finding = {
  id: 'rsa-not-possible',
  title: 'The client asks for the RSA key of the server, gets it, and leaves',
  severity: 'decisive',
  affects:
    'PyMySQL, aiomysql and asyncmy without the package cryptography ("\'cryptography\' package is required"); libmariadb built with GnuTLS; keys that the client does not take',
  remedy: {
    client:
      'Connect with TLS, where no RSA is needed, or install the package: pip install cryptography (or PyMySQL[rsa]).',
  },
  reference: 'https://pymysql.readthedocs.io/en/latest/user/installation.html',
  onLogin(seen) {
    const last = seen.exchanges.at(-1)
    // Requests come before it, the sealed password behind.
    if (last === undefined || !isPublicKey(last.moreData.at(-1)) || !clientLeft(seen)) return undefined
    if ((last.answers.at(-1)?.length ?? 0) > 1) return undefined
    const who = fingerprintOf(seen)
    const line = 'the key request was answered by a public key; the client closes without sending the password'
    const cause = python.has(who.client) ? ['most likely the Python package cryptography is missing'] : []
    return { certain: true, lines: [line, sayClient(who), ...cause] }
  },
}
