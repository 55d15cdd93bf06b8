import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes, sign } from 'node:crypto'
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
import { clientEd25519 as plugin, signClientEd25519, verifyEd25519 } from './client-ed25519.ts'
import type { ServerProof, Verdict } from './plugin.ts'

const nonce = bytes('abcdefghijklmnopqrstuvwxyz012345')
const salt = new Uint8Array(20)
const stored = plugin.store(bytes('secret'), salt, 0)
const right = signClientEd25519(bytes('secret'), nonce)

describe('client_ed25519 against captured logins', () => {
  const dialogues = capturedDialogues('client_ed25519')

  it('judges the signatures of real clients as the real server did', () => {
    assert.equal(dialogues.length, 24)
    for (const dialogue of dialogues) {
      const proof = proofOf({ nonce: Buffer.from(dialogue.nonce, 'hex'), authStrings: [dialogue.stored] })
      const { verdict, sent } = judge(plugin, proof, turnsOf(dialogue, 'client'))
      assert.equal(verdict.verdict, dialogue.end === 'OK' ? 'accept' : 'deny', dialogue.name)
      assert.equal(sent.length, 0)
    }
  })

  it('signs as real clients do, but for the empty password also where one of them gives up', () => {
    for (const { name, clientPassword, nonce, ...dialogue } of dialogues) {
      const signature = Buffer.from(signClientEd25519(bytes(clientPassword), Buffer.from(nonce, 'hex')))
      const gaveUp = ['ma1011-ed25519-empty-mariadb', 'ma118-ed25519-empty-mariadb'].includes(name)
      const [sent] = turnsOf({ name, clientPassword, nonce, ...dialogue }, 'client')
      if (gaveUp) assert.equal(sent?.length, 0, name)
      else assert.deepEqual(signature, sent, name)
    }
  })

  it('stores passwords as MariaDB 11.8 does; 10.11 has no key for the empty password, and lets nobody in', () => {
    for (const { accountPassword, stored, name } of dialogues) {
      if (name.startsWith('ma1011-ed25519-empty')) assert.equal(stored, '')
      else assert.equal(plugin.store(bytes(accountPassword), salt, 0), stored, name)
    }
  })
})

describe('the signature of client_ed25519', () => {
  it('is that of Ed25519 for passwords of 32 bytes', () => {
    const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')
    for (let i = 0; i < 50; i++) {
      const seed = randomBytes(32)
      const nonce = randomBytes(32)
      const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' })
      assert.deepEqual(Buffer.from(signClientEd25519(seed, nonce)), sign(null, nonce, key))
    }
  })
})

describe('the server half of client_ed25519', () => {
  it('accepts what its client half sends, whatever the password and the nonce', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (password, nonce) => {
          const proof = proofOf({ nonce, authStrings: [plugin.store(password, salt, 0)] })
          const login = { password, channel: 'plaintext', mayRequestPublicKey: false } as const
          assert.deepEqual(converse(plugin, login, proof).verdict, accepted)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('refuses another password, and the same with another nonce', () => {
    assert.deepEqual(verdictOn(right), accepted)
    assert.deepEqual(verdictOn(signClientEd25519(bytes('Secret'), nonce)), deny('scramble-mismatch'))
    assert.deepEqual(verdictOn(signClientEd25519(bytes('secret'), randomBytes(32))), deny('scramble-mismatch'))
    assert.deepEqual(verdictOn(signClientEd25519(bytes(''), nonce)), deny('scramble-mismatch'))
  })

  it('refuses the right signature with any one bit flipped', () => {
    for (const wrong of bitFlips(right)) assert.deepEqual(verdictOn(wrong), deny('scramble-mismatch'))
  })

  it('takes 64 bytes only', () => {
    for (const length of oddLengths.filter((length) => length !== 64)) {
      const answer = new Uint8Array(length)
      answer.set(right.subarray(0, length))
      assert.deepEqual(verdictOn(answer), deny(length === 0 ? 'no-password' : 'scramble-malformed'), `${length} bytes`)
    }
  })

  it('says which credential of a dual password matched', () => {
    const authStrings = [plugin.store(bytes('new'), salt, 0), stored]
    assert.deepEqual(verdictOn(right, authStrings), { verdict: 'accept', credential: 1 })
    assert.deepEqual(verdictOn(signClientEd25519(bytes('new'), nonce), authStrings), accepted)
  })

  it('lets an account with the empty password in by its signature, and nobody where there is no key', () => {
    const empty = plugin.store(bytes(''), salt, 0)
    assert.deepEqual(verdictOn(signClientEd25519(bytes(''), nonce), [empty]), accepted)
    assert.deepEqual(verdictOn(new Uint8Array(0), [empty]), deny('no-password'))
    for (const answer of [right, signClientEd25519(bytes(''), nonce)]) {
      assert.deepEqual(verdictOn(answer, ['']), deny('stored-credential-unusable'))
    }
    assert.deepEqual(verdictOn(new Uint8Array(0), ['']), deny('no-password'))
  })

  it('refuses everybody when the stored credential is not one of its own', () => {
    for (const unusable of [
      'secret',
      `${stored}=`,
      `${stored}\n`,
      stored.slice(1),
      `*${'0'.repeat(40)}`,
      `-${stored.slice(1)}`,
    ]) {
      assert.equal(plugin.understands(unusable), false, unusable)
      assert.deepEqual(verdictOn(right, [unusable]), deny('stored-credential-unusable'))
    }
    assert.ok(plugin.understands(stored))
  })
})

describe('the client half of client_ed25519', () => {
  it('throws when the server wants more than the signature', () => {
    const client = startClient(plugin, { password: bytes('secret'), nonce, channel: 'tls', mayRequestPublicKey: true })
    assert.deepEqual(client.next().value, right)
    assert.throws(() => client.next(Uint8Array.of(4)), { name: 'ProtocolViolation', symbol: 'CR_MALFORMED_PACKET' })
  })

  it('knows the stored key as the hash of its password, but has none for the empty password', () => {
    const login = { nonce, clientNonce, channel: 'tls', mayRequestPublicKey: false } as const
    const hash = plugin.passwordHash?.({ ...login, password: bytes('secret') })
    assert.deepEqual(Buffer.from(hash!), Buffer.from(stored, 'base64'))
    assert.equal(plugin.passwordHash?.({ ...login, password: bytes('') }).length, 0)
  })
})

describe('verifyEd25519', () => {
  it('is false for bytes that are no key or no signature, and never throws', () => {
    for (const length of oddLengths) {
      assert.equal(verifyEd25519(right, nonce, new Uint8Array(length)), false)
      if (length !== 64)
        assert.equal(verifyEd25519(new Uint8Array(length), nonce, Buffer.from(stored, 'base64')), false)
    }
    for (let i = 0; i < 200; i++) assert.equal(verifyEd25519(right, nonce, randomBytes(32)), false)
    assert.equal(verifyEd25519(right, nonce, new Uint8Array(32).fill(0xff)), false)
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
