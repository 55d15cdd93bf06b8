import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, capturedDialogues, judge, startClient, turnsOf } from '../../test/support/auth-dialogues.ts'
import { withDoor } from '../../test/support/door.ts'
import { connect, connectWith } from '../client/connect.ts'
import { identityOf, settle } from '../client/settings.ts'
import { ClientError } from '../errors/errors.ts'
import { cachingSha2Password, scrambleCachingSha2Password } from './caching-sha2-password.ts'
import { cachingSha2FromDigest, FullAuthenticationWanted, nativeFromDigest } from './from-digest.ts'
import { mysqlNativePassword, scrambleNativePassword } from './mysql-native-password.ts'
import type { AuthPlugin, ClientPlugin, ServerProof, Verdict } from './plugin.ts'
import { sha1, sha256 } from './primitives.ts'
import { sha256Password } from './sha256-password.ts'

const salt = bytes('0123456789abcdefghij')
const nonceHere = fc.uint8Array({ minLength: 20, maxLength: 20 })
const nonceThere = fc.uint8Array({ minLength: 20, maxLength: 20 })

describe('a digest recovered from a proof', () => {
  it('signs the nonce of another server as the password would: mysql_native_password', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), nonceHere, nonceThere, (password, here, there) => {
        const authStrings = [mysqlNativePassword.store(password, salt, 0)]
        const answer = scrambleNativePassword(password, here)
        const digest = recoveredFrom(mysqlNativePassword, { nonce: here, authStrings }, answer)
        assert.deepEqual(digest, password.length === 0 ? new Uint8Array(0) : Uint8Array.from(sha1(password)))
        const signed = firstOf(nativeFromDigest, digest, there)
        assert.deepEqual(Uint8Array.from(signed), Uint8Array.from(scrambleNativePassword(password, there)))
        assert.equal(verdictOf(mysqlNativePassword, { nonce: there, authStrings }, signed).verdict, 'accept')
      }),
    )
  })

  it('signs the nonce of another server as the password would: caching_sha2_password', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), nonceHere, nonceThere, (password, here, there) => {
        const known = { authStrings: [password.length === 0 ? '' : '$A$'], fastDigests: [sha256(sha256(password))] }
        const answer = scrambleCachingSha2Password(password, here)
        const digest = recoveredFrom(cachingSha2Password, { ...known, nonce: here }, answer)
        assert.deepEqual(digest, password.length === 0 ? new Uint8Array(0) : Uint8Array.from(sha256(password)))
        const signed = firstOf(cachingSha2FromDigest, digest, there)
        assert.deepEqual(Uint8Array.from(signed), Uint8Array.from(scrambleCachingSha2Password(password, there)))
        assert.equal(verdictOf(cachingSha2Password, { ...known, nonce: there }, signed).verdict, 'accept')
      }),
    )
  })

  it('is found in what real clients sent, and gives the same scramble again', () => {
    const native = capturedDialogues('mysql_native_password').filter(({ end }) => end === 'OK')
    const fast = capturedDialogues('caching_sha2_password').filter(({ turns }) =>
      turns.some((turn) => 'server' in turn && turn.server === '03'),
    )
    assert.ok(native.length > 30 && fast.length > 10)
    for (const dialogue of [...native, ...fast]) {
      const [plugin, back] = native.includes(dialogue)
        ? [mysqlNativePassword, nativeFromDigest]
        : [cachingSha2Password, cachingSha2FromDigest]
      const [answer = new Uint8Array(0)] = turnsOf(dialogue, 'client')
      const nonce = Buffer.from(dialogue.nonce, 'hex')
      const fastDigests = [sha256(sha256(bytes(dialogue.clientPassword)))]
      const digest = recoveredFrom(plugin, { nonce, authStrings: [dialogue.stored], fastDigests }, answer)
      assert.deepEqual(Buffer.from(firstOf(back, digest, nonce)), Buffer.from(answer), dialogue.name)
    }
  })

  it('is that of the password which was given, when an account has two', () => {
    const nonce = bytes('abcdefghij0123456789')
    const authStrings = ['new', 'old'].map((password) => mysqlNativePassword.store(bytes(password), salt, 0))
    const native = scrambleNativePassword(bytes('old'), nonce)
    assert.deepEqual(
      recoveredFrom(mysqlNativePassword, { nonce, authStrings }, native),
      Uint8Array.from(sha1(bytes('old'))),
    )
    const fastDigests = ['new', 'old'].map((password) => sha256(sha256(bytes(password))))
    const fast = scrambleCachingSha2Password(bytes('old'), nonce)
    assert.deepEqual(
      recoveredFrom(cachingSha2Password, { nonce, fastDigests }, fast),
      Uint8Array.from(sha256(bytes('old'))),
    )
  })

  it('has memory of its own, so that nothing else is kept alive by it', () => {
    const nonce = bytes('abcdefghij0123456789')
    const authStrings = [mysqlNativePassword.store(bytes('secret'), salt, 0)]
    const digest = recoveredFrom(
      mysqlNativePassword,
      { nonce, authStrings },
      scrambleNativePassword(bytes('secret'), nonce),
    )
    assert.equal(digest.buffer.byteLength, 20)
  })

  it('is handed out only when it is asked for', () => {
    const nonce = bytes('abcdefghij0123456789')
    const authStrings = [mysqlNativePassword.store(bytes('secret'), salt, 0)]
    const fastDigests = [sha256(sha256(bytes('secret')))]
    const native = scrambleNativePassword(bytes('secret'), nonce)
    const fast = scrambleCachingSha2Password(bytes('secret'), nonce)
    for (const recover of [false, undefined]) {
      const asked = recover === undefined ? {} : { recover }
      for (const verdict of [
        verdictOf(mysqlNativePassword, { nonce, authStrings, ...asked }, native),
        verdictOf(cachingSha2Password, { nonce, fastDigests, ...asked }, fast),
        verdictOf(mysqlNativePassword, { nonce, authStrings: [''], ...asked }, new Uint8Array(0)),
      ]) {
        assert.equal(verdict.verdict, 'accept')
        assert.equal('recovered' in verdict, false)
      }
    }
  })

  it('is not what plugins have that send the password, nor in a refusal', () => {
    const nonce = bytes('abcdefghij0123456789')
    const sent = verdictOf(sha256Password, { nonce, channel: 'tls', recover: true }, bytes('secret\0'))
    assert.equal(sent.verdict, 'check-secret')
    const authStrings = [mysqlNativePassword.store(bytes('secret'), salt, 0)]
    const wrong = verdictOf(mysqlNativePassword, { nonce, authStrings, recover: true }, new Uint8Array(20))
    assert.deepEqual(wrong, { verdict: 'deny', reason: 'scramble-mismatch' })
  })
})

