import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, text } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { decodeErr, encodeErr } from './err.ts'

testCodec('Err', {
  packet: { code: 1045, sqlState: '28000', message: "Access denied for user 'ü'@'localhost'" },
  payload: bytes('ff 15 04', text("#28000Access denied for user 'ü'@'localhost'")),
  encode: encodeErr,
  decode: decodeErr,
  // Without the marker all that follows is the message, and a message may be empty.
  alsoLegalAt: (length) => length === 3 || length >= 9,
})

testCodec('Err without SQLSTATE', {
  packet: { code: 1040, sqlState: undefined, message: 'Too many connections' },
  payload: bytes('ff 10 04', text('Too many connections')),
  encode: encodeErr,
  decode: decodeErr,
  alsoLegalAt: (length) => length >= 3,
})

describe('Err', () => {
  it('is refused with another header', () => {
    assert.throws(() => decodeErr(bytes('00 15 04')), MalformedPacket)
  })

  it('has an SQLSTATE of five characters', () => {
    assert.throws(() => encodeErr({ code: 1, sqlState: '2800', message: '' }), ConfigurationError)
  })
})
