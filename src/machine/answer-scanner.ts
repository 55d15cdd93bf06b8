/**
 * Follows what a server sends in the command phase, for someone who forwards it untouched: tells when the answer to a command is
 * complete, whether it failed, and the state that the server reported. It reads packet headers, and the first bytes of the packets
 * that decide; a row costs it a few additions.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { ProtocolViolation } from '../errors/errors.ts'
import { MAX_FRAME_PAYLOAD } from '../wire/framer.ts'
import { type AnswerDialect, CurrentAnswer, decisiveBytes } from './current-answer.ts'
import { type ExpectedAnswer, expectedAnswer } from './expected-answer.ts'

export type { AnswerDialect } from './current-answer.ts'

/** An answer that is complete. */
export interface AnswerEnd {
  readonly command: number
  /** Whether it ended with an ERR, perhaps after some results. */
  readonly error: boolean
  readonly errorCode: number | undefined
  /** Of the last OK or EOF on this connection: an ERR has none. */
  readonly statusFlags: number
  /** Whether an OK of this answer spoke of affected rows. */
  readonly affectedRows: boolean
  /** Whether an OK of this answer spoke of a last insert id. */
  readonly lastInsertId: boolean
  /** Of the last OK or EOF of this answer. */
  readonly warnings: number
  /** Of the statement that this answer says is prepared. */
  readonly statementId: number | undefined
  /**
   * The last packet, whole, if it is an OK with session changes (SERVER_SESSION_STATE_CHANGED, and CLIENT_SESSION_TRACK negotiated) of
   * no more than 65,535 bytes. Valid during the call.
   */
  readonly ok: Uint8Array | undefined
}

export interface AnswerSink {
  /** The last byte of the answer was pushed. */
  onAnswered(end: AnswerEnd): void
  /** An OK with session changes that does not end its answer; else as `AnswerEnd.ok`. */
  onSessionChanges?(ok: Uint8Array): void
  /** The server wants a file: what the client sends next is its data. Then the answer goes on. */
  onLocalInfile(): void
  /** A packet to which no command belongs: its first bytes, 24 at least unless it is shorter. Valid during the call. */
  onUnasked(payloadHead: Uint8Array): void
}

const headerLength = 4

/** After a throw the scanner is of no use. */
export class AnswerScanner {
  readonly #sink: AnswerSink
  readonly #answer: CurrentAnswer
  /** The command that is being answered, and those behind it; what was answered is cleared away now and then. */
  readonly #queue: ExpectedAnswer[] = []
  #first = 0
  #endless = false

  /** Bytes of the current frame that are still to come. */
  #left = 0
  /** The frame was full: what comes next belongs to the same packet. */
  #continues = false
  /** A header and the first bytes of a payload that a chunk has split; made at the first of them. */
  #head: Uint8Array | undefined = undefined
  #headLength = 0

  /** The answer is complete when the current packet is. */
  #ends = false
  /** The OK that is being kept, how long it is, and how much of it is there. */
  #ok: Uint8Array | undefined = undefined
  #okLength = 0
  #okFilled = 0

  constructor(dialect: AnswerDialect, sink: AnswerSink) {
    this.#sink = sink
    this.#answer = new CurrentAnswer(dialect)
  }

  /** Commands that were forwarded and not answered yet. */
  get outstanding(): number {
    return this.#queue.length - this.#first
  }

  /** Whether a command was forwarded whose answer has no end that could be told: the connection is good for nothing else. */
  get endless(): boolean {
    return this.#endless
  }

  /** Whether nothing is outstanding, and what came ended with a packet. */
  get idle(): boolean {
    return this.outstanding === 0 && this.#left === 0 && this.#headLength === 0 && !this.#continues
  }

  /** Of the last OK or EOF that came; 0 before the first. */
  get statusFlags(): number {
    return this.#answer.statusFlags
  }

  /**
   * A command is forwarded: what the server sends when it has answered those before is the answer to this one.
   *
   * Units: `body` is the payload, or the first bytes of it: then `length` is that of its first frame, as `CommandSeen` has them.
   */
  expect(command: number, body: Uint8Array, length: number = body.length): void {
    const expected = expectedAnswer(command, body, length)
    if (expected.shape === 'none') return
    if (expected.shape === 'endless') this.#endless = true
    this.#queue.push(expected)
    if (this.outstanding === 1) this.#answer.begin(expected)
  }

