import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bytes,
  capturedDialogues,
  judge,
  oddLengths,
  publicKey,
  publicKeyOf,
  startClient,
  turnsOf,
  unsealFrom,
} from '../../test/support/auth-dialogues.ts'
import type { ServerProof, Verdict } from './plugin.ts'
import { sha256Password as plugin } from './sha256-password.ts'

const nonce = bytes('abcdefghij0123456789')
const salt = bytes('0123456789abcdefghij')
const stored = plugin.store(bytes('secret'), salt, 5000)

describe('sha256_password against captured logins', () => {
  const dialogues = capturedDialogues('sha256_password')

  it('sends what the real server sent, and comes to its verdict', () => {
    assert.equal(dialogues.length, 17)
    for (const dialogue of dialogues) {
      const proof = proofOf({
        nonce: Buffer.from(dialogue.nonce, 'hex'),
        authStrings: [dialogue.stored],
        publicKey: publicKeyOf(dialogue),
      })
      const { sent, verdict } = judge(plugin, proof, turnsOf(dialogue, 'client'))
      assert.deepEqual(sent.map(Buffer.from), turnsOf(dialogue, 'server'), dialogue.name)
      if (sent.length === 0) {
        assert.deepEqual(verdict, { verdict: 'accept', credential: 0 }, dialogue.name)
      } else {
        assert.ok(verdict.verdict === 'check-secret' && verdict.form === 'sealed')
        assert.equal(unsealFrom(dialogue, verdict.secret), `${dialogue.clientPassword}\0`, dialogue.name)
      }
    }
  })

  it('sends what real clients sent', () => {
    // PHP asks for the key even without a password, PyMySQL sends nothing instead of one NUL.
    for (const dialogue of dialogues.filter(({ name }) => !/empty-(php|pymysql)/.test(name))) {
      const client = startClient(plugin, {
        password: bytes(dialogue.clientPassword),
        nonce: Buffer.from(dialogue.nonce, 'hex'),
        channel: 'plaintext',
        mayRequestPublicKey: true,
      })
      const sent = [undefined, ...turnsOf(dialogue, 'server')].map(
        (turn) => client.next(turn!).value ?? new Uint8Array(0),
      )
      for (const [i, expected] of turnsOf(dialogue, 'client').entries()) {
        if (expected.length === 256) {
          assert.equal(unsealFrom(dialogue, sent[i]!), `${dialogue.clientPassword}\0`, dialogue.name)
        } else {
          assert.deepEqual(Buffer.from(sent[i]!), expected, dialogue.name)
        }
      }
    }
  })

  it('understands the stored credentials of the real server', () => {
    for (const { stored, name } of dialogues) assert.ok(plugin.understands(stored), name)
  })
})

describe('the server half of sha256_password', () => {
  it('takes the length of its key only on a plaintext channel', () => {
    for (const length of oddLengths) {
      const answer = new Uint8Array(length).fill(0x61)
      const expected: Verdict =
        length === 256
          ? { verdict: 'check-secret', secret: answer, form: 'sealed' }
          : deny(length === 0 ? 'no-password' : 'secret-malformed')
      assert.deepEqual(verdictOn([answer]), expected, `${length} bytes`)
    }
  })

  it('gives its key once', () => {
    assert.deepEqual(verdictOn([Uint8Array.of(1), Uint8Array.of(1)]), deny('secret-malformed'))
  })

  it('takes an empty answer or one NUL for "no password", on every channel', () => {
    for (const channel of ['plaintext', 'tls', 'unix-socket'] as const) {
      for (const answer of [new Uint8Array(0), Uint8Array.of(0)]) {
        assert.deepEqual(verdictOn([answer], { channel, authStrings: [''] }), { verdict: 'accept', credential: 0 })
        assert.deepEqual(verdictOn([answer], { channel }), deny('no-password'))
      }
    }
  })

  it('hands every other answer on a secure channel to the judge', () => {
    for (const secret of [bytes('secret\0'), bytes('secret'), Uint8Array.of(1), bytes(stored)]) {
      assert.deepEqual(verdictOn([secret], { channel: 'tls' }), { verdict: 'check-secret', secret, form: 'clear' })
    }
  })

  it('refuses on a plaintext channel when the server has no key', () => {
    assert.deepEqual(verdictOn([Uint8Array.of(1)], { publicKey: undefined }), deny('insecure-channel'))
  })
})

describe('store', () => {
  it('writes the format of MySQL with its 5000 rounds, whatever is asked for', () => {
    assert.match(stored, /^\$5\$0123456789abcdefghij\$[./\dA-Za-z]{43}$/)
    assert.equal(plugin.store(bytes('secret'), salt, 10_000), stored)
    assert.ok(plugin.understands(stored))
    assert.equal(plugin.store(new Uint8Array(0), salt, 5000), '')
  })

  it('refuses passwords that could never log in', () => {
    assert.throws(() => plugin.store(new Uint8Array(257).fill(0x61), salt, 5000), { name: 'ConfigurationError' })
    assert.throws(() => plugin.store(bytes('a\0b'), salt, 5000), { name: 'ConfigurationError' })
  })

  it('is not that of caching_sha2_password', () => {
    assert.equal(plugin.understands(`$A$005$0123456789abcdefghij${'.'.repeat(43)}`), false)
  })
})

function deny(reason: Extract<Verdict, { verdict: 'deny' }>['reason']): Verdict {
  return { verdict: 'deny', reason }
}

function verdictOn(answers: readonly Uint8Array[], given: Partial<ServerProof> = {}): Verdict {
  return judge(plugin, proofOf(given), answers).verdict
}

function proofOf(given: Partial<ServerProof>): Omit<ServerProof, 'answer'> {
  return { nonce, channel: 'plaintext', authStrings: [stored], fastDigests: [], publicKey, ...given }
}
