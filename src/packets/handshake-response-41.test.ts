import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, int, lenenc, nul, text, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import {
  decodeHandshakeResponse41,
  encodeHandshakeResponse41,
  type HandshakeResponse41,
} from './handshake-response-41.ts'

const { PROTOCOL_41, SECURE_CONNECTION, LONG_PASSWORD, CONNECT_WITH_DB, PLUGIN_AUTH, CONNECT_ATTRS } = capability
const { PLUGIN_AUTH_LENENC_CLIENT_DATA, ZSTD_COMPRESSION_ALGORITHM } = capability
const LEAST = PROTOCOL_41 | SECURE_CONNECTION | LONG_PASSWORD
const ALL =
  LEAST | CONNECT_WITH_DB | PLUGIN_AUTH | CONNECT_ATTRS | PLUGIN_AUTH_LENENC_CLIENT_DATA | ZSTD_COMPRESSION_ALGORITHM

const least: HandshakeResponse41 = {
  capabilities: LEAST,
  maxPacketSize: 0x1000000,
  collationId: 45,
  mariadbCapabilities: 0,
  user: text('root'),
  authAnswer: bytes('01 02 03'),
  database: undefined,
  authPluginName: undefined,
  connectAttributes: undefined,
  zstdLevel: undefined,
}

const full: HandshakeResponse41 = {
  ...least,
  capabilities: ALL,
  database: text('app'),
  authPluginName: 'caching_sha2_password',
  connectAttributes: [
    [text('__proto__'), text('x')],
    [text('__proto__'), text('')],
  ],
  zstdLevel: 3,
}

function head(capabilities: number): Uint8Array {
  return bytes(int(capabilities, 4), int(0x1000000, 4), [45], zeros(23))
}

const leastPayload = bytes(head(LEAST), nul('root'), '03 01 02 03')
const attributes = bytes(block('__proto__'), block('x'), block('__proto__'), block(''))
const fullPayload = bytes(
  head(ALL),
  nul('root'),
  '03 01 02 03',
  nul('app'),
  nul('caching_sha2_password'),
  block(attributes),
  [3],
)

testCodec('HandshakeResponse41 with the least', {
  packet: least,
  payload: leastPayload,
  encode: encodeHandshakeResponse41,
  decode: decodeHandshakeResponse41,
})

testCodec('HandshakeResponse41 with everything', {
  packet: full,
  payload: fullPayload,
  encode: encodeHandshakeResponse41,
  decode: decodeHandshakeResponse41,
  alsoLegalAt: (length) => length === fullPayload.length - 1,
})

testCodec('HandshakeResponse41 of MariaDB', {
  packet: { ...least, capabilities: LEAST & ~LONG_PASSWORD, mariadbCapabilities: 0x1c },
  payload: bytes(
    int(LEAST & ~LONG_PASSWORD, 4),
    int(0x1000000, 4),
    [45],
    zeros(19),
    int(0x1c, 4),
    leastPayload.subarray(32),
  ),
  encode: encodeHandshakeResponse41,
  decode: decodeHandshakeResponse41,
})

testCodec('HandshakeResponse41 with a collation id of 16 bits', {
  packet: { ...least, filler: bytes('01', zeros(22)) },
  payload: bytes(leastPayload.subarray(0, 9), '01', leastPayload.subarray(10)),
  encode: encodeHandshakeResponse41,
  decode: decodeHandshakeResponse41,
})

testCodec('HandshakeResponse41 of MariaDB with filler', {
  packet: {
    ...least,
    capabilities: LEAST & ~LONG_PASSWORD,
    mariadbCapabilities: 2,
    filler: bytes(zeros(18), '07', zeros(4)),
  },
  payload: bytes(
    int(LEAST & ~LONG_PASSWORD, 4),
    int(0x1000000, 4),
    [45],
    zeros(18),
    '07 02 00 00 00',
    leastPayload.subarray(32),
  ),
  encode: encodeHandshakeResponse41,
  decode: decodeHandshakeResponse41,
})

