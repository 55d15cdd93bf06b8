import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expandLabel } from './key-schedule.ts'

// The PRF of TLS 1.2 is proven by the records that it opens: record-keys.test.ts.
describe('expandLabel', () => {
  it('makes the keys that RFC 8448 prints for its server', () => {
    const secret = Buffer.from('b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38', 'hex')
    const hex = (label: string, length: number) =>
      Buffer.from(expandLabel('sha256', secret, label, length)).toString('hex')
    assert.equal(hex('key', 16), '3fce516009c21727d0f2e4e86ee403bc')
    assert.equal(hex('iv', 12), '5d313eb2671276ee13000b30')
  })
})
