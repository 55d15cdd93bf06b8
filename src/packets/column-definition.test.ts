import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { mariadbCapability } from './capabilities.ts'
import {
  type ColumnDefinition,
  columnFlag,
  decodeColumnDefinition,
  encodeColumnDefinition,
  fieldType,
} from './column-definition.ts'

const column: ColumnDefinition = {
  schema: 'mysql',
  table: 'u',
  orgTable: 'user',
  name: 'größe',
  orgName: 'User',
  collationId: 255,
  columnLength: 128,
  type: fieldType.VAR_STRING,
  flags: columnFlag.NOT_NULL | columnFlag.PRI_KEY,
  decimals: 0,
}

const names = bytes(...['def', 'mysql', 'u', 'user', 'größe', 'User'].map((name) => block(name)))
const fixed = bytes('0c ff 00 80 00 00 00 fd 03 00 00 00 00')

testCodec('ColumnDefinition', {
  packet: column,
  payload: bytes(names, fixed),
  encode: encodeColumnDefinition,
  decode: decodeColumnDefinition,
})

testCodec('ColumnDefinition of COM_FIELD_LIST', {
  packet: { ...column, defaultValue: 'x' },
  payload: bytes(names, fixed, block('x')),
  encode: encodeColumnDefinition,
  decode: decodeColumnDefinition,
  alsoLegalAt: (length) => length === names.length + fixed.length,
})

testCodec('ColumnDefinition of COM_FIELD_LIST without a default', {
  packet: { ...column, defaultValue: null },
  payload: bytes(names, fixed, 'fb'),
  encode: encodeColumnDefinition,
  decode: decodeColumnDefinition,
  alsoLegalAt: (length) => length === names.length + fixed.length,
})

testCodec<ColumnDefinition>('ColumnDefinition of MariaDB', {
  packet: { ...column, extendedMetadata: [{ kind: 1, value: 'json' }] },
  payload: bytes(names, block(bytes([1], block('json'))), fixed),
  encode: (definition) => encodeColumnDefinition(definition, mariadbCapability.EXTENDED_METADATA),
  decode: (payload) => decodeColumnDefinition(payload, mariadbCapability.EXTENDED_METADATA),
})

describe('ColumnDefinition', () => {
  it('is refused with another length of its fixed fields', () => {
    assert.throws(() => decodeColumnDefinition(bytes(names, '0d', fixed.subarray(1))), MalformedPacket)
  })

  it('without extended metadata carries an empty block for MariaDB', () => {
    const payload = encodeColumnDefinition(column, mariadbCapability.EXTENDED_METADATA)
    assert.deepEqual(payload, bytes(names, '00', fixed))
    assert.deepEqual(decodeColumnDefinition(payload, mariadbCapability.EXTENDED_METADATA), column)
  })
})
