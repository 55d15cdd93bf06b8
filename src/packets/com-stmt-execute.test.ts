import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, text } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import { fieldType } from './column-definition.ts'
import {
  type ComStmtExecute,
  decodeComStmtExecute,
  decodeStatementId,
  encodeComStmtExecute,
  executeFlag,
  LAST_PREPARED,
} from './com-stmt-execute.ts'
import type { RememberedParameters } from './parameters.ts'

const { QUERY_ATTRIBUTES } = capability

function statement(count: number, more: Partial<RememberedParameters> = {}): RememberedParameters {
  return { count, types: [], longData: new Set(), ...more }
}

function codec(capabilities: number, remembered: RememberedParameters) {
  return {
    encode: (execute: ComStmtExecute) => encodeComStmtExecute(execute, capabilities),
    decode: (payload: Uint8Array) => decodeComStmtExecute(payload, capabilities, remembered),
  }
}

const string = { name: '', type: fieldType.VAR_STRING, unsigned: false }
const long = { name: '', type: fieldType.LONG, unsigned: true }

testCodec('ComStmtExecute without parameters', {
  packet: { statementId: 7, flags: 0, parameters: [], typesFollow: false },
  payload: bytes('17 07 00 00 00 00 01 00 00 00'),
  ...codec(0, statement(0)),
})

testCodec('ComStmtExecute with types', {
  packet: {
    statementId: LAST_PREPARED,
    flags: executeFlag.CURSOR_TYPE_READ_ONLY,
    parameters: [
      { ...string, value: text('abc') },
      { ...string, value: null },
      { ...long, value: 0xfffffffe },
    ],
    typesFollow: true,
  },
  payload: bytes('17 ff ff ff ff 01 01 00 00 00 02 01 fd 00 fd 00 03 80', block('abc'), 'fe ff ff ff'),
  ...codec(0, statement(3)),
})

testCodec('ComStmtExecute with the types of the execution before, and long data', {
  packet: {
    statementId: 7,
    flags: 0,
    parameters: [
      { ...string, value: undefined },
      { ...long, value: 1 },
    ],
    typesFollow: false,
  },
  payload: bytes('17 07 00 00 00 00 01 00 00 00 00 00 01 00 00 00'),
  ...codec(0, statement(2, { types: [string, long], longData: new Set([0]) })),
})

testCodec('ComStmtExecute with a query attribute behind its parameter', {
  packet: {
    statementId: 7,
    flags: executeFlag.PARAMETER_COUNT_AVAILABLE,
    parameters: [
      { ...long, value: 1 },
      { ...string, name: 'trace', value: text('x') },
    ],
    typesFollow: true,
  },
  payload: bytes('17 07 00 00 00 08 01 00 00 00 02 00 01 03 80 00 fd 00', block('trace'), '01 00 00 00 01 78'),
  ...codec(QUERY_ATTRIBUTES, statement(1)),
})

testCodec('ComStmtExecute that announces no parameters', {
  packet: { statementId: 7, flags: executeFlag.PARAMETER_COUNT_AVAILABLE, parameters: [], typesFollow: false },
  payload: bytes('17 07 00 00 00 08 01 00 00 00 00'),
  ...codec(QUERY_ATTRIBUTES, statement(0)),
})

describe('decodeStatementId', () => {
  it('reads the id before the statement is known', () => {
    assert.equal(decodeStatementId(bytes('17 07 00 00 00')), 7)
    assert.throws(() => decodeStatementId(bytes('17 07 00 00')), MalformedPacket)
    assert.throws(() => decodeStatementId(bytes('16 07 00 00 00')), MalformedPacket)
  })
})

describe('decodeComStmtExecute', () => {
  it('takes a parameter of type NULL for NULL', () => {
    const execute = decodeComStmtExecute(bytes('17 07 00 00 00 00 01 00 00 00 00 01 06 00'), 0, statement(1))
    assert.equal(execute.parameters[0]?.value, null)
  })

  it('bears with MariaDB Connector/Node, which says that types follow where there are no parameters', () => {
    const execute = decodeComStmtExecute(bytes('17 07 00 00 00 00 01 00 00 00 01'), 0, statement(0))
    assert.deepEqual(execute, { statementId: 7, flags: 0, parameters: [], typesFollow: false })
  })

  const refused: [string, Uint8Array, number, RememberedParameters][] = [
    ['types that were never sent', bytes('17 07 00 00 00 00 01 00 00 00 00 00 01 00 00 00'), 0, statement(1)],
    ['trailing bytes', bytes('17 07 00 00 00 00 01 00 00 00 00'), 0, statement(0)],
    [
      'fewer parameters than the statement has',
      bytes('17 07 00 00 00 08 01 00 00 00 00'),
      QUERY_ATTRIBUTES,
      statement(1),
    ],
  ]
  for (const [what, payload, capabilities, remembered] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeComStmtExecute(payload, capabilities, remembered), MalformedPacket)
    })
  }
})

describe('encodeComStmtExecute', () => {
  it('refuses a name without CLIENT_QUERY_ATTRIBUTES', () => {
    const execute = { statementId: 1, flags: 0, parameters: [{ ...long, name: 'a', value: 1 }], typesFollow: true }
    assert.throws(() => encodeComStmtExecute(execute, 0), ConfigurationError)
  })
})
