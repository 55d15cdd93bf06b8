import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  bitFlips,
  bytes,
  type CapturedDialogue,
  capturedDialogues,
  converse,
  judge,
  oddLengths,
  publicKey,
  publicKeyOf,
  startClient,
  turnsOf,
  unsealFrom,
} from '../../test/support/auth-dialogues.ts'
import {
  cachingSha2Password as plugin,
  scrambleCachingSha2Password,
  verifyFastDigest,
} from './caching-sha2-password.ts'
import type { ServerProof, Verdict } from './plugin.ts'
import { sha256 } from './primitives.ts'

const nonce = bytes('abcdefghij0123456789')
const salt = bytes('0123456789abcdefghij')
const stored = plugin.store(bytes('secret'), salt, 1000)
const fastDigest = digestOf('secret')
const right = scrambleCachingSha2Password(bytes('secret'), nonce)
const fastAuthSuccess = Uint8Array.of(3)
const fullAuthentication = Uint8Array.of(4)

describe('caching_sha2_password against captured logins', () => {
  const dialogues = capturedDialogues('caching_sha2_password')

  it('sends what the real server sent, and comes to its verdict', () => {
    assert.equal(dialogues.length, 84)
    for (const dialogue of dialogues) {
      const sentByServer = turnsOf(dialogue, 'server')
      const proof = proofOf({
        nonce: Buffer.from(dialogue.nonce, 'hex'),
        authStrings: [dialogue.stored],
        fastDigests: rememberedBy(dialogue),
        publicKey: publicKeyOf(dialogue),
      })
      const { sent, verdict } = judge(plugin, proof, turnsOf(dialogue, 'client'))
      const all = verdict.verdict === 'accept' && verdict.last !== undefined ? [...sent, verdict.last] : sent
      assert.deepEqual(all.map(Buffer.from), sentByServer, dialogue.name)
      if (verdict.verdict === 'check-secret') {
        assert.equal(verdict.form, 'sealed')
        assert.equal(unsealFrom(dialogue, verdict.secret), `${dialogue.clientPassword}\0`, dialogue.name)
      } else {
        const fits = dialogue.clientPassword === (dialogue.retainedPassword ?? dialogue.accountPassword)
        const cleartext = dialogue.name.endsWith('mc267') && sentByServer[0]?.[0] === 4
        assert.equal(verdict.verdict, fits && !cleartext ? 'accept' : 'deny', dialogue.name)
      }
    }
  })

  it('sends what real clients sent', () => {
    // They hash 21 bytes of nonce after a switch, send one NUL for "no password", or the password in clear.
    const otherwise = /118-sha2-full-rsa-(go|pymysql111|mc267)$|-empty-mysql97$|cleartext/
    const faithful = dialogues.filter(({ name }) => !otherwise.test(name))
    assert.equal(faithful.length, 78)
    for (const dialogue of faithful) {
      const pinned = dialogue.name.includes('localkey') ? { serverPublicKey: publicKey } : {}
      const client = startClient(plugin, {
        password: bytes(dialogue.clientPassword),
        nonce: Buffer.from(dialogue.nonce, 'hex'),
        channel: 'plaintext',
        mayRequestPublicKey: true,
        ...pinned,
      })
      const sent = [undefined, ...turnsOf(dialogue, 'server')].map(
        (turn) => client.next(turn!).value ?? new Uint8Array(0),
      )
      const expected = turnsOf(dialogue, 'client')
      for (const [i, turn] of sent.entries()) {
        if (turn.length === 256) assert.equal(unsealFrom(dialogue, turn), `${dialogue.clientPassword}\0`, dialogue.name)
        else assert.deepEqual(Buffer.from(turn), expected[i] ?? Buffer.alloc(0), dialogue.name)
      }
    }
  })

  it('finds out which clients hash the NUL behind the nonce', () => {
    const wrong = dialogues.filter(({ clientPassword, ...dialogue }) => {
      const [scramble] = turnsOf({ ...dialogue, clientPassword }, 'client')
      const padded = Buffer.from(`${dialogue.nonce}00`, 'hex')
      return verifyFastDigest(scramble!, padded, digestOf(clientPassword))
    })
    assert.deepEqual(
      wrong.map(({ name }) => name),
      ['ma118-sha2-full-rsa-go', 'ma118-sha2-full-rsa-pymysql111'],
    )
    for (const dialogue of dialogues) {
      const [scramble] = turnsOf(dialogue, 'client')
      if (wrong.includes(dialogue) || scramble?.length !== 32) continue
      const digest = digestOf(dialogue.clientPassword)
      assert.ok(verifyFastDigest(scramble, Buffer.from(dialogue.nonce, 'hex'), digest), dialogue.name)
    }
  })

  it('understands the stored credentials of real servers', () => {
    for (const { stored, name } of dialogues) assert.ok(plugin.understands(stored), name)
  })
})