  /** Throws: `ProtocolViolation` for what no server sends; and what the sink throws. */
  push(chunk: Uint8Array): void {
    const end = chunk.length
    let at = 0
    while (at < end) {
      if (this.#left > 0) at = this.#pass(chunk, at, end)
      else if (this.#queue[this.#first]?.shape === 'endless') return
      else if (this.#headLength > 0) at = this.#completeHead(chunk, at)
      else {
        if (this.#answer.inRows && !this.#continues) at = this.#passRows(chunk, at)
        const there = end - at - headerLength
        if (there >= 0 && there >= Math.min(lengthAt(chunk, at), decisiveBytes)) at = this.#onFrame(chunk, at, end)
        else at = this.#completeHead(chunk, at)
      }
    }
  }

  /** Goes over rows that need not be read; returns where the first packet begins that does. */
  #passRows(chunk: Uint8Array, start: number): number {
    const end = chunk.length
    let at = start
    while (at < end - headerLength) {
      const length = lengthAt(chunk, at)
      if (length === 0 || length === MAX_FRAME_PAYLOAD || (chunk[at + headerLength] as number) >= 0xfe) return at
      at += headerLength + length
    }
    if (at <= end) return at
    this.#left = at - end
    return end
  }

  /** Puts together what a chunk has split; returns where the rest of it begins. */
  #completeHead(chunk: Uint8Array, start: number): number {
    this.#head ??= new Uint8Array(headerLength + decisiveBytes)
    const head = this.#head
    let at = start
    for (;;) {
      const wanted = headerLength + (this.#headLength < headerLength ? 0 : Math.min(lengthAt(head, 0), decisiveBytes))
      if (this.#headLength === wanted) break
      if (at === chunk.length) return at
      head[this.#headLength++] = chunk[at++] as number
    }
    const end = this.#headLength
    this.#headLength = 0
    this.#onFrame(head, 0, end)
    return at
  }

  /** A frame whose decisive bytes are there, up to `end`; returns where what is there of it ends. */
  #onFrame(bytes: Uint8Array, start: number, end: number): number {
    const length = lengthAt(bytes, start)
    const payload = start + headerLength
    const isFirst = !this.#continues
    this.#continues = length === MAX_FRAME_PAYLOAD
    this.#left = length
    if (isFirst) {
      const turn = this.#answer.read(bytes, payload, length, bytes[start + 3] as number)
      if (this.#answer.changesSession) this.#okLength = length
      if (turn === 'ends') this.#ends = true
      else if (turn === 'wants-file') this.#onLocalInfile()
      else if (turn === 'out-of-turn') this.#sink.onUnasked(bytes.subarray(payload, Math.min(payload + length, end)))
    }
    return this.#pass(bytes, payload, end)
  }

  #onLocalInfile(): void {
    if (this.outstanding > 1) {
      // The server takes for data what was forwarded as a command: from here on the two would not agree where commands begin.
      throw new ProtocolViolation('ER_MALFORMED_PACKET', {
        phase: 'command',
        expected: ['nothing behind a command that asks for a file'],
        got: `${this.outstanding - 1} commands`,
      })
    }
    this.#sink.onLocalInfile()
  }

  /** Goes over bytes of the current frame; what waits for the last one of its packet happens here. */
  #pass(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(start + this.#left, end)
    if (this.#okLength > 0) this.#keepOk(bytes, start, stop)
    this.#left -= stop - start
    if (this.#left === 0 && !this.#continues) this.#onPacketEnd()
    return stop
  }

  #keepOk(bytes: Uint8Array, start: number, stop: number): void {
    if (stop - start === this.#okLength) {
      this.#ok = bytes.subarray(start, stop)
      return
    }
    this.#ok ??= new Uint8Array(this.#okLength)
    this.#ok.set(bytes.subarray(start, stop), this.#okFilled)
    this.#okFilled += stop - start
  }

  #onPacketEnd(): void {
    const ok = this.#ok
    this.#ok = undefined
    this.#okLength = 0
    this.#okFilled = 0
    if (this.#ends) this.#onAnswered(ok)
    else if (ok !== undefined) this.#sink.onSessionChanges?.(ok)
  }

  #onAnswered(ok: Uint8Array | undefined): void {
    const { errorCode, statusFlags, affectedRows, lastInsertId, warnings, statementId } = this.#answer
    const { command } = this.#queue[this.#first++] as ExpectedAnswer
    if (this.#first === this.#queue.length || this.#first === 1024) {
      this.#queue.splice(0, this.#first)
      this.#first = 0
    }
    this.#ends = false
    this.#answer.begin(this.#queue[this.#first])
    const error = errorCode !== undefined
    this.#sink.onAnswered({
      ...{ command, error, errorCode, statusFlags, affectedRows, lastInsertId, warnings, statementId, ok },
    })
  }
}

function lengthAt(bytes: Uint8Array, from: number): number {
  return (bytes[from] as number) | ((bytes[from + 1] as number) << 8) | ((bytes[from + 2] as number) << 16)
}
