import assert from 'node:assert/strict'
import crypto, { constants, createHash, privateDecrypt } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { captures, packetsOf, privateKeyOf } from '../../test/support/captures.ts'
import { utf8 } from '../../test/support/pair.ts'
import {
  explainProof,
  explainSecret,
  type GivenProof,
  type NearProof,
  sayNearProof,
  type Verifier,
} from './near-proof.ts'
import { scramble323 } from './scramble-323.ts'

const nonce = Uint8Array.from({ length: 20 }, (_, i) => 33 + i)
const binaryNonce = Uint8Array.from(nonce, (byte, i) => (i === 6 ? 0 : i === 19 ? 0 : i % 3 === 0 ? byte | 0x80 : byte))
const greeting = nonce.toReversed()
const password = utf8('Pa ss+1é/"x"')
/** A password to which every row of the variants does something. */
const everythingHappens = utf8('é\\"%41+ #?/@:$!&; `\'0123456789'.repeat(40))

const digest = (algorithm: string, ...parts: readonly Uint8Array[]) => {
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
const sha1 = (...parts: readonly Uint8Array[]) => digest('sha1', ...parts)
const sha256 = (...parts: readonly Uint8Array[]) => digest('sha256', ...parts)
const xor = (bytes: Uint8Array, mask: Uint8Array) => bytes.map((byte, i) => byte ^ (mask[i % mask.length] as number))
const withNul = (text: Uint8Array) => Uint8Array.of(...text, 0)

/** The scrambles as clients compute them. */
const scrambles: Readonly<Record<string, (meant: Uint8Array, over: Uint8Array, reversed?: boolean) => Uint8Array>> = {
  mysql_native_password: (meant, over, reversed) => {
    const once = sha1(meant)
    return xor(once, reversed ? sha1(sha1(once), over) : sha1(over, sha1(once)))
  },
  caching_sha2_password: (meant, over, reversed) => {
    const once = sha256(meant)
    return xor(once, reversed ? sha256(over, sha256(once)) : sha256(sha256(once), over))
  },
}
const pluginNames = Object.keys(scrambles)
const twiceOf: Readonly<Record<string, (meant: Uint8Array) => Verifier>> = {
  mysql_native_password: (meant) => ({ kind: 'native', twice: sha1(sha1(meant)) }),
  caching_sha2_password: (meant) => ({ kind: 'sha2', twice: sha256(sha256(meant)) }),
}

function given(plugin: string, answer: Uint8Array, more: Partial<GivenProof> = {}): GivenProof {
  return { plugin, answer, nonce, otherNonces: [{ of: 'greeting', nonce: greeting }], user: 'mary', ...more }
}

const right: NearProof = { nonce: 'right', password: 'right', algorithm: 'right' }

describe('explainProof', () => {
  for (const plugin of pluginNames) {
    const scramble = scrambles[plugin]!
    const verifiers: readonly Verifier[] = [{ kind: 'password', password }, twiceOf[plugin]!(password)]

    it(`says that the right scramble of ${plugin} is right`, () => {
      for (const verifier of verifiers) {
        assert.deepEqual(explainProof(given(plugin, scramble(password, nonce)), verifier), right)
      }
    })

    it(`names the nonce that ${plugin} was computed over, from the password and from the digest alone`, () => {
      const over: Readonly<Record<string, Uint8Array>> = {
        '21-bytes': withNul(binaryNonce),
        'greeting-nonce': greeting,
        'greeting-nonce-21-bytes': withNul(greeting),
        '8-bytes': binaryNonce.subarray(0, 8),
        '19-bytes': binaryNonce.subarray(0, 19),
        'until-nul': binaryNonce.subarray(0, 6),
        ascii: binaryNonce.map((byte) => (byte > 0x7f ? 0x3f : byte)),
        'utf8-replaced': Buffer.from(new TextDecoder().decode(binaryNonce)),
        'utf8-encoded': Buffer.from(String.fromCharCode(...binaryNonce)),
        zeros: new Uint8Array(20),
        none: new Uint8Array(0),
      }
      for (const verifier of verifiers) {
        for (const [slug, bytes] of Object.entries(over)) {
          const near = explainProof(given(plugin, scramble(password, bytes), { nonce: binaryNonce }), verifier)
          assert.deepEqual(near, { ...right, nonce: slug }, slug)
        }
        const two = Uint8Array.of(...nonce.subarray(0, 18), 0, 0)
        const cut = explainProof(given(plugin, scramble(password, nonce.subarray(0, 18)), { nonce: two }), verifier)
        assert.match(cut?.nonce ?? '', /^(until-nul|without-trailing-nuls)$/)
        const seventh = explainProof(
          given(
            plugin,
            scramble(
              password,
              binaryNonce.map((b) => b & 0x7f),
            ),
            { nonce: binaryNonce },
          ),
          verifier,
        )
        assert.deepEqual(seventh, { ...right, nonce: 'ascii' })
      }
    })

    it(`tells the wrong order of ${plugin}, alone and with another nonce`, () => {
      for (const verifier of verifiers) {
        const near = explainProof(given(plugin, scramble(password, nonce, true)), verifier)
        assert.deepEqual(near, { ...right, algorithm: 'reversed' })
        const both = explainProof(given(plugin, scramble(password, withNul(nonce), true)), verifier)
        assert.deepEqual(both, { ...right, nonce: '21-bytes', algorithm: 'reversed' })
      }
    })

    it(`recognises in ${plugin} what needs no password to be known: none, the user name, the stored hash`, () => {
      for (const verifier of verifiers) {
        const stored = '$A$005$stored'
        const of = (text: string) => explainProof(given(plugin, scramble(utf8(text), nonce), { stored }), verifier)
        assert.deepEqual(of('mary'), { ...right, password: 'user-name' })
        assert.deepEqual(of(stored), { ...right, password: 'stored-credential' })
        assert.deepEqual(of(''), { ...right, password: 'empty', algorithm: 'empty-hashed' })
        for (const nothing of [new Uint8Array(0), new Uint8Array(1)]) {
          assert.deepEqual(explainProof(given(plugin, nothing), verifier), { ...right, password: 'empty' })
        }
      }
    })

    it(`sees a password in clear in the place of a scramble of ${plugin}`, () => {
      for (const verifier of verifiers) {
        for (const clear of [password, withNul(password)]) {
          assert.deepEqual(explainProof(given(plugin, clear), verifier), { ...right, algorithm: 'clear' })
        }
      }
    })

    it(`sees a NUL behind the scramble of ${plugin}, and a scramble that ends at its first NUL`, () => {
      for (const verifier of verifiers) {
        const near = explainProof(given(plugin, withNul(scramble(password, nonce))), verifier)
        assert.deepEqual(near, { ...right, algorithm: 'nul-behind' })
      }
      let cut: { whole: Uint8Array; nonce: Uint8Array } | undefined
      for (let i = 0; cut === undefined; i++) {
        const other = Uint8Array.of(...nonce.subarray(0, 18), 1 + (i % 100), 1 + Math.floor(i / 100))
        const whole = scramble(password, other)
        if (whole.indexOf(0) >= 4) cut = { whole, nonce: other }
      }
      const proof = given(plugin, cut.whole.subarray(0, cut.whole.indexOf(0)), { nonce: cut.nonce })
      assert.deepEqual(explainProof(proof, verifiers[0]!), { ...right, algorithm: 'cut-at-nul' })
      assert.equal(
        explainProof({ ...proof, answer: cut.whole.subarray(0, cut.whole.indexOf(0) - 1) }, verifiers[0]!),
        undefined,
      )
    })

    it(`knows nothing of another password by ${plugin}`, () => {
      for (const verifier of verifiers) {
        assert.equal(explainProof(given(plugin, scramble(utf8('another'), nonce)), verifier), undefined)
      }
    })

    it(`takes a hashed empty password for what it is where none is set, by ${plugin}`, () => {
      const none: Verifier = { kind: 'password', password: new Uint8Array(0) }
      assert.deepEqual(explainProof(given(plugin, scramble(utf8(''), nonce)), none), {
        ...right,
        algorithm: 'empty-hashed',
      })
      assert.deepEqual(explainProof(given(plugin, new Uint8Array(0)), none), right)
    })
  }

  it("names the plugin whose scramble was given in the place of the other's", () => {
    const verifier: Verifier = { kind: 'password', password }
    for (const [asked, computed] of [pluginNames, pluginNames.toReversed()] as [string, string][]) {
      const near = explainProof(given(asked, scrambles[computed]!(password, greeting)), verifier)
      assert.deepEqual(near, { ...right, nonce: 'greeting-nonce', algorithm: computed })
      const reversed = explainProof(given(asked, scrambles[computed]!(password, nonce, true)), verifier)
      assert.deepEqual(reversed, { ...right, algorithm: `${computed}-reversed` })
      const old = explainProof(given(asked, scramble323(password, nonce)), verifier)
      assert.deepEqual(old, { ...right, algorithm: 'mysql_old_password' })
    }
  })

  it('judges the password itself where that is what the plugin asks for', () => {
    const verifier: Verifier = { kind: 'password', password }
    assert.deepEqual(explainProof(given('mysql_clear_password', withNul(password)), verifier), right)
    assert.deepEqual(explainProof(given('dialog', password), verifier), { ...right, algorithm: 'without-nul' })
    const newline = Uint8Array.of(...password, 10, 0)
    assert.deepEqual(explainProof(given('sha256_password', newline), verifier), {
      ...right,
      password: 'trailing-newline',
    })
  })

  it('prefers few deviations to many', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...pluginNames),
        fc.constantFrom(nonce, withNul(nonce), nonce.subarray(0, 8)),
        fc.constantFrom(password, utf8('mary'), Uint8Array.of(...password, 10)),
        fc.boolean(),
        (plugin, over, meant, reversed) => {
          const near = explainProof(given(plugin, scrambles[plugin]!(meant, over, reversed)), {
            kind: 'password',
            password,
          })
          assert.equal(near?.nonce === 'right', over === nonce)
          assert.equal(near?.password === 'right', meant === password)
          assert.equal(near?.algorithm === 'right', !reversed)
        },
      ),
    )
  })

  it('costs less than 10,000 hashes, whatever it is given', (t) => {
    const hash = t.mock.method(crypto, 'hash')
    syncBuiltinESMExports()
    t.after(syncBuiltinESMExports)
    for (const plugin of pluginNames) {
      const proof = given(plugin, scrambles[plugin]!(utf8('no'), nonce), { nonce: binaryNonce })
      const before = hash.mock.callCount()
      assert.equal(explainProof(proof, { kind: 'password', password: everythingHappens }), undefined)
      const withPassword = hash.mock.callCount() - before
      assert.equal(explainProof(proof, twiceOf[plugin]!(everythingHappens)), undefined)
      const withDigest = hash.mock.callCount() - before - withPassword
      assert.ok(withPassword > 500 && withPassword < 10_000, `${withPassword} with the password`)
      assert.ok(withDigest > 50 && withDigest < 500, `${withDigest} with the digest`)
    }
  })
})

