/** What is found in the captures of real logins, nobody having tested the proofs: what their names say was wrong, and nothing else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { captures } from '../../../test/support/captures.ts'
import { observedIn, untested } from '../../../test/support/observations.ts'
import type { Finding } from '../finding.ts'

/** By the end of a capture's name; a question mark: possible. */
const expected: readonly (readonly [name: RegExp, ids: readonly string[]])[] = [
  [/-(ed25519|parsec|pam)-unsupported-/, ['mariadb-plugin-unknown']],
  [/-ed25519-empty-mariadb$|nonempty-given-empty/, ['no-password-given']],
  [/-oldpassword-account-/, ['password-from-before-4-1']],
  [/^ma118-sha2-full-rsa-(go|pymysql111)$/, ['nonce-21-bytes?']],
  [/-sha2-full-(rsa|cleartext)-mc267$|unknown-user-mc267$/, ['password-in-clear-without-tls']],
  [/-(changeuser-sha2-ok2?|reset|sha2-fast-hit)-mc267$/, ['works-only-while-remembered?']],
  [/-mfa2?-noflag-|-mfa2-(php|maria118)$/, ['second-factor-not-supported?']],
  [/-mfa2-(mc267|mysql2)$/, ['clear-password-not-enabled', 'second-factor-unanswered']],
  [/-wrong-nokeyrequest-|sha256-unsupported-mc267$/, ['full-authentication-needs-tls']],
  [/-unknown-user-mysql$/, ['no-plugin-auth']],
  [/^my97c-clear-mc267$/, ['clear-password-not-enabled']],
]

const slugs = [
  'answer-for-another-plugin',
  'answer-length-overflow',
  'answer-with-nul',
  'caching-sha2-password-unknown',
  'capabilities-not-offered',
  'clear-password-not-enabled',
  'clear-password-without-nul',
  'empty-password-hashed',
  'full-authentication-needs-tls',
  'greeting-character-set-unknown',
  'greeting-plugin-unknown',
  'key-request-inside-tls',
  'mariadb-plugin-unknown',
  'native-password-unknown',
  'no-password-given',
  'no-plugin-auth',
  'nonce-21-bytes',
  'nonce-not-7-bit',
  'nonce-of-another-exchange',
  'nonce-without-nul',
  'password-from-before-4-1',
  'password-in-clear-without-tls',
  'plugin-not-loaded-by-server',
  'public-key-retrieval-not-allowed',
  'rsa-not-possible',
  'rsa-padding-of-old-server',
  'second-factor-not-supported',
  'second-factor-unanswered',
  'second-switch',
  'user-with-blanks',
  'works-only-while-remembered',
]

describe('findings about clients, in the captures', async () => {
  const findings: Finding[] = await Promise.all(slugs.map(async (slug) => (await import(`./${slug}.ts`)).finding))

  it('are named as their files', () => {
    assert.deepEqual(
      findings.map(({ id }) => id),
      slugs,
    )
  })

  it('are what was wrong, and nothing in the others', () => {
    for (const { name } of captures) {
      const seen = observedIn(name)
      const found = findings.flatMap(({ id, onLogin }) => {
        const evidence = onLogin?.(seen, untested)
        return evidence === undefined ? [] : evidence.certain ? id : `${id}?`
      })
      assert.deepEqual(found, expected.find(([pattern]) => pattern.test(name))?.[1] ?? [], name)
    }
  })
})