describe('cachingSha2FromDigest', () => {
  const nonce = bytes('abcdefghij0123456789')

  it('says so when the server wants the password itself, once the server has been told that there is none', () => {
    const ends: ((dialogue: ReturnType<typeof started>) => unknown)[] = [
      (dialogue) => dialogue.return(),
      (dialogue) => dialogue.next(Uint8Array.of(4)),
    ]
    for (const end of ends) {
      const dialogue = started(cachingSha2FromDigest, sha256(bytes('secret')), nonce)
      dialogue.next()
      assert.deepEqual(dialogue.next(Uint8Array.of(4)).value, Uint8Array.of(1))
      assert.throws(
        () => end(dialogue),
        (error) => {
          assert.ok(error instanceof FullAuthenticationWanted && error instanceof ClientError)
          assert.equal(error.symbol, 'CR_AUTH_PLUGIN_ERR')
          assert.match(error.message, /caching_sha2_password/)
          return true
        },
      )
      assert.equal(dialogue.return().done, true)
    }
  })

  for (const mode of ['DISABLED', 'REQUIRED'] as const) {
    it(`logs in where the password is remembered, and leaves by a refusal where it is not: TLS ${mode}`, async () => {
      await withDoor({ accounts: [{ user: 'u', password: 'secret' }] }, async ({ port, refusals }) => {
        const options = { port, user: 'u', tls: { mode } }
        const login = async () => {
          const settings = settle(options)
          const plugins = new Map([[cachingSha2FromDigest.name, cachingSha2FromDigest]])
          const bent = { ...settings, login: { ...settings.login, plugins } }
          const identity = identityOf({ user: 'u', password: sha256(bytes('secret')) })
          const connection = await connectWith(bent, identity, undefined)
          await connection.close()
        }
        await assert.rejects(login(), FullAuthenticationWanted)
        assert.deepEqual(
          refusals.map(({ reason }) => reason),
          ['secret-malformed'],
        )
        const known = await connect({ ...options, password: 'secret', getServerPublicKey: true })
        await known.close()
        await login()
      })
    })
  }

  it('sends nothing behind fast authentication, and takes nothing but OK', () => {
    const dialogue = started(cachingSha2FromDigest, sha256(bytes('secret')), nonce)
    dialogue.next()
    assert.deepEqual(dialogue.next(Uint8Array.of(3)).value, new Uint8Array(0))
    assert.throws(() => dialogue.next(Uint8Array.of(4)), { name: 'ProtocolViolation' })
  })

  it('throws on anything else that the server may say', () => {
    for (const data of [[], [2], [5], [3, 3], [4, 0]]) {
      const dialogue = started(cachingSha2FromDigest, sha256(bytes('secret')), nonce)
      dialogue.next()
      assert.throws(() => dialogue.next(Uint8Array.from(data)), { name: 'ProtocolViolation' })
    }
  })
})

