import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NonceSource } from './nonce-source.ts'

describe('NonceSource', () => {
  it('gives a million nonces of 20 bytes without NUL, without "$", in 7 bits', () => {
    const source = new NonceSource()
    const seen = new Uint8Array(256)
    for (let i = 0; i < 1_000_000; i++) for (const byte of source.next()) seen[byte] = 1
    const values = [...seen.keys()].filter((byte) => seen[byte] === 1)
    assert.equal(values.length, 126)
    assert.ok(values.every((byte) => byte > 0 && byte < 0x80 && byte !== 0x24))
  })

  it('spreads the 126 values evenly over each of the 20 positions', () => {
    const source = new NonceSource()
    const nonces = 126 * 1000
    const counts = Array.from({ length: 20 }, () => new Float64Array(128))
    for (let i = 0; i < nonces; i++) {
      source.next().forEach((byte, position) => {
        counts[position]![byte]! += 1
      })
    }
    for (const [position, count] of counts.entries()) {
      const chiSquare = count.reduce(
        (sum, n, byte) => (byte === 0 || byte === 0x24 ? sum : sum + (n - 1000) ** 2 / 1000),
        0,
      )
      // 125 degrees of freedom: mean 125, standard deviation 15.8. Eight of them: once in 10^11 runs by chance.
      assert.ok(chiSquare < 252, `position ${position}: chi-square ${chiSquare}`)
    }
  })

  it('never repeats a nonce', () => {
    const source = new NonceSource()
    const nonces = new Set(Array.from({ length: 100_000 }, () => Buffer.from(source.next()).toString('latin1')))
    assert.equal(nonces.size, 100_000)
  })

  it('gives 32 bytes where a plugin needs them', () => {
    assert.equal(new NonceSource().next(32).length, 32)
  })

  it('skips forbidden bytes, masks the others to 7 bits, and zeroes what it used', () => {
    let pool: Uint8Array | undefined
    const source = new NonceSource((bytes) => {
      pool = bytes
      bytes.set([0x00, 0x80, 0x24, 0xa4, 0x01, 0xff, 0x41, 0x42])
      bytes.fill(0x61, 8)
    })
    assert.deepEqual([...source.next(3)], [0x01, 0x7f, 0x41])
    assert.deepEqual([...pool!.subarray(0, 9)], [0, 0, 0, 0, 0, 0, 0, 0x42, 0x61])
  })

  it('hands out copies', () => {
    const source = new NonceSource((bytes) => bytes.fill(0x61))
    source.next().fill(0)
    assert.ok(source.next().every((byte) => byte === 0x61))
  })

  it('passes the failure of its source on, and again at the next call', () => {
    const source = new NonceSource(() => {
      throw new Error('no entropy')
    })
    assert.throws(() => source.next(), /no entropy/)
    assert.throws(() => source.next(), /no entropy/)
  })

  it('throws instead of searching for ever when its source gives nothing usable', () => {
    assert.throws(() => new NonceSource((bytes) => bytes.fill(0)).next(), { symbol: 'SALTGATE_CONFIGURATION' })
  })
})
