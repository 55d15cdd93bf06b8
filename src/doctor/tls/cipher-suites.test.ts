import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cipherSuite } from './cipher-suites.ts'

// That names and numbers belong together is proven by connections that took each of them: record-keys.test.ts.
describe('cipherSuite', () => {
  it('names each number once', () => {
    const names = Array.from({ length: 0x10000 }, (_, code) => cipherSuite(code).name)
    assert.equal(new Set(names).size, names.length)
    assert.equal(names.filter((name) => !name.startsWith('0x')).length, 143)
  })

  it('names those that are not read, and calls others by their number', () => {
    assert.equal(cipherSuite(0x0005).name, 'RC4-SHA')
    assert.equal(cipherSuite(0xc012).name, 'ECDHE-RSA-DES-CBC3-SHA')
    assert.equal(cipherSuite(0x0005).cipher, undefined)
    assert.equal(cipherSuite(0x0a0a).name, '0x0a0a')
    assert.equal(cipherSuite(0x0a0a).cipher, undefined)
  })
})
