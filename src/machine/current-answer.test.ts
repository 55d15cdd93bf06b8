/** What an answer consists of, told packet by packet through the scanner. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  answer,
  column,
  eof,
  err,
  expectPayload,
  frame,
  modern,
  ok,
  oneColumn,
  ping,
  plain,
  select1,
  watched,
} from '../../test/support/answer-streams.ts'
import { block, bytes, int, lenenc, zeros } from '../../test/support/bytes.ts'
import { ProtocolViolation } from '../errors/errors.ts'
import { capability, mariadbCapability } from '../packets/capabilities.ts'
import { command } from '../packets/commands.ts'
import { serverStatus } from '../packets/server-status.ts'
import { type AnswerDialect, AnswerScanner } from './answer-scanner.ts'

const MAX = 0xffffff
const changed = serverStatus.SESSION_STATE_CHANGED
describe('CurrentAnswer', () => {
  it('reads a number of columns of two bytes, and whether their definitions follow', () => {
    const columns = Array.from({ length: 300 }, () => column)
    const end = ok(2, { header: 0xfe })
    const caching = { ...modern, mariadbCapabilities: mariadbCapability.CACHE_METADATA }
    const optional = { ...modern, capabilities: modern.capabilities | capability.OPTIONAL_RESULTSET_METADATA }
    for (const [dialect, packets] of [
      [modern, [lenenc(300), ...columns, end]],
      [caching, [bytes(lenenc(300), [1]), ...columns, end]],
      [caching, [bytes(lenenc(300), [0]), end]],
      [optional, [bytes(lenenc(300), [0]), block('1'), end]],
    ] as const) {
      const { scanner, events } = watched(dialect)
      expectPayload(scanner, select1)
      scanner.push(answer(...packets.slice(0, -1)))
      assert.equal(events.length, 0)
      scanner.push(frame(end, packets.length))
      assert.equal(events.length, 1)
    }
  })

  it('ends an answer at the flag of a cursor only if the command has asked for one', () => {
    const opened = answer(bytes([1]), column, eof(serverStatus.CURSOR_EXISTS))
    for (const [flags, ends] of [
      [0, 0],
      [1, 1],
      [8, 0],
    ] as const) {
      const { scanner, events } = watched(plain)
      expectPayload(scanner, bytes([command.STMT_EXECUTE], int(1, 4), [flags], int(1, 4)))
      scanner.push(opened)
      assert.equal(events.length, ends)
    }
  })

  it('lets no more results follow what is fetched', () => {
    const { scanner, events } = watched(modern)
    expectPayload(scanner, bytes([command.STMT_FETCH], int(1, 4), int(10, 4)))
    scanner.push(answer(zeros(6), ok(serverStatus.MORE_RESULTS_EXISTS, { header: 0xfe })))
    assert.equal(events.length, 1)
  })

  it('does not take a row of eight bytes and more for an EOF', () => {
    const { scanner, events } = watched(plain)
    expectPayload(scanner, select1)
    scanner.push(answer(bytes([1]), column, eof(2), bytes([0xfe], int(0, 8))))
    assert.equal(events.length, 0)
    scanner.push(frame(eof(2), 5))
    assert.equal(events.length, 1)
  })

  it('tells the error that ends the rows, and keeps the status flags of before', () => {
    const { scanner, events } = watched(modern)
    expectPayload(scanner, ping)
    scanner.push(answer(ok(3)))
    expectPayload(scanner, select1)
    scanner.push(bytes(oneColumn, frame(block('1'), 3), frame(err(1317), 4)))
    assert.deepEqual(events.at(-1), { is: 'answered', command: 3, errorCode: 1317, statusFlags: 3, ok: undefined })
    assert.equal(scanner.statusFlags, 3)
  })

  it('tells warnings, affected rows and last insert ids of all results together', () => {
    const ends: unknown[] = []
    const scanner = new AnswerScanner(modern, {
      onAnswered: ({ affectedRows, lastInsertId, warnings }) => ends.push({ affectedRows, lastInsertId, warnings }),
      onLocalInfile: () => assert.fail(),
      onUnasked: () => assert.fail(),
    })
    const more = serverStatus.MORE_RESULTS_EXISTS
    const inserted = bytes([0x00], lenenc(70_000), lenenc(2n ** 60n), int(more, 2), int(9, 2))
    const updated = bytes([0x00], lenenc(300), lenenc(0), int(2, 2), int(7, 2))
    for (let i = 0; i < 4; i++) expectPayload(scanner, select1)
    const last = bytes([0x00, 0, 0], int(2, 2), int(513, 2))
    scanner.push(bytes(answer(inserted, last), answer(ok(2)), answer(updated), answer(err(1064))))
    assert.deepEqual(ends, [
      { affectedRows: true, lastInsertId: true, warnings: 513 },
      { affectedRows: false, lastInsertId: false, warnings: 0 },
      { affectedRows: true, lastInsertId: false, warnings: 7 },
      { affectedRows: false, lastInsertId: false, warnings: 0 },
    ])
  })

  it('reads no session changes where CLIENT_SESSION_TRACK was not negotiated', () => {
    const { scanner, events } = watched(plain)
    expectPayload(scanner, ping)
    scanner.push(answer(ok(changed)))
    assert.deepEqual(events, [
      { is: 'answered', command: command.PING, errorCode: undefined, statusFlags: changed, ok: undefined },
    ])
  })

  it('tells a goodbye for which nobody asked, before and across a command', () => {
    const heads: Uint8Array[] = []
    const scanner = new AnswerScanner(modern, {
      onAnswered: () => assert.fail(),
      onLocalInfile: () => assert.fail(),
      onUnasked: (head) => heads.push(Uint8Array.from(head)),
    })
    scanner.push(frame(err(4031), 0))
    assert.ok(scanner.idle)
    expectPayload(scanner, select1)
    for (const byte of frame(err(4031), 0)) scanner.push(Uint8Array.of(byte))
    assert.equal(scanner.outstanding, 1)
    assert.deepEqual(heads, [err(4031), err(4031)])
  })

  it('goes on after reports of progress, which differ from an error of that number', () => {
    const { scanner, events } = watched(modern)
    const report = bytes([0xff], int(0xffff, 2), [1, 1, 2], int(666, 3), block('copy to tmp table'))
    expectPayload(scanner, select1)
    scanner.push(bytes(answer(report, report), frame(bytes([1]), 3), frame(column, 4), frame(report, 5)))
    assert.equal(events.length, 0)
    scanner.push(frame(err(0xffff), 6))
    assert.deepEqual(events, [{ is: 'answered', command: 3, errorCode: 0xffff, statusFlags: 0, ok: undefined }])
  })

  it('refuses an answer that does not begin with sequence id 1', () => {
    for (const sequenceId of [0, 2, 255]) {
      const { scanner } = watched(modern)
      expectPayload(scanner, ping)
      assert.throws(() => scanner.push(frame(ok(2), sequenceId)), { symbol: 'ER_NET_PACKETS_OUT_OF_ORDER' })
    }
  })

  it('does not judge the sequence id behind a command of several frames, nor with compression', () => {
    const { scanner, events } = watched(modern)
    scanner.expect(3, select1, MAX)
    scanner.push(frame(ok(2), 3))
    assert.equal(events.length, 1)
    for (const compression of [capability.COMPRESS, capability.ZSTD_COMPRESSION_ALGORITHM]) {
      const compressed = watched({ ...modern, capabilities: modern.capabilities | compression })
      expectPayload(compressed.scanner, ping)
      compressed.scanner.push(frame(ok(2), 7))
      assert.equal(compressed.events.length, 1)
    }
  })

  it('refuses what no server sends', () => {
    const optional = { ...modern, capabilities: modern.capabilities | capability.OPTIONAL_RESULTSET_METADATA }
    const cases: readonly (readonly [string, AnswerDialect, number, Uint8Array])[] = [
      ['an empty packet', modern, command.QUERY, answer(zeros(0))],
      [
        'an empty packet among rows',
        modern,
        command.QUERY,
        answer(bytes([1]), column, block('1'), zeros(0), block('1')),
      ],
      ['an OK without status', modern, command.QUERY, answer(bytes([0, 0, 0]))],
      ['an OK whose numbers end behind it', modern, command.QUERY, answer(bytes([0, 0xfe], zeros(7)))],
      ['an ERR without a code', modern, command.PING, answer(bytes([0xff, 1]))],
      ['a million columns', modern, command.QUERY, answer(bytes([0xfd], int(1e6, 3)))],
      ['a number of columns and more', modern, command.QUERY, answer(bytes([1, 1]))],
      ['an end in place of a definition', modern, command.QUERY, answer(bytes([2]), column, eof(2))],
      ['a definition in place of EOF', plain, command.QUERY, answer(bytes([1]), column, column)],
      ['a prepared statement that is cut off', modern, command.STMT_PREPARE, answer(zeros(11))],
      ['one without the byte that may omit metadata', optional, command.STMT_PREPARE, answer(zeros(12))],
      ['rows for a prepared statement', modern, command.STMT_PREPARE, answer(block('1'))],
      ['an end of rows that is cut off', modern, command.STMT_FETCH, answer(bytes([0xfe, 0, 0]))],
    ]
    for (const [what, dialect, byte, stream] of cases) {
      const { scanner, events } = watched(dialect)
      scanner.expect(byte, bytes([byte]))
      assert.throws(() => scanner.push(stream), ProtocolViolation, what)
      assert.equal(events.length, 0, what)
    }
  })
})
