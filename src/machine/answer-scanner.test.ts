import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
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
import { block, bytes, int, text, zeros } from '../../test/support/bytes.ts'
import { MysqlError, ProtocolViolation } from '../errors/errors.ts'
import { capability } from '../packets/capabilities.ts'
import { command } from '../packets/commands.ts'
import { serverStatus } from '../packets/server-status.ts'
import { AnswerScanner } from './answer-scanner.ts'

const MAX = 0xffffff
const changed = serverStatus.SESSION_STATE_CHANGED
describe('AnswerScanner', () => {
  it('takes a row that begins like an end for a row when it is as large as its first column says', () => {
    for (const length of [MAX + 10, 2 * MAX]) {
      const value = new Uint8Array(length - 9)
      const row = bytes([0xfe], int(value.length, 8), value)
      const rows = bytes(frame(row.subarray(0, MAX), 3), frame(row.subarray(MAX, 2 * MAX), 4))
      const last = length === 2 * MAX ? frame(zeros(0), 5) : zeros(0)
      for (const [dialect, head, end] of [
        [modern, oneColumn, ok(2, { header: 0xfe })],
        [plain, answer(bytes([1]), column, eof(2)), eof(2)],
      ] as const) {
        const { scanner, events } = watched(dialect)
        expectPayload(scanner, select1)
        for (const part of [head, rows.subarray(0, 5), rows.subarray(5, 100_000), rows.subarray(100_000), last]) {
          scanner.push(part)
          assert.equal(events.length, 0)
        }
        scanner.push(frame(end, 9))
        assert.equal(events.length, 1)
        assert.ok(scanner.idle)
      }
    }
  })

  it('does not look into the further frames of a row, whatever a user has put there', () => {
    const fakeEnd = frame(ok(2, { header: 0xfe }), 4).subarray(0, 4)
    for (const tail of [ok(2, { header: 0xfe }), err(1064), bytes(zeros(60), fakeEnd), zeros(0)]) {
      // A value that fills the first frame, and another that begins with the second.
      const filling = bytes([0xfd], int(MAX - 4, 3), new Uint8Array(MAX - 4))
      const start = bytes(oneColumn, frame(block('1'), 3))
      const stream = bytes(start, frame(filling, 4), frame(tail, 5))
      for (const cuts of [[stream.length], [start.length + 4, stream.length], [stream.length - 3, 3]]) {
        const { scanner, events } = watched(modern)
        expectPayload(scanner, select1)
        let at = 0
        for (const length of cuts) {
          scanner.push(stream.subarray(at, at + length))
          at += length
        }
        assert.deepEqual(events, [])
        scanner.push(answer(ok(2, { header: 0xfe })))
        assert.equal(events.length, 1)
      }
    }
  })

  it('tells the end of an answer whose last packet takes two frames when the second is there', () => {
    const { scanner, events } = watched(modern)
    expectPayload(scanner, ping)
    scanner.push(answer(bytes(ok(2), zeros(MAX - 7))))
    assert.equal(events.length, 0)
    assert.ok(!scanner.idle)
    scanner.push(frame(zeros(1), 2))
    assert.equal(events.length, 1)
  })

  it('hands out session changes whole, however they come, and those of every result', () => {
    const last = ok(changed, { changes: bytes([0], block(block('s'.repeat(300)))) })
    const before = ok(changed | serverStatus.MORE_RESULTS_EXISTS, {
      changes: bytes([2], block(block('1'))),
    })
    const end = ok(changed | serverStatus.MORE_RESULTS_EXISTS, { header: 0xfe, changes: zeros(40) })
    const stream = answer(before, bytes([1]), column, block('1'), end, ok(serverStatus.MORE_RESULTS_EXISTS), last)
    for (const size of [1, 3, 23, 24, 25, 100, stream.length]) {
      const { scanner, events } = watched(modern)
      expectPayload(scanner, select1)
      for (let at = 0; at < stream.length; at += size) scanner.push(stream.subarray(at, at + size))
      assert.deepEqual(events, [
        { is: 'changes', ok: before },
        { is: 'changes', ok: end },
        { is: 'answered', command: 3, errorCode: undefined, statusFlags: changed, ok: last },
      ])
    }
  })

  it('keeps session changes of 65,535 bytes and no more', () => {
    for (const [length, kept] of [
      [65_535, true],
      [65_536, false],
    ] as const) {
      const { scanner, events } = watched(modern)
      expectPayload(scanner, ping)
      const head = bytes([0x00, 0, 0], int(changed, 2), zeros(2))
      scanner.push(answer(bytes(head, zeros(length - head.length))))
      assert.equal(events[0]?.is === 'answered' && events[0].ok?.length, kept ? length : undefined)
    }
  })

  it('refuses a request for a file when a command was sent behind the one that asks', () => {
    const { scanner, events } = watched(modern)
    expectPayload(scanner, bytes([3], text("LOAD DATA LOCAL INFILE 'x' INTO TABLE t")))
    expectPayload(scanner, ping)
    assert.throws(() => scanner.push(answer(bytes([0xfb], text('x')))), ProtocolViolation)
    assert.equal(events.length, 0)
  })

  it('ends nothing where no end could be told', () => {
    for (const byte of [command.BINLOG_DUMP, command.BINLOG_DUMP_GTID, command.TABLE_DUMP, command.CLONE, 0x70]) {
      const { scanner, events } = watched(modern)
      expectPayload(scanner, ping)
      assert.ok(!scanner.endless)
      scanner.expect(byte, bytes([byte]))
      assert.ok(scanner.endless)
      scanner.push(bytes(answer(ok(2)), answer(ok(2)), zeros(50)))
      scanner.push(zeros(50))
      assert.deepEqual(
        events.map((event) => event.is === 'answered' && event.command),
        [command.PING],
      )
      assert.equal(scanner.outstanding, 1)
    }
  })

  it('can be told of the next command while it tells the end of one', () => {
    let left = 3
    const scanner: AnswerScanner = new AnswerScanner(modern, {
      onAnswered() {
        if (--left > 0) expectPayload(scanner, ping)
      },
      onLocalInfile: () => assert.fail(),
      onUnasked: () => assert.fail(),
    })
    expectPayload(scanner, ping)
    scanner.push(bytes(answer(ok(2)), answer(ok(2)), answer(ok(2))))
    assert.equal(left, 0)
    assert.equal(scanner.outstanding, 0)
  })

  it('answers thousands of commands that were sent at once in their order', () => {
    const { scanner, events } = watched(modern)
    const commands = Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? command.PING : command.QUERY))
    for (const byte of commands) scanner.expect(byte, bytes([byte]))
    const one = answer(ok(2))
    const ten = bytes(...Array.from({ length: 10 }, () => one))
    for (let i = 0; i < 500; i++) {
      assert.equal(scanner.outstanding, 5000 - 10 * i)
      scanner.push(ten)
    }
    assert.deepEqual(
      events.map((event) => event.is === 'answered' && event.command),
      commands,
    )
  })

  it('throws nothing but violations, whatever comes and however it is cut', () => {
    const capabilities = plain.capabilities | capability.OPTIONAL_RESULTSET_METADATA
    const dialects = [plain, modern, { ...modern, mariadbCapabilities: -1 }, { ...plain, capabilities }]
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(ok(2), ok(changed), eof(2), eof(0x1008), err(1064), column, bytes([1]), bytes([0xfb])),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...dialects),
        fc.array(fc.constantFrom(...Object.values(command)), { maxLength: 5 }),
        fc.array(packet, { maxLength: 12 }),
        fc.integer({ min: 1, max: 60 }),
        (dialect, commands, packets, size) => {
          const stream = answer(...packets)
          const run = (step: number) => {
            const { scanner, events } = watched(dialect)
            for (const byte of commands) scanner.expect(byte, bytes([byte, 0, 0, 0, 0, 1]))
            try {
              for (let at = 0; at < stream.length; at += step) scanner.push(stream.subarray(at, at + step))
            } catch (error) {
              assert.ok(error instanceof ProtocolViolation && error instanceof MysqlError, String(error))
              return { events, refused: error.message }
            }
            return { events, refused: undefined }
          }
          assert.deepEqual(run(size), run(stream.length + 1))
        },
      ),
      { numRuns: 500 },
    )
  })
})
