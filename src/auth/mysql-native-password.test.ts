import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  bitFlips,
  bytes,
  capturedDialogues,
  clientNonce,
  converse,
  judge,
  oddLengths,
  startClient,
  turnsOf,
} from '../../test/support/auth-dialogues.ts'
import { mysqlNativePassword as plugin, scrambleNativePassword, verifyNativePassword } from './mysql-native-password.ts'
import type { ServerProof, Verdict } from './plugin.ts'

const nonce = bytes('abcdefghij0123456789')
const salt = new Uint8Array(0)
const stored = plugin.store(bytes('secret'), salt, 0)
const right = scrambleNativePassword(bytes('secret'), nonce)

describe('mysql_native_password against captured logins', () => {
  const dialogues = capturedDialogues('mysql_native_password')

  it('judges the scrambles of real clients as the real server did', () => {
    assert.equal(dialogues.length, 62)
    for (const dialogue of dialogues) {
      const proof = proofOf({ nonce: Buffer.from(dialogue.nonce, 'hex'), authStrings: [dialogue.stored] })
      const { verdict, sent } = judge(plugin, proof, turnsOf(dialogue, 'client'))
      const isRight = dialogue.clientPassword === dialogue.accountPassword
      assert.equal(verdict.verdict, isRight ? 'accept' : 'deny', dialogue.name)
      if (dialogue.end === 'OK') assert.equal(verdict.verdict, 'accept', dialogue.name)
      assert.equal(sent.length, 0)
    }
  })

  it('computes the scrambles of real clients', () => {
    for (const dialogue of dialogues) {
      const scramble = scrambleNativePassword(bytes(dialogue.clientPassword), Buffer.from(dialogue.nonce, 'hex'))
      assert.deepEqual(Buffer.from(scramble), turnsOf(dialogue, 'client')[0], dialogue.name)
    }
  })

  it('stores passwords as the real server did', () => {
    for (const { accountPassword, stored, name } of dialogues) {
      assert.equal(plugin.store(bytes(accountPassword), salt, 0), stored, name)
    }
  })
})

