import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, int, nul, text, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import { decodeHandshakeV10, encodeHandshakeV10, type HandshakeV10 } from './handshake-v10.ts'

const nonce = bytes('08 7f 30 49 2f 1a 60 78 5e 7a 5d 67 3c 68 2c 7f 69 6d 26 74 00')

const mysql: HandshakeV10 = {
  serverVersion: '9.7.4-2',
  connectionId: 14,
  authPluginData: nonce,
  capabilities: 0xdfffffff,
  collationId: 255,
  statusFlags: 2,
  mariadbCapabilities: 0,
  authPluginName: 'caching_sha2_password',
}

const mysqlPayload = bytes(
  [10],
  nul('9.7.4-2'),
  int(14, 4),
  nonce.subarray(0, 8),
  '00 ff ff ff 02 00 ff df 15',
  zeros(10),
  nonce.subarray(8),
  nul('caching_sha2_password'),
)

const nameStart = mysqlPayload.length - 'caching_sha2_password'.length - 1

testCodec('HandshakeV10 of MySQL', {
  packet: mysql,
  payload: mysqlPayload,
  encode: encodeHandshakeV10,
  decode: decodeHandshakeV10,
  alsoLegalAt: (length) => length >= nameStart,
})

testCodec('HandshakeV10 of MariaDB', {
  packet: {
    ...mysql,
    capabilities: 0x81fffffe,
    mariadbCapabilities: 0x1d,
    authPluginName: 'mysql_native_password',
    collationId: 8,
  },
  payload: bytes(
    [10],
    nul('9.7.4-2'),
    int(14, 4),
    nonce.subarray(0, 8),
    '00 fe ff 08 02 00 ff 81 15',
    zeros(6),
    int(0x1d, 4),
    nonce.subarray(8),
    nul('mysql_native_password'),
  ),
  encode: encodeHandshakeV10,
  decode: decodeHandshakeV10,
  alsoLegalAt: (length) => length >= nameStart,
})

testCodec('HandshakeV10 without CLIENT_PLUGIN_AUTH', {
  packet: { ...mysql, capabilities: 0xdfffffff - capability.PLUGIN_AUTH, authPluginName: undefined },
  payload: bytes(
    [10],
    nul('9.7.4-2'),
    int(14, 4),
    nonce.subarray(0, 8),
    '00 ff ff ff 02 00 f7 df 00',
    zeros(10),
    nonce.subarray(8),
  ),
  encode: encodeHandshakeV10,
  decode: decodeHandshakeV10,
})

describe('decodeHandshakeV10', () => {
  it('reads a plugin name whose NUL is missing', () => {
    assert.equal(decodeHandshakeV10(mysqlPayload.slice(0, -1)).authPluginName, 'caching_sha2_password')
  })

  it('refuses another protocol version and trailing bytes', () => {
    assert.throws(() => decodeHandshakeV10(bytes([9], mysqlPayload.subarray(1))), MalformedPacket)
    assert.throws(() => decodeHandshakeV10(bytes(mysqlPayload, [0])), MalformedPacket)
  })

  it('reads auth plugin data longer than 21 bytes', () => {
    const long = { ...mysql, authPluginData: bytes(nonce, '01 02 03') }
    assert.deepEqual(decodeHandshakeV10(encodeHandshakeV10(long)), long)
  })
})

describe('encodeHandshakeV10', () => {
  const refused: [string, Partial<HandshakeV10>][] = [
    ['a name without CLIENT_PLUGIN_AUTH', { capabilities: 0 }],
    ['CLIENT_PLUGIN_AUTH without a name', { authPluginName: undefined }],
    ['less auth plugin data than a client reads', { authPluginData: nonce.subarray(1) }],
    ['MariaDB capabilities next to CLIENT_LONG_PASSWORD', { mariadbCapabilities: 1 }],
    ['a NUL in the version', { serverVersion: '9\0' }],
    ['a collation id above one byte', { collationId: 256 }],
  ]
  for (const [what, change] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => encodeHandshakeV10({ ...mysql, ...change }), ConfigurationError))
  }

  it('writes Latin-1 text, one byte per character', () => {
    const version = decodeHandshakeV10(encodeHandshakeV10({ ...mysql, serverVersion: 'é' })).serverVersion
    assert.deepEqual(new Uint8Array(Buffer.from(version, 'latin1')), bytes('e9'))
    assert.equal(text(version).length, 2)
  })
})
