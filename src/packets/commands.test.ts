/** The commands whose bodies are a few fixed fields; those with parameters have files of their own. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, nul, text } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { capability } from './capabilities.ts'
import { decodeComFieldList, encodeComFieldList } from './com-field-list.ts'
import { decodeComInitDb, encodeComInitDb } from './com-init-db.ts'
import { decodeComProcessKill, encodeComProcessKill } from './com-process-kill.ts'
import { decodeComSetOption, encodeComSetOption } from './com-set-option.ts'
import { decodeComStmtClose, encodeComStmtClose } from './com-stmt-close.ts'
import { decodeComStmtFetch, encodeComStmtFetch } from './com-stmt-fetch.ts'
import {
  decodeComStmtPrepare,
  decodeStmtPrepareOk,
  encodeComStmtPrepare,
  encodeStmtPrepareOk,
} from './com-stmt-prepare.ts'
import { decodeComStmtReset, encodeComStmtReset } from './com-stmt-reset.ts'
import { decodeComStmtSendLongData, encodeComStmtSendLongData } from './com-stmt-send-long-data.ts'
import { command, commandName } from './commands.ts'

testCodec('ComInitDb', {
  packet: { database: text('app') },
  payload: bytes('02', text('app')),
  encode: encodeComInitDb,
  decode: decodeComInitDb,
  alsoLegalAt: (length) => length >= 1,
})

testCodec('ComFieldList', {
  packet: { table: text('user'), wildcard: text('a%') },
  payload: bytes('04', nul('user'), text('a%')),
  encode: encodeComFieldList,
  decode: decodeComFieldList,
  alsoLegalAt: (length) => length >= 6,
})

testCodec('ComProcessKill', {
  packet: { connectionId: 0xfffffffe },
  payload: bytes('0c fe ff ff ff'),
  encode: encodeComProcessKill,
  decode: decodeComProcessKill,
})

testCodec('ComSetOption', {
  packet: { option: 1 },
  payload: bytes('1b 01 00'),
  encode: encodeComSetOption,
  decode: decodeComSetOption,
})

testCodec('ComStmtPrepare', {
  packet: { query: text('SELECT ?') },
  payload: bytes('16', text('SELECT ?')),
  encode: encodeComStmtPrepare,
  decode: decodeComStmtPrepare,
  alsoLegalAt: (length) => length >= 1,
})

testCodec('StmtPrepareOk', {
  packet: { statementId: 5, columnCount: 1, parameterCount: 2, warnings: 3, metadataFollows: true },
  payload: bytes('00 05 00 00 00 01 00 02 00 00 03 00'),
  encode: (ok) => encodeStmtPrepareOk(ok, 0),
  decode: (payload) => decodeStmtPrepareOk(payload, 0),
})

testCodec('StmtPrepareOk with CLIENT_OPTIONAL_RESULTSET_METADATA', {
  packet: { statementId: 5, columnCount: 1, parameterCount: 2, warnings: 3, metadataFollows: false },
  payload: bytes('00 05 00 00 00 01 00 02 00 00 03 00 00'),
  encode: (ok) => encodeStmtPrepareOk(ok, capability.OPTIONAL_RESULTSET_METADATA),
  decode: (payload) => decodeStmtPrepareOk(payload, capability.OPTIONAL_RESULTSET_METADATA),
})

testCodec('ComStmtSendLongData', {
  packet: { statementId: 5, parameter: 258, data: bytes('00 ff') },
  payload: bytes('18 05 00 00 00 02 01 00 ff'),
  encode: encodeComStmtSendLongData,
  decode: decodeComStmtSendLongData,
  alsoLegalAt: (length) => length >= 7,
})

testCodec('ComStmtClose', {
  packet: { statementId: 5 },
  payload: bytes('19 05 00 00 00'),
  encode: encodeComStmtClose,
  decode: decodeComStmtClose,
})

testCodec('ComStmtReset', {
  packet: { statementId: 5 },
  payload: bytes('1a 05 00 00 00'),
  encode: encodeComStmtReset,
  decode: decodeComStmtReset,
})

testCodec('ComStmtFetch', {
  packet: { statementId: 5, rows: 100 },
  payload: bytes('1c 05 00 00 00 64 00 00 00'),
  encode: encodeComStmtFetch,
  decode: decodeComStmtFetch,
})

describe('commands', () => {
  it('are refused with the byte of another', () => {
    for (const decode of [decodeComInitDb, decodeComFieldList, decodeComProcessKill, decodeComSetOption]) {
      assert.throws(() => decode(bytes('0e 00 00 00 00')), MalformedPacket)
    }
    for (const decode of [decodeComStmtPrepare, decodeComStmtClose, decodeComStmtReset, decodeComStmtFetch]) {
      assert.throws(() => decode(bytes('0e 00 00 00 00 00 00 00 00')), MalformedPacket)
    }
    assert.throws(() => decodeComStmtSendLongData(bytes('0e 00 00 00 00 00 00')), MalformedPacket)
  })

  it('have names', () => {
    assert.equal(commandName(command.QUERY), 'COM_QUERY')
    assert.equal(commandName(0x1f), 'COM_RESET_CONNECTION')
    assert.equal(commandName(0x7f), undefined)
  })
})
