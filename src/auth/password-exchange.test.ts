import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { bytes, converse, privateKey, publicKey, startClient, unseal } from '../../test/support/auth-dialogues.ts'
import { cachingSha2Password } from './caching-sha2-password.ts'
import { rsaPublicKey } from './password-exchange.ts'
import type { ClientLogin, ServerProof } from './plugin.ts'
import { sha256Password } from './sha256-password.ts'

const nonce = bytes('abcdefghij0123456789')
const pem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

for (const plugin of [cachingSha2Password, sha256Password]) {
  describe(`the password of ${plugin.name} on its way`, () => {
    it('is sealed with the key that the server gave, for any password that fits the key', () => {
      for (const password of ['x', 'pässwörd', 'longer than the twenty bytes of a nonce', 'm'.repeat(213)]) {
        const { answers, verdict } = converse(plugin, login({ password: bytes(password) }), proof({}))
        assert.ok(verdict.verdict === 'check-secret' && verdict.form === 'sealed')
        assert.equal(unseal(verdict.secret, nonce, privateKey), `${password}\0`)
        assert.ok(answers.every((answer) => !Buffer.from(answer).includes(password, 0, 'utf8') || password === 'x'))
      }
    })

    it('is sealed with the pinned key without asking for one', () => {
      const { answers, verdict } = converse(
        plugin,
        login({ serverPublicKey: publicKey, mayRequestPublicKey: false }),
        proof({}),
      )
      assert.ok(verdict.verdict === 'check-secret' && verdict.form === 'sealed')
      assert.equal(unseal(verdict.secret, nonce, privateKey), 'secret\0')
      assert.ok(answers.every((answer) => answer.length >= 32))
    })

    it('works with a key of an odd size', () => {
      const pair = generateKeyPairSync('rsa', { modulusLength: 2056, ...pem })
      const { verdict } = converse(plugin, login({}), proof({ publicKey: pair.publicKey }))
      assert.ok(verdict.verdict === 'check-secret' && verdict.secret.length === 257)
      assert.equal(unseal(verdict.secret, nonce, pair.privateKey), 'secret\0')
    })

    it('goes in clear with one NUL over TLS, and sealed over a unix socket unless the plugin trusts that', () => {
      for (const channel of ['tls', 'unix-socket'] as const) {
        const { verdict } = converse(plugin, login({ channel }), proof({ channel }))
        const clear = channel === 'tls' || plugin.name === 'caching_sha2_password'
        assert.equal(verdict?.verdict === 'check-secret' && verdict.form, clear ? 'clear' : 'sealed')
        if (clear) assert.deepEqual(verdict, { verdict: 'check-secret', secret: bytes('secret\0'), form: 'clear' })
      }
    })

    it('stays at home on a plaintext channel without a key and without the permission to ask', () => {
      const client = startClient(plugin, { ...login({ mayRequestPublicKey: false }), nonce })
      assert.throws(() => untilPassword(client), { name: 'ChannelRefused', symbol: 'CR_AUTH_PLUGIN_ERR' })
    })

    it('stays at home when it does not fit the key', () => {
      const client = startClient(plugin, { ...login({ password: new Uint8Array(214).fill(0x6d) }), nonce })
      untilPassword(client)
      assert.throws(() => client.next(Buffer.from(publicKey)), { name: 'ChannelRefused' })
    })

    it('stays at home when the server gives something else than an RSA key of 2048 bits', () => {
      const weak = generateKeyPairSync('rsa', { modulusLength: 1024, ...pem }).publicKey
      const curve = generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem }).publicKey
      for (const key of ['', 'no key', weak, curve, publicKey.slice(0, 300), `${publicKey}${' '.repeat(8192)}`]) {
        const client = startClient(plugin, { ...login({}), nonce })
        untilPassword(client)
        assert.throws(() => client.next(Buffer.from(key)), { name: 'ProtocolViolation', symbol: 'CR_MALFORMED_PACKET' })
      }
    })

    it('stays at home when the pinned key is none', () => {
      const client = startClient(plugin, { ...login({ serverPublicKey: 'no key' }), nonce })
      assert.throws(() => untilPassword(client), { name: 'ConfigurationError' })
    })

    it('is wiped from its packet when the dialogue ends, in whatever way', () => {
      const ends: ((client: ReturnType<typeof startClient>) => unknown)[] = [
        (client) => client.return(),
        (client) => assert.throws(() => client.next(Uint8Array.of(3)), { name: 'ProtocolViolation' }),
      ]
      for (const end of ends) {
        const client = startClient(plugin, { ...login({ channel: 'tls' }), nonce })
        const packet = untilPassword(client)
        assert.deepEqual(packet, bytes('secret\0'))
        end(client)
        assert.ok(packet.every((byte) => byte === 0))
      }
    })
  })

  /** Brings a client half to its password packet or key request. */
  function untilPassword(client: ReturnType<typeof startClient>): Uint8Array {
    const first = client.next()
    const turn = plugin === cachingSha2Password ? client.next(Uint8Array.of(4)) : first
    assert.ok(!turn.done)
    return turn.value
  }
}

describe('the client half of caching_sha2_password', () => {
  const start = () => {
    const client = startClient(cachingSha2Password, { ...login({ channel: 'tls' }), nonce })
    assert.equal(client.next().value?.length, 32)
    return client
  }

  it('says nothing after 03, and takes nothing more but OK', () => {
    const client = start()
    assert.deepEqual(client.next(Uint8Array.of(3)), { done: false, value: new Uint8Array(0) })
    assert.throws(() => client.next(Uint8Array.of(4)), { name: 'ProtocolViolation' })
  })

  it('throws on any other status of fast authentication, and sends nothing more', () => {
    for (const status of [[], [0], [2], [5], [4, 0], [3, 3]]) {
      assert.throws(() => start().next(Uint8Array.from(status)), {
        name: 'ProtocolViolation',
        symbol: 'CR_MALFORMED_PACKET',
      })
    }
  })
})

describe('rsaPublicKey', () => {
  it('names neither the key nor its cause when it refuses one', () => {
    assert.throws(
      () => rsaPublicKey('-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----'),
      (error: Error) => error.cause === undefined && !error.message.includes('c2VjcmV0'),
    )
  })
})

type GivenLogin = Omit<ClientLogin, 'nonce' | 'clientNonce'>

function login(given: Partial<GivenLogin>): GivenLogin {
  return { password: bytes('secret'), channel: 'plaintext', mayRequestPublicKey: true, ...given }
}

function proof(given: Partial<ServerProof>): Omit<ServerProof, 'answer'> {
  return { nonce, channel: 'plaintext', authStrings: ['$A$'], fastDigests: [], publicKey, ...given }
}
