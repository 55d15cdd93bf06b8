import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ConfigurationError } from '../errors/errors.ts'
import {
  formatCachingSha2,
  formatSha256Password,
  maxStoredRounds,
  parseStoredCrypt,
  sha256Crypt,
} from './sha256-crypt.ts'

interface Stored {
  readonly server: string
  readonly user: string
  readonly plugin: string
  readonly password: string
  readonly authStringHex: string
}

const storedFile = new URL('../../test/vectors/crypt/stored.json', import.meta.url)
const stored: readonly Stored[] = JSON.parse(readFileSync(storedFile, 'utf8'))
const authStringOf = ({ authStringHex }: Stored) => Buffer.from(authStringHex, 'hex').toString('latin1')
const example = authStringOf(stored.find(({ plugin }) => plugin === 'caching_sha2_password') as Stored)
const sha256Example = authStringOf(stored.find(({ plugin }) => plugin === 'sha256_password') as Stored)

describe('sha256Crypt', () => {
  for (const row of stored) {
    const name = `${row.plugin} of ${row.user} in ${row.server}`

    test(`computes the hash that was stored: ${name}`, () => {
      const crypt = parseStoredCrypt(authStringOf(row))
      assert.ok(crypt)
      assert.equal(sha256Crypt(Buffer.from(row.password), crypt.salt, crypt.rounds), crypt.hash)
      assert.notEqual(sha256Crypt(Buffer.from(`${row.password} `), crypt.salt, crypt.rounds), crypt.hash)
    })

    test(`is written as it was stored: ${name}`, () => {
      const crypt = parseStoredCrypt(authStringOf(row))
      assert.ok(crypt)
      const format = row.plugin === 'sha256_password' ? formatSha256Password : formatCachingSha2
      assert.equal(format(crypt), authStringOf(row))
    })
  }

  test('refuses a password of 257 bytes', () => {
    const salt = new Uint8Array(20).fill(65)
    assert.equal(sha256Crypt(new Uint8Array(256).fill(65), salt, 1).length, 43)
    assert.throws(() => sha256Crypt(new Uint8Array(257).fill(65), salt, 1), ConfigurationError)
  })
})

describe('parseStoredCrypt', () => {
  test('reads rounds as hexadecimal thousands, in either case', () => {
    assert.equal(parseStoredCrypt(example)?.rounds, 10_000)
    assert.equal(parseStoredCrypt(example.replace('$00A$', '$00a$'))?.rounds, 10_000)
    assert.equal(parseStoredCrypt(example.replace('$00A$', '$010$'))?.rounds, 16_000)
    assert.equal(parseStoredCrypt(sha256Example)?.rounds, 5_000)
  })

  test('refuses no rounds, and more than may burden the server', () => {
    assert.equal(parseStoredCrypt(example.replace('$00A$', '$000$')), undefined)
    assert.equal(parseStoredCrypt(example.replace('$00A$', '$3E8$'))?.rounds, maxStoredRounds)
    assert.equal(parseStoredCrypt(example.replace('$00A$', '$3E9$')), undefined)
    assert.equal(parseStoredCrypt(example.replace('$00A$', '$FFF$')), undefined)
  })

  test('refuses what MySQL stores for other plugins, and what it never writes', () => {
    for (const authString of [
      '',
      '*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9',
      `$5$rounds=5000$${sha256Example.slice(3)}`,
      example.replace('$A$', '$B$'),
      example.replace('$A$', '$a$'),
      `$5$${'\u0041'.repeat(20)}-${'/'.repeat(43)}`,
    ]) {
      assert.equal(parseStoredCrypt(authString), undefined, JSON.stringify(authString))
    }
  })

  for (const [name, authString] of [
    ['caching_sha2_password', example],
    ['sha256_password', sha256Example],
  ] as const) {
    test(`refuses every truncation and every longer string: ${name}`, () => {
      for (let length = 0; length < authString.length; length++) {
        assert.equal(parseStoredCrypt(authString.slice(0, length)), undefined)
      }
      for (const more of ['.', '\n', '\0', '$']) assert.equal(parseStoredCrypt(authString + more), undefined)
    })

    test(`refuses a salt that could not be one: ${name}`, () => {
      const saltAt = name === 'sha256_password' ? 3 : 7
      for (const character of ['\0', '$', '\u0080', '\u0141']) {
        const changed = authString.slice(0, saltAt + 5) + character + authString.slice(saltAt + 6)
        assert.equal(parseStoredCrypt(changed), undefined, JSON.stringify(character))
      }
    })

    test(`refuses a hash that could not be one: ${name}`, () => {
      for (const character of ['$', '+', ' ', '\n', '\u00ff', 'E', 'z']) {
        assert.equal(parseStoredCrypt(authString.slice(0, -1) + character), undefined, JSON.stringify(character))
      }
      assert.ok(parseStoredCrypt(`${authString.slice(0, -1)}D`))
    })
  }

  test('reads any string without throwing, and only what a format writes', () => {
    const near = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((tail) => `$A$005$${tail}`),
      fc.string().map((tail) => `$5$${tail}`),
    )
    fc.assert(
      fc.property(near, (authString) => {
        const crypt = parseStoredCrypt(authString)
        if (crypt === undefined) return
        assert.ok([formatCachingSha2(crypt), formatSha256Password(crypt)].includes(authString))
      }),
    )
  })
})

describe('formatCachingSha2 and formatSha256Password', () => {
  const salt = Uint8Array.from({ length: 20 }, (_, index) => index + 1)
  const hash = '/'.repeat(43)

  test('are read back as they were written', () => {
    const saltByte = fc.integer({ min: 1, max: 127 }).filter((byte) => byte !== 0x24)
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        saltByte,
        fc.integer({ min: 1, max: 1000 }),
        (any, byte, thousands) => {
          const fit = any.map((each) => (each === 0 || each > 127 || each === 0x24 ? byte : each))
          const crypt = { rounds: 1000 * thousands, salt: fit, hash }
          assert.deepEqual(parseStoredCrypt(formatCachingSha2(crypt)), crypt)
          assert.deepEqual(parseStoredCrypt(formatSha256Password({ ...crypt, rounds: 5000 })), {
            ...crypt,
            rounds: 5000,
          })
        },
      ),
    )
  })

  test('refuse rounds that the format cannot hold', () => {
    for (const rounds of [0, 1, 999, 5500, -5000, maxStoredRounds + 1000, Number.NaN]) {
      assert.throws(() => formatCachingSha2({ rounds, salt, hash }), ConfigurationError, String(rounds))
    }
    assert.throws(() => formatSha256Password({ rounds: 10_000, salt, hash }), ConfigurationError)
  })

  test('refuse a salt of another length, or with a byte that is not allowed', () => {
    for (const unfit of [
      salt.slice(1),
      Uint8Array.of(...salt, 1),
      salt.with(3, 0),
      salt.with(3, 0x24),
      salt.with(3, 0x80),
    ]) {
      assert.throws(() => formatCachingSha2({ rounds: 5000, salt: unfit, hash }), ConfigurationError)
      assert.throws(() => formatSha256Password({ rounds: 5000, salt: unfit, hash }), ConfigurationError)
    }
  })
})
