import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capability, has, names } from './capabilities.ts'

describe('capability', () => {
  it('names each of the 32 bits once', () => {
    const all = Object.values(capability).reduce((word, bit) => (word | bit) >>> 0, 0)
    assert.equal(all, 0xffffffff)
    assert.equal(Object.keys(capability).length, 32)
  })
})

describe('has', () => {
  it('sees the highest bit', () => {
    assert.equal(has(0xdfffffff, capability.REMEMBER_OPTIONS), true)
    assert.equal(has(0x7fffffff, capability.REMEMBER_OPTIONS), false)
  })
})

describe('names', () => {
  it('lists the set bits from low to high', () => {
    assert.deepEqual(names(0x80000a01), ['LONG_PASSWORD', 'PROTOCOL_41', 'SSL', 'REMEMBER_OPTIONS'])
    assert.deepEqual(names(0), [])
  })
})
