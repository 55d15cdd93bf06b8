import assert from 'node:assert/strict'
import { constants, createHash, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { ConfigurationError } from '../errors/errors.ts'
import { SecretChecker, type SecretJob, type SecretOutcome } from './secret-checker.ts'

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../test/vectors/crypt/${name}.json`, import.meta.url), 'utf8'))
const stored: { server: string; user: string; plugin: string; password: string; authStringHex: string }[] =
  vectors('stored')
const captured: {
  privateKey: string
  sealed: { capture: string; user: string; password: string; nonceHex: string; sealedHex: string }[]
} = vectors('sealed')

const storedFor = (user: string) => {
  const row = stored.find((each) => each.user === user && each.server === 'MySQL 9.7.4')
  return Buffer.from(row?.authStringHex ?? '', 'hex').toString('latin1')
}
const salt = Uint8Array.from({ length: 20 }, (_, index) => index + 1)
const nonce = Uint8Array.from({ length: 20 }, (_, index) => index + 65)
const nul = '\0'

const checker = new SecretChecker({ privateKey: captured.privateKey })
after(() => checker.close())
const cheap = await checker.hashPassword('caching_sha2_password', Buffer.from('open sesame'), salt, 1000)

function clear(secret: string | Uint8Array, more: Partial<SecretJob> = {}): Promise<SecretOutcome> {
  return checker.check({ authStrings: [cheap], secret: Buffer.from(secret), form: 'clear', nonce, source: '', ...more })
}

function seal(text: string | Uint8Array, mask: Uint8Array = nonce, key = captured.privateKey): Buffer {
  const masked = Buffer.from(text).map((byte, index) => byte ^ (mask[index % mask.length] ?? 0))
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return publicEncrypt({ key: createPublicKey(key), padding, oaepHash: 'sha1' }, masked)
}

function sealed(secret: Uint8Array, more: Partial<SecretJob> = {}): Promise<SecretOutcome> {
  return checker.check({ authStrings: [cheap], secret, form: 'sealed', nonce, source: '', ...more })
}

function fastDigest(password: string): Uint8Array {
  const once = createHash('sha256').update(password).digest()
  return Uint8Array.from(createHash('sha256').update(once).digest())
}

describe('check of a clear secret', () => {
  test('matches the passwords of accounts that real servers stored', async () => {
    const outcomes = await Promise.all(
      stored.map(({ password, authStringHex }) =>
        clear(password + nul, { authStrings: [Buffer.from(authStringHex, 'hex').toString('latin1')] }),
      ),
    )
    for (const [index, { password, user }] of stored.entries()) {
      assert.deepEqual(outcomes[index], { outcome: 'match', credential: 0, fastDigest: fastDigest(password) }, user)
    }
  })

  test('says which of two credentials matched', async () => {
    const other = await checker.hashPassword('sha256_password', Buffer.from('older'), salt, 5000)
    const outcomeOf = async (password: string) => {
      const outcome = await clear(password + nul, { authStrings: [cheap, other] })
      return outcome.outcome === 'match' ? outcome.credential : outcome.outcome
    }
    assert.deepEqual(await Promise.all(['open sesame', 'older', 'neither'].map(outcomeOf)), [0, 1, 'mismatch'])
  })

  test('refuses each strict prefix, each longer one and each with a bit flipped', async () => {
    const password = Buffer.from('open sesame')
    const wrong = [
      ...Array.from(password, (_, length) => password.subarray(0, length)),
      ...['\u0001', ' ', '\n', 'x'].map((more) => Buffer.concat([password, Buffer.from(more)])),
      ...Array.from({ length: 8 * password.length }, (_, bit) =>
        password.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      ),
    ].filter((bytes) => !bytes.includes(0))
    const outcomes = await Promise.all(wrong.map((bytes) => clear(Buffer.concat([bytes, Buffer.alloc(1)]))))
    assert.ok(outcomes.length > 90)
    for (const outcome of outcomes) assert.deepEqual(outcome, { outcome: 'mismatch' })
  })

  test('accepts none of 2,000 wrong passwords', async () => {
    const patient = new SecretChecker({ maxQueue: 2000 })
    const outcomes = await Promise.all(
      Array.from({ length: 2000 }, (_, index) => {
        const secret = Buffer.from(createHash('sha256').update(String(index)).digest('hex') + nul)
        return patient.check({ authStrings: [cheap], secret, form: 'clear', nonce, source: '' })
      }),
    )
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'mismatch').length, 2000)
    await patient.close()
  })

  test('demands exactly one NUL, at the end', async () => {
    for (const secret of [
      'open sesame',
      `open sesame${nul}${nul}`,
      `open sesame${nul}x`,
      `${nul}open sesame${nul}`,
      '',
    ]) {
      const outcome = await clear(secret)
      assert.equal(outcome.outcome, 'malformed', JSON.stringify(secret))
      assert.equal(outcome.outcome === 'malformed' && outcome.reason, 'secret-malformed')
    }
  })

  test('takes 256 bytes of password and no more', async () => {
    const longest = 'x'.repeat(256)
    const authStrings = [await checker.hashPassword('caching_sha2_password', Buffer.from(longest), salt, 1000)]
    assert.equal((await clear(longest + nul, { authStrings })).outcome, 'match')
    assert.equal((await clear(`${longest}x${nul}`, { authStrings })).outcome, 'malformed')
    assert.equal((await clear('x'.repeat(65_535) + nul, { authStrings })).outcome, 'malformed')
  })

  test('an empty stored credential matches nothing', async () => {
    for (const secret of [nul, `x${nul}`]) {
      assert.deepEqual(await clear(secret, { authStrings: [''] }), { outcome: 'mismatch' })
      assert.deepEqual(await clear(secret, { authStrings: ['', ''] }), { outcome: 'mismatch' })
      assert.deepEqual(await clear(secret, { authStrings: [] }), { outcome: 'mismatch' })
    }
  })

  test('an empty password matches nothing, not even a stored crypt of it', async () => {
    const authStrings = [await checker.hashPassword('caching_sha2_password', Buffer.alloc(0), salt, 1000)]
    assert.deepEqual(await clear(nul, { authStrings }), { outcome: 'mismatch' })
  })

  test('says so when what is stored is no crypt, and passes over it when another one is', async () => {
    const native = '*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9'
    const outcome = await clear(native + nul, { authStrings: [native] })
    assert.equal(outcome.outcome === 'malformed' && outcome.reason, 'stored-credential-unusable')
    const second = await clear(`open sesame${nul}`, { authStrings: [native, cheap] })
    assert.equal(second.outcome === 'match' && second.credential, 1)
  })

  test('the stored string itself is not the password', async () => {
    assert.deepEqual(await clear(Buffer.from(cheap + nul, 'latin1')), { outcome: 'mismatch' })
  })

  test('keeps apart checks of different rounds that are computed together', async () => {
    const passwords = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const authStrings = await Promise.all(
      passwords.map((password, index) =>
        checker.hashPassword('caching_sha2_password', Buffer.from(password), salt, 1000 * (1 + (index % 3))),
      ),
    )
    const jobs = passwords.flatMap((password) => authStrings.map((authString) => ({ password, authString })))
    const outcomes = await Promise.all(
      jobs.map(({ password, authString }) => clear(password + nul, { authStrings: [authString] })),
    )
    for (const [index, { password, authString }] of jobs.entries()) {
      const right = authStrings.indexOf(authString) === passwords.indexOf(password)
      assert.equal(outcomes[index]?.outcome, right ? 'match' : 'mismatch')
    }
  })

  test('wipes the secret of its caller before anything else happens', async () => {
    const secret = Buffer.from(`open sesame${nul}`)
    const checked = clear('', { secret })
    assert.ok(secret.every((byte) => byte === 0))
    assert.equal((await checked).outcome, 'match')
  })
})

describe('check of a sealed secret', () => {
  for (const { capture, user, password, nonceHex, sealedHex } of captured.sealed) {
    test(`opens what a real client sent: ${capture}`, async () => {
      const outcome = await sealed(Buffer.from(sealedHex, 'hex'), {
        authStrings: [storedFor(user)],
        nonce: Buffer.from(nonceHex, 'hex'),
      })
      assert.deepEqual(outcome, { outcome: 'match', credential: 0, fastDigest: fastDigest(password) })
    })
  }

  test('reads a C string: what follows the NUL does not count', async () => {
    assert.equal((await sealed(seal(`open sesame${nul}`))).outcome, 'match')
    assert.equal((await sealed(seal(`open sesame${nul}junk${nul}`))).outcome, 'match')
    assert.deepEqual(await sealed(seal(`open sesame!${nul}`)), { outcome: 'mismatch' })
    assert.deepEqual(await sealed(seal(`${nul}open sesame${nul}`)), { outcome: 'mismatch' })
  })

  test('refuses a secret without NUL, without mask or with the mask of another nonce', async () => {
    const unmasked = seal(`open sesame${nul}`, new Uint8Array(20))
    const elsewhere = seal(`open sesame${nul}`, nonce.with(0, 1))
    const outcomes = await Promise.all(
      [seal('open sesame'), unmasked, elsewhere, seal('')].map((secret) => sealed(secret)),
    )
    assert.equal(outcomes[0]?.outcome, 'malformed')
    assert.deepEqual(
      outcomes.filter(({ outcome }) => outcome === 'match'),
      [],
    )
  })

  test('refuses what does not decrypt, always with the same words', async () => {
    const whole = seal(`open sesame${nul}`)
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    })
    const attempts = [
      ...[0, 1, 12, 255, 257, 512].map((length) => Buffer.alloc(length, 7)),
      Buffer.alloc(256),
      Buffer.alloc(256, 0xff),
      Buffer.from(whole.with(200, (whole[200] ?? 0) ^ 1)),
      whole.subarray(0, 255),
      Buffer.concat([whole, Buffer.alloc(1)]),
      seal(`open sesame${nul}`, nonce, String(other)),
    ]
    for (const outcome of await Promise.all(attempts.map((secret) => sealed(Buffer.from(secret))))) {
      assert.deepEqual(outcome, {
        outcome: 'malformed',
        reason: 'secret-malformed',
        why: 'does not decrypt with the key of this server',
      })
    }
  })

  test('refuses a nonce of another length', async () => {
    for (const length of [0, 8, 19, 21]) {
      await assert.rejects(sealed(seal(`open sesame${nul}`), { nonce: new Uint8Array(length) }), ConfigurationError)
    }
  })

  test('without a private key nothing opens, and with a new one only what was sealed for it', async () => {
    const changing = new SecretChecker()
    const check = async (secret: Uint8Array) =>
      (await changing.check({ authStrings: [cheap], secret, form: 'sealed', nonce, source: '' })).outcome
    assert.equal(await check(seal(`open sesame${nul}`)), 'malformed')
    changing.setPrivateKey(captured.privateKey)
    assert.equal(await check(seal(`open sesame${nul}`)), 'match')
    const other = String(
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    )
    changing.setPrivateKey(other)
    assert.equal(await check(seal(`open sesame${nul}`)), 'malformed')
    assert.equal(await check(seal(`open sesame${nul}`, nonce, other)), 'match')
    await changing.close()
  })

  test('a password of more than 256 bytes is malformed though a larger key could carry it', async () => {
    const large = String(
      generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    )
    const withLarge = new SecretChecker({ privateKey: large })
    const password = 'y'.repeat(257)
    const authStrings = [
      await withLarge.hashPassword('caching_sha2_password', Buffer.from(password.slice(1)), salt, 1000),
    ]
    const check = async (text: string) =>
      (await withLarge.check({ authStrings, secret: seal(text, nonce, large), form: 'sealed', nonce, source: '' }))
        .outcome
    assert.equal(await check(password.slice(1) + nul), 'match')
    assert.equal(await check(password + nul), 'malformed')
    await withLarge.close()
  })
})

describe('the private key', () => {
  test('is refused when it is none, too short or not RSA, and never quoted', () => {
    const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
      String((key as { export(options: object): unknown }).export({ type: 'pkcs8', format: 'pem' }))
    const short = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)
    const curve = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    for (const privateKey of ['', 'not a key', short, curve, captured.privateKey.replace(/\n.{40}/, '\n')]) {
      assert.throws(
        () => new SecretChecker({ privateKey }),
        (error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.equal(error.cause, undefined)
          return true
        },
      )
    }
  })
})

describe('hashPassword', () => {
  test('makes what mysqld would have stored', async () => {
    for (const { plugin, password, authStringHex } of stored.slice(0, 14)) {
      const authString = Buffer.from(authStringHex, 'hex')
      const [from, format] =
        plugin === 'sha256_password' ? [3, 'sha256_password' as const] : [7, 'caching_sha2_password' as const]
      const made = await checker.hashPassword(
        format,
        Buffer.from(password),
        authString.subarray(from, from + 20),
        10_000,
      )
      assert.equal(made, authString.toString('latin1'))
    }
  })

  test('leaves the password to its caller', async () => {
    const password = Buffer.from('mine')
    await checker.hashPassword('caching_sha2_password', password, salt, 1000)
    assert.equal(String(password), 'mine')
  })

  test('refuses what cannot be stored', async () => {
    const hash = (password: Uint8Array, rounds: number, withSalt = salt) =>
      checker.hashPassword('caching_sha2_password', password, withSalt, rounds)
    await assert.rejects(hash(Buffer.alloc(257, 65), 5000), ConfigurationError)
    await assert.rejects(hash(Buffer.from('x'), 5500), ConfigurationError)
    await assert.rejects(hash(Buffer.from('x'), 5000, salt.slice(1)), ConfigurationError)
    await assert.rejects(hash(Buffer.from('x'), 5000, salt.with(0, 0)), ConfigurationError)
  })
})