describe('the server half of mysql_native_password', () => {
  it('accepts what its client half sends, whatever the password, the nonce and the channel', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.constantFrom('plaintext', 'tls', 'unix-socket'),
        (password, nonce, channel) => {
          const proof = proofOf({ nonce, channel, authStrings: [plugin.store(password, salt, 0)] })
          const { verdict } = converse(plugin, { password, channel, mayRequestPublicKey: false }, proof)
          assert.deepEqual(verdict, { verdict: 'accept', credential: 0 })
        },
      ),
    )
  })

  it('says which credential of a dual password matched', () => {
    const authStrings = [plugin.store(bytes('new'), salt, 0), stored]
    assert.deepEqual(verdictOn(right, authStrings), { verdict: 'accept', credential: 1 })
    assert.deepEqual(verdictOn(scrambleNativePassword(bytes('new'), nonce), authStrings), {
      verdict: 'accept',
      credential: 0,
    })
  })

  it('refuses the right scramble with any one bit flipped', () => {
    for (const wrong of bitFlips(right)) assert.deepEqual(verdictOn(wrong), deny('scramble-mismatch'))
  })

  it('refuses 20,000 wrong scrambles', () => {
    for (let i = 0; i < 20_000; i++) assert.equal(verdictOn(randomBytes(20)).verdict, 'deny')
    for (const byte of [0, 0xff]) assert.equal(verdictOn(new Uint8Array(20).fill(byte)).verdict, 'deny')
  })

  it('takes 20 bytes only: nothing means "no password", every other length is malformed', () => {
    for (const length of oddLengths) {
      const answer = new Uint8Array(length)
      answer.set(right.subarray(0, length))
      const expected = length === 0 ? deny('no-password') : length === 20 ? accepted : deny('malformed-packet')
      assert.deepEqual(verdictOn(answer), expected, `${length} bytes`)
    }
  })

  it('lets an account without a password in by an empty answer only', () => {
    assert.deepEqual(verdictOn(new Uint8Array(0), ['']), accepted)
    assert.deepEqual(verdictOn(new Uint8Array(1), ['']), deny('malformed-packet'))
    assert.deepEqual(verdictOn(new Uint8Array(20), ['']), deny('password-not-empty'))
    assert.deepEqual(verdictOn(scrambleNativePassword(bytes(''), nonce), ['']), accepted)
  })

  it('does not take a retained "no password" for one that is allowed', () => {
    assert.deepEqual(verdictOn(new Uint8Array(0), [stored, '']), deny('no-password'))
  })

  it('refuses the stored credential as a password, and the pieces of it', () => {
    for (const guess of [stored, stored.slice(1), stored.toLowerCase()]) {
      assert.deepEqual(verdictOn(scrambleNativePassword(bytes(guess), nonce)), deny('scramble-mismatch'))
    }
  })

  it('has no trouble with passwords that look like stored credentials', () => {
    for (const password of [stored, '*', `*${'0'.repeat(40)}`]) {
      const answer = scrambleNativePassword(bytes(password), nonce)
      assert.deepEqual(verdictOn(answer, [plugin.store(bytes(password), salt, 0)]), accepted)
    }
  })

  it('refuses everybody when the stored credential is not one of its own', () => {
    const unusable = ['secret', stored.slice(1), `${stored}0`, `${stored}\n`, `*${'g'.repeat(40)}`, '$A$005$x', '*']
    for (const authString of unusable) {
      assert.equal(plugin.understands(authString), false, authString)
      assert.deepEqual(verdictOn(right, [authString]), deny('stored-credential-unusable'))
      assert.deepEqual(verdictOn(new Uint8Array(0), [authString]), deny('no-password'))
    }
    assert.deepEqual(verdictOn(right, []), deny('stored-credential-unusable'))
  })

  it('reads stored hex digits in either case', () => {
    assert.ok(plugin.understands(stored.toLowerCase()))
    assert.deepEqual(verdictOn(right, [stored.toLowerCase()]), accepted)
  })
})

describe('the client half of mysql_native_password', () => {
  it('throws when the server wants more than the scramble', () => {
    const dialogue = startClient(plugin, {
      password: bytes('secret'),
      nonce,
      channel: 'tls',
      mayRequestPublicKey: true,
    })
    assert.deepEqual(dialogue.next().value, right)
    assert.throws(() => dialogue.next(Uint8Array.of(4)), { name: 'ProtocolViolation', symbol: 'CR_MALFORMED_PACKET' })
  })

  it('knows what is stored as the hash of its password, but has none for the empty password', () => {
    const login = { nonce, clientNonce, channel: 'tls', mayRequestPublicKey: false } as const
    const hash = Buffer.from(plugin.passwordHash!({ ...login, password: bytes('secret') }))
    assert.equal(`*${hash.toString('hex').toUpperCase()}`, stored)
    assert.equal(plugin.passwordHash?.({ ...login, password: bytes('') }).length, 0)
  })
})

describe('verifyNativePassword', () => {
  it('finds out that a client hashed the NUL behind the nonce', () => {
    const padded = new Uint8Array([...nonce, 0])
    const scramble = scrambleNativePassword(bytes('secret'), padded)
    assert.equal(verifyNativePassword(scramble, nonce, stored), false)
    assert.equal(verifyNativePassword(scramble, padded, stored), true)
  })
})

const accepted: Verdict = { verdict: 'accept', credential: 0 }

function deny(reason: Extract<Verdict, { verdict: 'deny' }>['reason']): Verdict {
  return { verdict: 'deny', reason }
}

function verdictOn(answer: Uint8Array, authStrings: readonly string[] = [stored]): Verdict {
  return judge(plugin, proofOf({ authStrings }), [answer]).verdict
}

function proofOf(given: Partial<ServerProof>): Omit<ServerProof, 'answer'> {
  return { nonce, channel: 'plaintext', authStrings: [stored], fastDigests: [], publicKey: undefined, ...given }
}