describe('decodeHandshakeResponse41, as mysqld does,', () => {
  it('ignores bytes after the last field', () => {
    assert.deepEqual(decodeHandshakeResponse41(bytes(leastPayload, '01 02')), least)
  })

  it('takes a plugin name that is missing or has no NUL for none', () => {
    const capabilities = LEAST | PLUGIN_AUTH
    const payload = bytes(head(capabilities), leastPayload.subarray(32))
    assert.equal(decodeHandshakeResponse41(payload).authPluginName, undefined)
    assert.equal(decodeHandshakeResponse41(bytes(payload, text('dialog'))).authPluginName, undefined)
    assert.equal(decodeHandshakeResponse41(bytes(payload, nul(''))).authPluginName, '')
    assert.equal(decodeHandshakeResponse41(bytes(payload, nul('x'.repeat(300)))).authPluginName, 'x'.repeat(300))
  })

  it('takes an empty database for one that was sent', () => {
    const payload = bytes(head(LEAST | CONNECT_WITH_DB), leastPayload.subarray(32), nul(''))
    assert.deepEqual(decodeHandshakeResponse41(payload).database, zeros(0))
  })

  const refused: [string, Uint8Array][] = [
    ['a user without NUL', bytes(head(LEAST), text('root'))],
    ['an answer longer than the packet', bytes(head(LEAST), nul('root'), '04 01 02 03')],
    ['a database that is announced and missing', bytes(head(LEAST | CONNECT_WITH_DB), leastPayload.subarray(32))],
    ['a database without NUL', bytes(head(LEAST | CONNECT_WITH_DB), leastPayload.subarray(32), text('app'))],
    ['attributes that are announced and missing', bytes(head(LEAST | CONNECT_ATTRS), leastPayload.subarray(32))],
    ['an answer that a NUL ends', bytes(head(PROTOCOL_41), nul('root'), nul('abc'))],
    ['a login from before 4.1', bytes(head(SECURE_CONNECTION), leastPayload.subarray(32))],
  ]
  for (const [what, payload] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => decodeHandshakeResponse41(payload), MalformedPacket))
  }
})

describe('connect attributes', () => {
  const capabilities = LEAST | CONNECT_ATTRS
  const decode = (attributeBlock: Uint8Array) =>
    decodeHandshakeResponse41(bytes(head(capabilities), leastPayload.subarray(32), attributeBlock)).connectAttributes
  const pairs = (count: number) => zeros(count * 2)

  it('may be empty, and up to 128 pairs', () => {
    assert.deepEqual(decode(bytes('00')), [])
    assert.equal(decode(block(pairs(128)))?.length, 128)
    assert.throws(() => decode(block(pairs(129))), MalformedPacket)
  })

  it('may take 65,535 bytes and not one more', () => {
    const pair = (length: number) => bytes('01 6b', lenenc(length), zeros(length))
    const largest = pair(0xffff - 5)
    assert.equal(largest.length, 0xffff)
    assert.equal(decode(block(largest))?.[0]?.[1].length, 0xffff - 5)
    assert.throws(() => decode(block(pair(0xffff - 4))), MalformedPacket)
  })

  it('must fill their block exactly', () => {
    assert.throws(() => decode(block(bytes('01 6b'))), MalformedPacket, 'a key without a value')
    assert.throws(() => decode(block(bytes('01 6b 02 76'))), MalformedPacket, 'a value longer than the block')
    assert.throws(() => decode(bytes('05 01 6b 01 76')), MalformedPacket, 'a block longer than the packet')
    assert.throws(() => decode(block(bytes('fb 00'))), MalformedPacket, 'NULL is no key')
  })

  it('are refused on the way out too', () => {
    const encode = (connectAttributes: [Uint8Array, Uint8Array][]) =>
      encodeHandshakeResponse41({ ...least, capabilities, connectAttributes })
    const pair: [Uint8Array, Uint8Array] = [text('k'), text('v')]
    assert.doesNotThrow(() => encode(new Array(128).fill(pair)))
    assert.throws(() => encode(new Array(129).fill(pair)), ConfigurationError)
    assert.throws(() => encode([[text('k'), zeros(0xffff)]]), ConfigurationError)
  })
})

describe('encodeHandshakeResponse41', () => {
  const refused: [string, HandshakeResponse41][] = [
    ['a database without its capability', { ...least, database: text('app') }],
    ['the capability without a database', { ...least, capabilities: LEAST | CONNECT_WITH_DB }],
    ['attributes without their capability', { ...least, connectAttributes: [] }],
    ['a plugin name without its capability', { ...least, authPluginName: 'dialog' }],
    ['a zstd level without its capability', { ...least, zstdLevel: 3 }],
    ['a NUL in the user', { ...least, user: text('root\0x') }],
    ['a user of 64 KiB', { ...least, user: new Uint8Array(0x10000).fill(1) }],
    ['an answer of 256 bytes behind a one-byte length', { ...least, authAnswer: zeros(256) }],
    ['a login without CLIENT_SECURE_CONNECTION', { ...least, capabilities: PROTOCOL_41 }],
    ['MariaDB capabilities next to CLIENT_LONG_PASSWORD', { ...least, mariadbCapabilities: 1 }],
    ['filler of another length', { ...least, filler: zeros(19) }],
    ['attributes behind a plugin name that is not there', { ...full, authPluginName: undefined }],
  ]
  for (const [what, login] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => encodeHandshakeResponse41(login), ConfigurationError))
  }

  it('writes strings at the limits of their lengths', () => {
    for (const length of [250, 251, 255, 256, 0xffff]) {
      const long = new Uint8Array(length).fill(0x78)
      const login = { ...full, user: long, authAnswer: long, database: long, connectAttributes: [] }
      assert.deepEqual(decodeHandshakeResponse41(encodeHandshakeResponse41(login)), login)
    }
  })
})
