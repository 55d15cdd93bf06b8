import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { decodeEof, encodeEof } from './eof.ts'

testCodec('Eof', {
  packet: { warnings: 3, statusFlags: 0x22 },
  payload: bytes('fe 03 00 22 00'),
  encode: encodeEof,
  decode: decodeEof,
})

describe('Eof', () => {
  it('is refused with another header or trailing bytes', () => {
    assert.throws(() => decodeEof(bytes('00 03 00 22 00')), MalformedPacket)
    assert.throws(() => decodeEof(bytes('fe 03 00 22 00 00')), MalformedPacket)
  })
})