describe('fast authentication', () => {
  it('accepts the scramble of a remembered password, with 03 before OK', () => {
    assert.deepEqual(verdictOn([right], { fastDigests: [fastDigest] }), fastAccept(0))
  })

  it('says which remembered password it was; an empty digest holds the place of one not known', () => {
    assert.deepEqual(verdictOn([right], { fastDigests: [digestOf('other'), fastDigest] }), fastAccept(1))
    assert.deepEqual(verdictOn([right], { fastDigests: [new Uint8Array(0), fastDigest] }), fastAccept(1))
  })

  it('accepts what its client half sends, whatever the password and the nonce', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        (password, nonce) => {
          const proof = proofOf({ nonce, fastDigests: [sha256(sha256(password))] })
          const { verdict } = converse(plugin, { password, channel: 'plaintext', mayRequestPublicKey: false }, proof)
          assert.deepEqual(verdict, fastAccept(0))
        },
      ),
    )
  })

  it('turns to full authentication for the right scramble with any one bit flipped, and for 20,000 wrong ones', () => {
    const wrong = [...bitFlips(right), new Uint8Array(32), new Uint8Array(32).fill(0xff)]
    for (let i = 0; i < 20_000; i++) wrong.push(randomBytes(32))
    for (const answer of wrong) {
      const turn = plugin.server({ ...proofOf({ fastDigests: [fastDigest] }), answer }).next()
      assert.deepEqual(turn, { done: false, value: fullAuthentication })
    }
  })

  it('turns to full authentication when nothing is remembered', () => {
    const turn = plugin.server({ ...proofOf({}), answer: right }).next()
    assert.deepEqual(turn, { done: false, value: fullAuthentication })
  })

  it('takes 32 bytes only, or nothing or one NUL for "no password"', () => {
    for (const length of oddLengths) {
      if (length === 32) continue
      const answer = new Uint8Array(length)
      answer.set(right.subarray(0, length))
      const expected = deny(length === 0 ? 'no-password' : 'scramble-malformed')
      assert.deepEqual(verdictOn([answer], { fastDigests: [fastDigest] }), expected, `${length} bytes`)
    }
    assert.deepEqual(verdictOn([Uint8Array.of(0)], { fastDigests: [fastDigest] }), deny('no-password'))
  })

  it('lets an account without a password in by an empty answer, without 03', () => {
    for (const answer of [new Uint8Array(0), Uint8Array.of(0)]) {
      assert.deepEqual(verdictOn([answer], { authStrings: [''] }), { verdict: 'accept', credential: 0 })
    }
    assert.deepEqual(verdictOn([new Uint8Array(0)], { authStrings: [stored, ''] }), deny('no-password'))
  })

  it('asks for full authentication when an account without a password is given one', () => {
    const turn = plugin.server({ ...proofOf({ authStrings: [''] }), answer: new Uint8Array(32) }).next()
    assert.deepEqual(turn, { done: false, value: fullAuthentication })
  })

  it('does not take the stored credential for the password', () => {
    const answer = scrambleCachingSha2Password(bytes(stored), nonce)
    assert.equal(plugin.server({ ...proofOf({ fastDigests: [fastDigest] }), answer }).next().done, false)
  })
})