describe('nativeFromDigest', () => {
  it('throws when the server wants more than the scramble', () => {
    const dialogue = started(nativeFromDigest, sha1(bytes('secret')), bytes('abcdefghij0123456789'))
    dialogue.next()
    assert.throws(() => dialogue.next(Uint8Array.of(4)), { name: 'ProtocolViolation' })
  })

  it('knows the hash by which MariaDB proves its certificate, as the password does', () => {
    const login = {
      nonce: new Uint8Array(20),
      clientNonce: new Uint8Array(32),
      channel: 'tls',
      mayRequestPublicKey: false,
    } as const
    const byDigest = nativeFromDigest.passwordHash?.({ ...login, password: sha1(bytes('secret')) })
    const byPassword = mysqlNativePassword.passwordHash?.({ ...login, password: bytes('secret') })
    assert.deepEqual(byDigest, byPassword)
    assert.equal(nativeFromDigest.passwordHash?.({ ...login, password: new Uint8Array(0) }).length, 0)
  })
})

function recoveredFrom(plugin: AuthPlugin, given: Partial<ServerProof>, answer: Uint8Array): Uint8Array {
  const verdict = verdictOf(plugin, { ...given, recover: true }, answer)
  assert.equal(verdict.verdict, 'accept')
  assert.ok(verdict.verdict === 'accept' && verdict.recovered !== undefined)
  return verdict.recovered
}

function verdictOf(plugin: AuthPlugin, given: Partial<ServerProof>, answer: Uint8Array): Verdict {
  const proof = { nonce: salt, authStrings: [], fastDigests: [], publicKey: undefined, ...given }
  return judge(plugin, { channel: 'plaintext', ...proof }, [answer]).verdict
}

function firstOf(plugin: ClientPlugin, digest: Uint8Array, nonce: Uint8Array): Uint8Array {
  return started(plugin, digest, nonce).next().value ?? new Uint8Array(0)
}

function started(plugin: ClientPlugin, password: Uint8Array, nonce: Uint8Array) {
  return startClient(plugin, { password, nonce, channel: 'plaintext', mayRequestPublicKey: true })
}
