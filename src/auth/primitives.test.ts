import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { equal, sha1, sha256, wipe, xor } from './primitives.ts'

describe('sha1 and sha256', () => {
  it('digest their parts as if joined, and leave them as they are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }), (parts) => {
        const before = parts.map((part) => part.slice())
        const whole = Buffer.concat(parts)
        assert.deepEqual(Buffer.from(sha1(...parts)), createHash('sha1').update(whole).digest())
        assert.deepEqual(Buffer.from(sha256(...parts)), createHash('sha256').update(whole).digest())
        assert.deepEqual(parts, before)
      }),
    )
  })
})

describe('xor', () => {
  it('repeats a short mask', () => {
    assert.deepEqual(xor(Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(1, 0xff)), Uint8Array.of(0, 0xfd, 2, 0xfb, 4))
  })

  it('refuses an empty mask', () => {
    assert.throws(() => xor(Uint8Array.of(1), new Uint8Array(0)), RangeError)
  })
})

describe('equal', () => {
  it('is true for the same bytes only, and false for any prefix', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (a, at) => {
        assert.equal(equal(a, a.slice()), true)
        assert.equal(equal(a, a.with(at % a.length, (a[at % a.length] as number) ^ 1)), false)
        assert.equal(equal(a, a.slice(0, at % a.length)), false)
      }),
    )
  })
})

describe('wipe', () => {
  it('zeroes every buffer', () => {
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)]
    wipe(a, b)
    assert.deepEqual([...a, ...b], [0, 0, 0])
  })
})
