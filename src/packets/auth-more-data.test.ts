import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { decodeAuthMoreData, encodeAuthMoreData } from './auth-more-data.ts'

testCodec('AuthMoreData', {
  packet: { data: bytes('03') },
  payload: bytes('01 03'),
  encode: encodeAuthMoreData,
  decode: decodeAuthMoreData,
  alsoLegalAt: (length) => length === 1,
})

describe('AuthMoreData', () => {
  it('is refused with another header', () => {
    assert.throws(() => decodeAuthMoreData(bytes('02 03')), MalformedPacket)
  })
})