describe('explainProof on recorded logins', () => {
  const proofOf = (name: string) => {
    const capture = captures.find((one) => one.name === name)!
    const packets = packetsOf(capture)
    const at = packets.findIndex(({ payload }, i) => i > 0 && payload[0] === 0xfe)
    const data = packets[at]!.payload
    const begin = data.indexOf(0) + 1
    const hello = packets[0]!.payload
    const salt = hello.indexOf(0) + 5
    return {
      capture,
      packets,
      given: {
        plugin: 'caching_sha2_password',
        nonce: data.slice(begin, begin + 20),
        answer: packets[at + 1]!.payload,
        otherNonces: [
          {
            of: 'greeting' as const,
            nonce: Uint8Array.of(...hello.slice(salt, salt + 8), ...hello.slice(salt + 27, salt + 39)),
          },
        ],
        user: 'sha2',
      },
    }
  }

  it('proves that PyMySQL 1.1.1 hashes 21 bytes of the nonce of an auth switch, and that 1.2.0 does not', () => {
    const broken = proofOf('ma118-sha2-full-rsa-pymysql111')
    const healthy = proofOf('ma118-sha2-full-rsa-pymysql120')
    for (const verifier of [
      { kind: 'password', password: utf8('pw-sha2') },
      { kind: 'sha2', twice: sha256(sha256(utf8('pw-sha2'))) },
    ] as const) {
      const near = explainProof(broken.given, verifier)
      assert.deepEqual(near, { ...right, nonce: '21-bytes' })
      assert.equal(sayNearProof(near!), 'the client hashed 21 bytes of the 20-byte nonce (the NUL behind it too)')
      assert.deepEqual(explainProof(healthy.given, verifier), right)
    }
  })

  it('finds their password right inside RSA', () => {
    for (const name of ['ma118-sha2-full-rsa-pymysql111', 'ma118-sha2-full-rsa-pymysql120']) {
      const { capture, packets, given } = proofOf(name)
      const sealed = packets.find(({ from, payload }) => from === 'client' && payload.length === 256)!.payload
      const key = { key: privateKeyOf(capture)!, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
      const near = explainSecret(privateDecrypt(key, sealed), utf8('pw-sha2'), { ...given, form: 'opened' })
      assert.deepEqual(near, { ...right, masks: true })
    }
  })
})

describe('explainSecret', () => {
  const long = utf8('a password of more than twenty bytes')
  const sent: Readonly<Record<string, [Uint8Array, Partial<NearProof>]>> = {
    'the mask of 21 bytes': [xor(withNul(long), withNul(nonce)), { nonce: '21-bytes' }],
    'the mask of 8 bytes': [xor(withNul(long), nonce.subarray(0, 8)), { nonce: '8-bytes' }],
    "the greeting's mask": [xor(withNul(long), greeting), { nonce: 'greeting-nonce' }],
    'no mask': [withNul(long), { algorithm: 'unmasked' }],
    'a mask that does not repeat': [
      Uint8Array.of(...xor(long.subarray(0, 20), nonce), ...long.subarray(20), 0),
      { algorithm: 'masked-once' },
    ],
    'no NUL': [xor(long, nonce), { algorithm: 'without-nul' }],
    'a newline': [xor(Uint8Array.of(...long, 10, 0), nonce), { password: 'trailing-newline' }],
  }
  for (const [name, [opened, deviation]] of Object.entries(sent)) {
    it(`reads ${name} in what was inside RSA`, () => {
      const around = { form: 'opened', nonce, otherNonces: [{ of: 'greeting', nonce: greeting }] } as const
      assert.deepEqual(explainSecret(opened, long, around), { ...right, masks: true, ...deviation })
      assert.equal(explainSecret(opened, utf8('some other'), around), undefined)
    })
  }

  it('sees a mask on a password that was to be sent in clear', () => {
    const near = explainSecret(xor(withNul(long), greeting), long, {
      form: 'clear',
      nonce,
      otherNonces: [{ of: 'greeting', nonce: greeting }],
    })
    assert.deepEqual(near, { nonce: 'greeting-nonce', password: 'right', algorithm: 'masked', masks: true })
  })

  it('leaves what it was given as it was', () => {
    const received = withNul(password)
    explainSecret(received, password)
    assert.deepEqual([received, password], [withNul(utf8('Pa ss+1é/"x"')), utf8('Pa ss+1é/"x"')])
  })
})