describe('full authentication on the server', () => {
  const sealed = randomBytes(256)

  it('hands the client its key once, and then any 256 bytes to the judge', () => {
    const { sent, verdict } = judge(plugin, proofOf({}), [right, Uint8Array.of(2), sealed])
    assert.deepEqual(sent.map(Buffer.from), [Buffer.from([4]), Buffer.from(publicKey)])
    assert.deepEqual(verdict, { verdict: 'check-secret', secret: sealed, form: 'sealed' })
    assert.deepEqual(verdictOn([right, Uint8Array.of(2), Uint8Array.of(2)]), deny('secret-malformed'))
  })

  it('takes a sealed password without a key request', () => {
    assert.deepEqual(verdictOn([right, sealed]), { verdict: 'check-secret', secret: sealed, form: 'sealed' })
  })

  it('refuses what cannot be a sealed password on a plaintext channel', () => {
    const odd = [[], [1], [3], [4], [2, 0]].map((octets) => Uint8Array.from(octets))
    const lengths = [255, 257, 512, 65_535].map((length) => new Uint8Array(length))
    for (const answer of [...odd, bytes('secret\0'), ...lengths]) {
      assert.deepEqual(verdictOn([right, answer]), deny('secret-malformed'))
      assert.deepEqual(verdictOn([right, Uint8Array.of(2), answer]), deny('secret-malformed'))
    }
  })

  it('hands every answer on a secure channel to the judge, a key request too', () => {
    for (const channel of ['tls', 'unix-socket'] as const) {
      for (const secret of [bytes('secret\0'), Uint8Array.of(2), new Uint8Array(0), sealed]) {
        assert.deepEqual(verdictOn([right, secret], { channel }), { verdict: 'check-secret', secret, form: 'clear' })
      }
    }
  })

  it('refuses on a plaintext channel when the server has no key', () => {
    for (const answer of [Uint8Array.of(2), sealed]) {
      assert.deepEqual(verdictOn([right, answer], { publicKey: undefined }), deny('insecure-channel'))
    }
  })
})

describe('store', () => {
  it('writes the format of MySQL, and nothing for no password', () => {
    assert.match(stored, /^\$A\$001\$0123456789abcdefghij[./\dA-Za-z]{43}$/)
    assert.ok(plugin.understands(stored))
    assert.equal(plugin.store(new Uint8Array(0), salt, 1000), '')
    assert.ok(plugin.understands(''))
  })

  it('refuses passwords that could never log in', () => {
    assert.throws(() => plugin.store(new Uint8Array(257).fill(0x61), salt, 1000), { name: 'ConfigurationError' })
    assert.throws(() => plugin.store(bytes('a\0b'), salt, 1000), { name: 'ConfigurationError' })
  })

  it('is not that of another plugin', () => {
    const others = [
      `*${'A'.repeat(40)}`,
      `$5$0123456789abcdefghij$${'.'.repeat(43)}`,
      'secret',
      stored.slice(1),
      `${stored}.`,
    ]
    for (const authString of others) assert.equal(plugin.understands(authString), false, authString)
  })
})

function rememberedBy({ name, accountPassword, retainedPassword, turns }: CapturedDialogue): Uint8Array[] {
  const hit = turns.some((turn) => 'server' in turn && turn.server === '03')
  if (hit && retainedPassword !== undefined) return [new Uint8Array(0), digestOf(retainedPassword)]
  return hit || name.includes('warm') ? [digestOf(accountPassword)] : []
}

function digestOf(password: string): Uint8Array {
  return sha256(sha256(bytes(password)))
}

function deny(reason: Extract<Verdict, { verdict: 'deny' }>['reason']): Verdict {
  return { verdict: 'deny', reason }
}

function fastAccept(credential: number): Verdict {
  return { verdict: 'accept', last: fastAuthSuccess, credential }
}

function verdictOn(answers: readonly Uint8Array[], given: Partial<ServerProof> = {}): Verdict {
  return judge(plugin, proofOf(given), answers).verdict
}

function proofOf(given: Partial<ServerProof>): Omit<ServerProof, 'answer'> {
  return { nonce, channel: 'plaintext', authStrings: [stored], fastDigests: [], publicKey, ...given }
}
