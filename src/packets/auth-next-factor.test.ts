import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, nul } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { decodeAuthNextFactor, encodeAuthNextFactor } from './auth-next-factor.ts'

testCodec('AuthNextFactor', {
  packet: { authPluginName: 'dialog', authPluginData: bytes('01 02') },
  payload: bytes('02', nul('dialog'), '01 02'),
  encode: encodeAuthNextFactor,
  decode: decodeAuthNextFactor,
  alsoLegalAt: (length) => length >= 8,
})

describe('AuthNextFactor', () => {
  it('is refused with another header', () => {
    assert.throws(() => decodeAuthNextFactor(bytes('01', nul('dialog'))), MalformedPacket)
  })
})
