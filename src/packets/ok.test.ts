import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, int, lenenc, text, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import { decodeOk, encodeOk, type Ok } from './ok.ts'
import { serverStatus } from './server-status.ts'
import type { SessionChange } from './session-changes.ts'

const { SESSION_TRACK } = capability
const { AUTOCOMMIT, SESSION_STATE_CHANGED } = serverStatus

const plain: Ok = {
  header: 0x00,
  affectedRows: 0n,
  lastInsertId: 0n,
  statusFlags: AUTOCOMMIT,
  warnings: 0,
  info: zeros(0),
  sessionChanges: undefined,
}

function codec(capabilities: number) {
  return {
    encode: (ok: Ok) => encodeOk(ok, capabilities),
    decode: (payload: Uint8Array) => decodeOk(payload, capabilities),
  }
}

testCodec('Ok after a login', { packet: plain, payload: bytes('00 00 00 02 00 00 00'), ...codec(SESSION_TRACK) })

testCodec('Ok after a login with a database, as MySQL 9.7 sends it', {
  packet: {
    ...plain,
    statusFlags: AUTOCOMMIT | SESSION_STATE_CHANGED,
    sessionChanges: [{ kind: 'schema', name: 'app' }],
  },
  payload: bytes('00 00 00 02 40 00 00 00 06 01 04 03 61 70 70'),
  ...codec(SESSION_TRACK),
})

const changes: SessionChange[] = [
  { kind: 'system-variable', name: 'autocommit', value: 'OFF' },
  { kind: 'schema', name: 'übung' },
  { kind: 'state-change', value: '1' },
  { kind: 'gtids', encoding: 0, gtids: 'a-1' },
  { kind: 'transaction-characteristics', statement: 'START TRANSACTION;' },
  { kind: 'transaction-state', flags: 'T_______' },
  { kind: 'unknown', type: 99, data: bytes('01 02') },
]

testCodec('Ok with every session change', {
  packet: {
    header: 0xfe,
    affectedRows: 2n ** 64n - 1n,
    lastInsertId: 251n,
    statusFlags: SESSION_STATE_CHANGED,
    warnings: 7,
    info: text('Rows matched: 1'),
    sessionChanges: changes,
  },
  payload: bytes(
    'fe',
    lenenc(2n ** 64n - 1n),
    lenenc(251),
    int(SESSION_STATE_CHANGED, 2),
    '07 00',
    block('Rows matched: 1'),
    block(
      bytes(
        [0],
        block(bytes(block('autocommit'), block('OFF'))),
        [1],
        block(block('übung')),
        [2],
        block('1'),
        [3],
        block(bytes([0], block('a-1'))),
        [4],
        block(block('START TRANSACTION;')),
        [5],
        block(block('T_______')),
        [99],
        block(bytes('01 02')),
      ),
    ),
  ),
  ...codec(SESSION_TRACK),
})

testCodec('Ok with info, without CLIENT_SESSION_TRACK', {
  packet: { ...plain, info: text('Records: 3') },
  payload: bytes('00 00 00 02 00 00 00', block('Records: 3')),
  ...codec(0),
  // What is left of info is then no length any more, so it is taken as it is.
  alsoLegalAt: (length) => length >= 7,
})

describe('decodeOk', () => {
  it('reads info without a length when CLIENT_SESSION_TRACK is off, as the manual has it', () => {
    assert.deepEqual(decodeOk(bytes('00 00 00 02 00 00 00', text('Records: 3')), 0).info, text('Records: 3'))
  })

  it('ignores the session flag without CLIENT_SESSION_TRACK', () => {
    assert.equal(decodeOk(bytes('00 00 00 02 40 00 00'), 0).sessionChanges, undefined)
  })

  it('reads several variables in one change', () => {
    const pairs = bytes(block('a'), block('1'), block('b'), block('2'))
    const ok = decodeOk(bytes('00 00 00 02 40 00 00 00', block(bytes([0], block(pairs)))), SESSION_TRACK)
    assert.deepEqual(ok.sessionChanges, [
      { kind: 'system-variable', name: 'a', value: '1' },
      { kind: 'system-variable', name: 'b', value: '2' },
    ])
  })

  it('refuses another header, trailing bytes and a change that its data does not fill', () => {
    assert.throws(() => decodeOk(bytes('01 00 00 02 00 00 00'), SESSION_TRACK), MalformedPacket)
    assert.throws(() => decodeOk(bytes('00 00 00 02 00 00 00 00 00'), SESSION_TRACK), MalformedPacket)
    const loose = bytes('00 00 00 02 40 00 00 00', block(bytes([1], block(bytes(block('app'), [0])))))
    assert.throws(() => decodeOk(loose, SESSION_TRACK), MalformedPacket)
  })
})

describe('encodeOk', () => {
  it('refuses session changes that the client would not look for, and their flag without them', () => {
    const changed = { ...plain, statusFlags: SESSION_STATE_CHANGED, sessionChanges: changes }
    assert.throws(() => encodeOk(changed, 0), ConfigurationError)
    assert.throws(() => encodeOk({ ...changed, statusFlags: 0 }, SESSION_TRACK), ConfigurationError)
    assert.throws(() => encodeOk({ ...changed, sessionChanges: undefined }, SESSION_TRACK), ConfigurationError)
  })
})
