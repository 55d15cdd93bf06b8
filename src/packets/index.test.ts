import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MalformedPacket } from '../errors/errors.ts'
import { codecs } from './index.ts'

describe('codecs', () => {
  for (const [name, codec] of Object.entries(codecs)) {
    it(`${name} decodes any bytes or throws MalformedPacket`, () => {
      const capabilities = fc.integer({ min: 0, max: 0xffffffff })
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 120, size: 'max' }), capabilities, (payload, bits) => {
          try {
            codec.decode(payload, bits)
          } catch (error) {
            assert.ok(error instanceof MalformedPacket, `${error}`)
          }
        }),
        { numRuns: 300 },
      )
    })
  }
})
