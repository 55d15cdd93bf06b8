import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, int, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { decodeSslRequest, encodeSslRequest } from './ssl-request.ts'

const request = { capabilities: 0x00000a01, maxPacketSize: 0x1000000, collationId: 255, mariadbCapabilities: 0 }
const payload = bytes('01 0a 00 00', int(0x1000000, 4), 'ff', zeros(23))

testCodec('SslRequest', { packet: request, payload, encode: encodeSslRequest, decode: decodeSslRequest })

testCodec('SslRequest of MariaDB', {
  packet: { ...request, capabilities: 0x00000a00, mariadbCapabilities: 0x1c },
  payload: bytes('00 0a 00 00', int(0x1000000, 4), 'ff', zeros(19), int(0x1c, 4)),
  encode: encodeSslRequest,
  decode: decodeSslRequest,
})

describe('SslRequest', () => {
  it('is 32 bytes and no more', () => {
    assert.equal(payload.length, 32)
    assert.throws(() => decodeSslRequest(bytes(payload, [0])), MalformedPacket)
  })

  it('has CLIENT_SSL', () => {
    assert.throws(() => decodeSslRequest(bytes('01 02 00 00', payload.subarray(4))), MalformedPacket)
    assert.throws(() => encodeSslRequest({ ...request, capabilities: 0x201 }), ConfigurationError)
  })
})
