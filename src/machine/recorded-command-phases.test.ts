/** Both scanners on real command phases: `test/vectors/command-phase`. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, int } from '../../test/support/bytes.ts'
import { command } from '../packets/commands.ts'
import { decodeEof } from '../packets/eof.ts'
import { decodeOk } from '../packets/ok.ts'
import { type AnswerDialect, type AnswerEnd, AnswerScanner } from './answer-scanner.ts'
import { CommandScanner } from './command-scanner.ts'

interface Exchange {
  readonly what: string
  /** The command, and the packets of a file. */
  readonly client: readonly Uint8Array[]
  readonly server: Uint8Array
}

interface Session extends AnswerDialect {
  readonly name: string
  readonly exchanges: readonly Exchange[]
}

const folder = new URL('../../test/vectors/command-phase/', import.meta.url)

const sessions: readonly Session[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => {
    const session = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    const exchanges = session.exchanges.map((one: { what: string; client: string[]; server: string }) => ({
      what: one.what,
      client: one.client.map((payload) => bytes(payload)),
      server: bytes(one.server),
    }))
    return { ...session, name: file.replace('.json', ''), exchanges }
  })

/** Both scanners, joined as a gateway joins them. */
function joined(dialect: AnswerDialect) {
  const events: unknown[] = []
  const forwarded: Uint8Array[] = []
  const answers = new AnswerScanner(dialect, {
    onAnswered: (end) => events.push({ ...end, ok: end.ok && Uint8Array.from(end.ok) }),
    onSessionChanges: (ok) => events.push(Uint8Array.from(ok)),
    onLocalInfile: () => {
      events.push('file')
      commands.dataMode(true)
    },
    onUnasked: () => events.push('unasked'),
  })
  const commands: CommandScanner = new CommandScanner({
    onCommand({ command, body, length, whole }) {
      assert.ok(whole)
      answers.expect(command, body, length)
      return 'forward'
    },
    onTaken: () => assert.fail('nothing was to be taken'),
    forward: (piece) => forwarded.push(piece),
  })
  return { answers, commands, events, forwarded: () => new Uint8Array(Buffer.concat(forwarded)) }
}

describe('The scanners, on the command phases of real servers,', () => {
  for (const session of sessions) {
    it(`tell every answer of ${session.name} at its last byte, and never before`, () => {
      const { answers, commands, events } = joined(session)
      for (const { what, client, server } of session.exchanges) {
        const [request = new Uint8Array(0), ...file] = client
        commands.push(frame(request, 0))
        const [firstAnswer = server, ...furtherAnswers] = framesOf(server)
        const ends = (bytes: Uint8Array) => {
          for (let at = 0; at < bytes.length; at++) {
            assert.deepEqual(events.filter(isEnd), [], `${what} after ${at} bytes`)
            answers.push(bytes.subarray(at, at + 1))
          }
        }
        ends(firstAnswer)
        assert.equal(commands.expectsData, file.length > 0)
        for (const [i, piece] of file.entries()) commands.push(frame(piece, 2 + i))
        assert.ok(commands.idle && !commands.expectsData, what)
        ends(new Uint8Array(Buffer.concat(furtherAnswers)))
        assert.ok(answers.idle, what)
        const end = events.pop()
        assert.deepEqual(
          events.filter((event) => !(event instanceof Uint8Array)),
          file.length > 0 ? ['file'] : [],
        )
        if (server.length > 0) assertEnd(session, what, server, end as AnswerEnd)
        else assert.equal(end, undefined, what)
        events.length = 0
      }
    })

    it(`tell the same of ${session.name} however it is cut, whether commands wait for each other or not`, () => {
      // What is sent behind a command that asks for a file is its data: those are left out.
      const exchanges = session.exchanges.filter(({ client }) => client.length === 1)
      const requests = new Uint8Array(Buffer.concat(exchanges.map(({ client: [one] }) => frame(one as Uint8Array, 0))))
      const replies = new Uint8Array(Buffer.concat(exchanges.map(({ server }) => server)))
      const inTurn = joined(session)
      for (const { client, server } of exchanges) {
        inTurn.commands.push(frame(client[0] as Uint8Array, 0))
        inTurn.answers.push(server)
      }
      assert.equal(inTurn.events.filter(isEnd).length, exchanges.filter(({ server }) => server.length > 0).length)
      const length = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 500 }))
      fc.assert(
        fc.property(fc.array(length, { maxLength: 400 }), (lengths) => {
          const { answers, commands, events, forwarded } = joined(session)
          for (const piece of cut(requests, lengths)) commands.push(piece)
          for (const piece of cut(replies, lengths)) answers.push(piece)
          assert.deepEqual(events, inTurn.events)
          assert.deepEqual(forwarded(), requests)
          assert.ok(answers.idle && commands.idle)
        }),
        { numRuns: 30 },
      )
    })
  }
})

/** Compares with what the codecs read from the last packet, whole. */
function assertEnd(session: Session, what: string, server: Uint8Array, end: AnswerEnd): void {
  const last = (framesOf(server).at(-1) as Uint8Array).subarray(4)
  assert.equal(end.errorCode, last[0] === 0xff ? Buffer.from(last).readUInt16LE(1) : undefined, what)
  if (last[0] === 0xfe && last.length === 5) {
    const { statusFlags, warnings } = decodeEof(last)
    assert.deepEqual([end.statusFlags, end.warnings], [statusFlags, warnings], what)
  } else if (last[0] === 0xfe || (last[0] === 0x00 && end.command !== command.STMT_PREPARE)) {
    const { statusFlags, warnings, sessionChanges } = decodeOk(last, session.capabilities)
    assert.deepEqual([end.statusFlags, end.warnings], [statusFlags, warnings], what)
    assert.deepEqual(end.ok, sessionChanges && last, what)
  }
}

function isEnd(event: unknown): boolean {
  return typeof event === 'object' && !(event instanceof Uint8Array)
}

function frame(payload: Uint8Array, sequenceId: number): Uint8Array {
  return bytes(int(payload.length, 3), [sequenceId], payload)
}

/** The packets with their headers. */
function framesOf(stream: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let at = 0; at < stream.length; ) {
    const end = at + 4 + Buffer.from(stream).readUIntLE(at, 3)
    frames.push(stream.subarray(at, end))
    at = end
  }
  return frames
}

function cut(stream: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const length of [...lengths, stream.length]) {
    if (at < stream.length) pieces.push(stream.subarray(at, at + length))
    at += length
  }
  return pieces
}
