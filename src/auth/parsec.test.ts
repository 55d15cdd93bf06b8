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
import { parsec as plugin } from './parsec.ts'
import type { ClientLogin, ServerProof, Verdict } from './plugin.ts'

const nonce = bytes('abcdefghijklmnopqrstuvwxyz012345')
const salt = bytes('0123456789ABCDEFGHij')
const stored = plugin.store(bytes('secret'), salt, 5000)
const extSalt = Buffer.concat([Buffer.from('P\0'), salt.subarray(0, 18)])
const right = proofBy('secret')

describe('parsec against captured logins', () => {
  const dialogues = capturedDialogues('parsec')

  it('judges the signatures of real clients as the real server did, and sends the same salt', () => {
    assert.equal(dialogues.length, 9)
    for (const dialogue of dialogues) {
      const proof = proofOf({ nonce: Buffer.from(dialogue.nonce, 'hex'), authStrings: [dialogue.stored] })
      const { verdict, sent } = judge(plugin, proof, turnsOf(dialogue, 'client'))
      assert.equal(verdict.verdict, dialogue.end === 'OK' ? 'accept' : 'deny', dialogue.name)
      assert.deepEqual(sent.map(Buffer.from), turnsOf(dialogue, 'server'), dialogue.name)
    }
  })

  it('sends what real clients sent, with their own nonces', () => {
    for (const dialogue of dialogues) {
      const [first, proof] = turnsOf(dialogue, 'client')
      const client = plugin.client({
        password: bytes(dialogue.clientPassword),
        nonce: Buffer.from(dialogue.nonce, 'hex'),
        channel: 'plaintext',
        mayRequestPublicKey: false,
        clientNonce: proof!.subarray(0, 32),
      })
      assert.deepEqual(client.next(), { done: false, value: new Uint8Array(first!) })
      assert.deepEqual(client.next(turnsOf(dialogue, 'server')[0]!).value, proof, dialogue.name)
    }
  })

  it('stores passwords as the real server did, given its salt', () => {
    for (const { accountPassword, stored, name } of dialogues) {
      const [, salt] = stored.split(':')
      assert.equal(plugin.store(bytes(accountPassword), Buffer.from(salt!, 'base64'), 5000), stored, name)
    }
  })
})

