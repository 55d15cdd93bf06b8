import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, nul, text, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import { type ComChangeUser, decodeComChangeUser, encodeComChangeUser } from './com-change-user.ts'

const { SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_ATTRS } = capability
const ALL = SECURE_CONNECTION | PLUGIN_AUTH | CONNECT_ATTRS

const full: ComChangeUser = {
  user: text('changer'),
  authAnswer: bytes('01 02 03'),
  database: text('app'),
  collationId: 45,
  authPluginName: 'mysql_native_password',
  connectAttributes: [[text('k'), text('v')]],
}

const ends = [
  '11',
  nul('changer'),
  '03 01 02 03',
  nul('app'),
  '2d 00',
  nul('mysql_native_password'),
  block('\x01k\x01v'),
]
const payload = bytes(...ends)
const afterDatabase = bytes(...ends.slice(0, 4)).length
const afterCollation = bytes(...ends.slice(0, 5)).length
const afterName = bytes(...ends.slice(0, 6)).length

testCodec('ComChangeUser', {
  packet: full,
  payload,
  encode: (change) => encodeComChangeUser(change, ALL),
  decode: (bytes) => decodeComChangeUser(bytes, ALL),
  alsoLegalAt: (length) => [afterDatabase, afterCollation, afterName].includes(length),
})

describe('decodeComChangeUser', () => {
  it('tells which fields a client left out', () => {
    const noAttributes = { ...full, connectAttributes: undefined }
    const noName = { ...noAttributes, authPluginName: undefined }
    const noCollation = { ...noName, collationId: undefined }
    assert.deepEqual(decodeComChangeUser(payload.slice(0, afterName), ALL), noAttributes)
    assert.deepEqual(decodeComChangeUser(payload.slice(0, afterCollation), ALL), noName)
    assert.deepEqual(decodeComChangeUser(payload.slice(0, afterDatabase), ALL), noCollation)
    for (const [packet, length] of [
      [noAttributes, afterName],
      [noName, afterCollation],
      [noCollation, afterDatabase],
    ] as const) {
      assert.deepEqual(encodeComChangeUser(packet, ALL), payload.slice(0, length))
    }
  })

  it('ignores bytes after the last field', () => {
    assert.deepEqual(decodeComChangeUser(bytes(payload, '01'), ALL), full)
    const native = { ...full, authPluginName: undefined, connectAttributes: undefined }
    assert.deepEqual(decodeComChangeUser(payload, SECURE_CONNECTION), native)
  })

  it('is refused without CLIENT_SECURE_CONNECTION and with another command', () => {
    assert.throws(() => decodeComChangeUser(payload, PLUGIN_AUTH), MalformedPacket)
    assert.throws(() => decodeComChangeUser(bytes('12', payload.subarray(1)), ALL), MalformedPacket)
  })
})

describe('encodeComChangeUser', () => {
  const refused: [string, Partial<ComChangeUser>, number][] = [
    ['without CLIENT_SECURE_CONNECTION', {}, PLUGIN_AUTH],
    ['a plugin name without its capability', { connectAttributes: undefined }, SECURE_CONNECTION],
    ['attributes without their capability', {}, SECURE_CONNECTION | PLUGIN_AUTH],
    ['attributes without a plugin name before them', { authPluginName: undefined }, ALL],
    ['a plugin name without a collation id before it', { collationId: undefined }, ALL],
    ['an answer of 256 bytes', { authAnswer: zeros(256) }, ALL],
    ['a NUL in the database', { database: text('a\0b') }, ALL],
  ]
  for (const [what, change, capabilities] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => encodeComChangeUser({ ...full, ...change }, capabilities), ConfigurationError)
    })
  }
})
