import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, lenenc, text } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import { fieldType } from './column-definition.ts'
import { type ComQuery, decodeComQuery, encodeComQuery } from './com-query.ts'

const { QUERY_ATTRIBUTES } = capability

function codec(capabilities: number) {
  return {
    encode: (query: ComQuery) => encodeComQuery(query, capabilities),
    decode: (payload: Uint8Array) => decodeComQuery(payload, capabilities),
  }
}

testCodec('ComQuery', {
  packet: { query: text('SELECT 1'), attributes: [] },
  payload: bytes('03', text('SELECT 1')),
  ...codec(0),
  alsoLegalAt: (length) => length >= 1,
})

testCodec('ComQuery without attributes, with CLIENT_QUERY_ATTRIBUTES', {
  packet: { query: text('SELECT 1'), attributes: [] },
  payload: bytes('03 00 01', text('SELECT 1')),
  ...codec(QUERY_ATTRIBUTES),
  alsoLegalAt: (length) => length >= 3,
})

const attributes = bytes(
  '03 02 01', // two attributes, one set
  '02 01', // the second is NULL; types follow
  'fd 00',
  block('trace'),
  '08 80',
  block('none'),
  block('abc'),
)

testCodec('ComQuery with attributes', {
  packet: {
    query: text('SELECT 1'),
    attributes: [
      { name: 'trace', type: fieldType.VAR_STRING, unsigned: false, value: text('abc') },
      { name: 'none', type: fieldType.LONGLONG, unsigned: true, value: null },
    ],
  },
  payload: bytes(attributes, text('SELECT 1')),
  ...codec(QUERY_ATTRIBUTES),
  alsoLegalAt: (length) => length >= attributes.length,
})

describe('decodeComQuery', () => {
  const refused: [string, Uint8Array][] = [
    ['another command', bytes('04 00 01')],
    ['another number of sets', bytes('03 00 02')],
    ['attributes without types', bytes('03 01 01 00 00 01 61')],
    ['a flag that is neither 0 nor 1', bytes('03 01 01 00 02 08 00 00 00 00 00 00 00 00 00 00')],
    ['a type that is none', bytes('03 01 01 00 01 c8 00 00 00 00')],
    ['more attributes than there are bits', bytes('03', lenenc(2n ** 53n - 1n), '01 00 01')],
    ['2^32 attributes', bytes('03', lenenc(2n ** 32n), '01 00 01')],
  ]
  for (const [what, payload] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => decodeComQuery(payload, QUERY_ATTRIBUTES), MalformedPacket))
  }
})

describe('encodeComQuery', () => {
  it('refuses attributes that the server would read as the query', () => {
    const query = { query: text('x'), attributes: [{ name: 'a', type: fieldType.NULL, unsigned: false, value: null }] }
    assert.throws(() => encodeComQuery(query, 0), ConfigurationError)
  })
})