describe('the server half of parsec', () => {
  it('accepts what its client half sends, whatever the password, the nonces and the salt', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        (password, nonce, salt) => {
          const proof = proofOf({ nonce, authStrings: [plugin.store(password, salt, 5000)] })
          const login = { password, channel: 'plaintext', mayRequestPublicKey: false } as const
          const { answers, verdict } = converse(plugin, login, proof)
          assert.deepEqual(verdict, accepted)
          assert.deepEqual(
            answers.map(({ length }) => length),
            [0, 96],
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  it('knows that a factor of 3 means 8192 iterations', () => {
    // PBKDF2 of `secret` with 8192 iterations, computed by Python's hashlib and cryptography.
    const slower = 'P3:MDEyMzQ1Njc4OUFCQ0RFRkdI:0IcF0UjwpXLtCsrhhoUvF7Fy9EG6/41c9SSljv637aQ'
    const proof = proofOf({ authStrings: [slower] })
    const login = { password: bytes('secret'), channel: 'plaintext', mayRequestPublicKey: false } as const
    assert.deepEqual(converse(plugin, login, proof).verdict, accepted)
    assert.deepEqual(converse(plugin, login, proofOf({ authStrings: [slower.replace('P3', 'P2')] })).verdict, mismatch)
  })

  it('refuses another password, and the right one for another nonce', () => {
    assert.deepEqual(verdictOn(right), accepted)
    assert.deepEqual(verdictOn(proofBy('Secret')), mismatch)
    assert.deepEqual(verdictOn(proofBy('')), mismatch)
    assert.deepEqual(verdictOn(proofBy('secret', { nonce: randomBytes(32) })), mismatch)
  })

  it("refuses the right proof with any one bit flipped, of the client's nonce too", () => {
    for (const wrong of bitFlips(right)) assert.deepEqual(verdictOn(wrong), mismatch)
  })

  it('takes an empty packet, and then 96 bytes, only', () => {
    for (const length of oddLengths.filter((length) => length !== 96)) {
      const proof = new Uint8Array(length)
      proof.set(right.subarray(0, length))
      assert.deepEqual(verdictOn(proof), deny(length === 0 ? 'no-password' : 'scramble-malformed'), `${length} bytes`)
      if (length > 0) {
        const { sent, verdict } = judge(plugin, proofOf({}), [proof])
        assert.deepEqual({ sent, verdict }, { sent: [], verdict: deny('scramble-malformed') })
      }
    }
  })

  it('lets an account with the empty password in by its signature, and nobody where there is no key', () => {
    assert.deepEqual(verdictOn(proofBy(''), [plugin.store(bytes(''), salt, 5000)]), accepted)
    assert.deepEqual(judge(plugin, proofOf({ authStrings: [''] }), []).verdict, deny('stored-credential-unusable'))
    assert.deepEqual(judge(plugin, proofOf({ authStrings: [] }), []).verdict, deny('stored-credential-unusable'))
  })

  it('sends the salt of the current credential, and does not know a retained one', () => {
    const authStrings = [plugin.store(bytes('new'), salt, 5000), stored]
    assert.deepEqual(verdictOn(right, authStrings), mismatch)
    assert.deepEqual(verdictOn(proofBy('new'), authStrings), accepted)
  })

  it('refuses everybody when the stored credential is not one of its own', () => {
    const [, ofSalt, ofKey] = stored.split(':')
    const unusable = [
      'secret',
      stored.slice(1),
      `${stored}=`,
      `${stored}\n`,
      `P4:${ofSalt}:${ofKey}`,
      `p0:${ofSalt}:${ofKey}`,
      `P0:${ofSalt}`,
      `P0:${ofSalt?.slice(1)}:${ofKey}`,
      `P0::${ofKey}`,
    ]
    for (const authString of unusable) {
      assert.equal(plugin.understands(authString), false, authString)
      const { sent, verdict } = judge(plugin, proofOf({ authStrings: [authString] }), [])
      assert.deepEqual({ sent, verdict }, { sent: [], verdict: deny('stored-credential-unusable') })
    }
    assert.ok(plugin.understands(stored))
  })
})

describe('the client half of parsec', () => {
  it('signs for no other derivation, no salt of another length, and no factor above 3', () => {
    const rogue = [
      [],
      [0x50],
      extSalt.subarray(0, 19),
      [...extSalt, 0],
      [0x51, ...extSalt.subarray(1)],
      [0x50, 4, ...extSalt.subarray(2)],
      [0x50, 0x10, ...extSalt.subarray(2)],
      [0x50, 0xff, ...extSalt.subarray(2)],
    ]
    for (const data of rogue) {
      const client = startClient(plugin, login())
      client.next()
      assert.throws(() => client.next(Uint8Array.from(data)), {
        name: 'ProtocolViolation',
        symbol: 'CR_MALFORMED_PACKET',
      })
      assert.equal(plugin.meaningOf?.(Uint8Array.from(data)), undefined)
    }
    assert.equal(plugin.meaningOf?.(extSalt), 'salt for 1024 iterations')
  })

  it('throws when the server wants more than the signature', () => {
    const client = startClient(plugin, login())
    client.next()
    client.next(extSalt)
    assert.throws(() => client.next(extSalt), { name: 'ProtocolViolation' })
  })

  it('knows what is stored as the hash of its password, once it has heard the salt', () => {
    const given = { ...login(), clientNonce }
    const [, ofSalt, ofKey] = stored.split(':')
    const client = plugin.client(given)
    client.next()
    assert.equal(plugin.passwordHash?.(given).length, 0)
    client.next(extSalt)
    client.return()
    const hash = Buffer.from(plugin.passwordHash!(given))
    assert.deepEqual(hash, Buffer.concat(['UAA=', ofSalt!, ofKey!].map((text) => Buffer.from(text, 'base64'))))
    assert.equal(plugin.passwordHash?.({ ...given }).length, 0)
  })

  it('has no hash for the empty password, which proves nothing', () => {
    const given = { ...login(), password: bytes(''), clientNonce }
    const client = plugin.client(given)
    client.next()
    client.next(extSalt)
    assert.equal(plugin.passwordHash?.(given).length, 0)
  })
})

const accepted: Verdict = { verdict: 'accept', credential: 0 }
const mismatch = deny('scramble-mismatch')

function deny(reason: Extract<Verdict, { verdict: 'deny' }>['reason']): Verdict {
  return { verdict: 'deny', reason }
}

function login(): Omit<ClientLogin, 'clientNonce'> {
  return { password: bytes('secret'), nonce, channel: 'plaintext', mayRequestPublicKey: false }
}

function proofBy(password: string, given: Partial<ClientLogin> = {}): Uint8Array {
  const client = startClient(plugin, { ...login(), password: bytes(password), ...given })
  client.next()
  return client.next(extSalt).value!
}

/** On a proof that follows the empty packet. */
function verdictOn(proof: Uint8Array, authStrings: readonly string[] = [stored]): Verdict {
  return judge(plugin, proofOf({ authStrings }), [new Uint8Array(0), proof]).verdict
}

function proofOf(given: Partial<ServerProof>): Omit<ServerProof, 'answer'> {
  return { nonce, channel: 'plaintext', authStrings: [stored], fastDigests: [], publicKey: undefined, ...given }
}
