/**
 * The answer that is being received: where each of its packets belongs, and which one is the last. It is told a packet by its first
 * bytes, and keeps what a server said of its state.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
 */
import { ProtocolViolation } from '../errors/errors.ts'
import { capability, has, mariadbCapability } from '../packets/capabilities.ts'
import { serverStatus } from '../packets/server-status.ts'
import { MAX_FRAME_PAYLOAD } from '../wire/framer.ts'
import type { AnswerShape, ExpectedAnswer } from './expected-answer.ts'

/** What was negotiated, and decides how answers are laid out. */
export interface AnswerDialect {
  readonly capabilities: number
  readonly mariadbCapabilities: number
}

/** What a packet is to its answer. */
export type Turn = 'goes-on' | 'ends' | 'wants-file' | 'out-of-turn'

/** Bytes of a payload, from its start, that tell all that is read here: an OK up to its warnings has 23 at most. */
export const decisiveBytes = 24

/** Largest OK of which the session changes are kept. */
const largestOk = 0xffff
const shortestOk = 7
const hash = 0x23

export class CurrentAnswer {
  errorCode: number | undefined = undefined
  /** Of the last OK or EOF of the connection. */
  statusFlags = 0
  warnings = 0
  affectedRows = false
  lastInsertId = false
  /** Of the statement that was prepared. */
  statementId: number | undefined = undefined
  /** Whether the packet that was read last is an OK whose session changes are to be kept. */
  changesSession = false
  /** Whether rows are expected, of which only those that begin with 0xfe or 0xff need to be read. */
  inRows = false

  readonly #deprecatesEof: boolean
  readonly #mayOmitMetadata: boolean
  readonly #optionalMetadata: boolean
  readonly #tracksSession: boolean
  /** With compression the ids of the packets inside depend on how they were compressed. */
  readonly #ordered: boolean

  #expected: ExpectedAnswer | undefined = undefined
  /** What comes next: for the first packet of an answer, and of each result, the shape of it. */
  #at: AnswerShape | 'definitions' = 'none'
  #fresh = false
  /** Packets of the current block of definitions that are to come, the EOF behind them included. */
  #definitions = 0
  /** Of the block behind the current one: the columns of a prepared statement. */
  #definitionsBehind = 0
  #outParameters = false

  constructor({ capabilities, mariadbCapabilities }: AnswerDialect) {
    this.#deprecatesEof = has(capabilities, capability.DEPRECATE_EOF)
    this.#optionalMetadata = has(capabilities, capability.OPTIONAL_RESULTSET_METADATA)
    this.#mayOmitMetadata = this.#optionalMetadata || has(mariadbCapabilities, mariadbCapability.CACHE_METADATA)
    this.#tracksSession = has(capabilities, capability.SESSION_TRACK)
    this.#ordered = !has(capabilities, capability.COMPRESS | capability.ZSTD_COMPRESSION_ALGORITHM)
  }

  /** The next packet is the first of this answer; of none for `undefined`. */
  begin(expected: ExpectedAnswer | undefined): void {
    this.#expected = expected
    this.#at = expected?.shape ?? 'none'
    this.#fresh = true
    this.inRows = false
    this.errorCode = undefined
    this.warnings = 0
    this.affectedRows = false
    this.lastInsertId = false
    this.statementId = undefined
  }

  /**
   * Reads a packet.
   *
   * Units: the payload begins at `start` and has `length` bytes, of which the decisive ones are there. Throws: `ProtocolViolation`.
   */
  read(bytes: Uint8Array, start: number, length: number, sequenceId: number): Turn {
    this.changesSession = false
    const expected = this.#expected
    if (expected === undefined) return 'out-of-turn'
    if (length === 0) throw violation('a packet with content', 'an empty one')
    const first = bytes[start] as number
    if (this.#fresh && !this.#isInTurn(expected, first, sequenceId)) return 'out-of-turn'
    this.#fresh = false
    if (first === 0xff) return this.#onErr(bytes, start, length)
    if (this.#at === 'rows') return this.#onRow(expected, bytes, start, length)
    if (this.#at === 'results') return this.#onResultHead(bytes, start, length)
    if (this.#at === 'definitions') return this.#onDefinition(expected, bytes, start, length)
    if (this.#at === 'prepared') return this.#onPrepared(bytes, start, length)
    // Anything else is the text of COM_STATISTICS.
    if (first === 0x00 || first === 0xfe) this.#readState(bytes, start, length)
    return 'ends'
  }

  /** A server that says goodbye does not wait for a command, and may cross one: its ERR has sequence id 0. */
  #isInTurn(expected: ExpectedAnswer, first: number, sequenceId: number): boolean {
    if (sequenceId === 1 || !this.#ordered || expected.anySequence) return true
    if (sequenceId === 0 && first === 0xff) return false
    throw new ProtocolViolation('ER_NET_PACKETS_OUT_OF_ORDER', {
      phase: 'command',
      expected: ['an answer with sequence id 1'],
      got: `sequence id ${sequenceId}`,
    })
  }

  #onErr(bytes: Uint8Array, start: number, length: number): Turn {
    if (length < 3) throw violation('an error code', `an ERR of ${length} bytes`)
    const code = u16At(bytes, start + 1)
    // A report of MariaDB's on its progress has a count where an ERR has the mark of its SQLSTATE.
    if (code === 0xffff && bytes[start + 3] !== hash) return 'goes-on'
    this.errorCode = code
    return 'ends'
  }

  #onResultHead(bytes: Uint8Array, start: number, length: number): Turn {
    const first = bytes[start] as number
    if (first === 0x00) {
      this.#readState(bytes, start, length)
      return this.#endOfResult()
    }
    if (first === 0xfb) return 'wants-file'
    // Where the definitions may be left out, the manual of MySQL puts the byte that says so first; MySQL 9.7 and MariaDB send it last.
    const wide = first === 0xfc
    const expected = (wide ? 3 : 1) + (this.#mayOmitMetadata ? 1 : 0)
    if (length !== expected || first > 0xfc) throw violation('the number of columns', `${length} bytes`)
    const count = wide ? u16At(bytes, start + 1) : first
    const described = !this.#mayOmitMetadata || bytes[start + length - 1] === 1
    if (!this.#describe(this.#packetsOf(count, described))) this.#at = 'rows'
    return 'goes-on'
  }

  #onPrepared(bytes: Uint8Array, start: number, length: number): Turn {
    if (bytes[start] !== 0x00 || length < (this.#optionalMetadata ? 13 : 12)) {
      throw violation('the head of a prepared statement', `${length} bytes`)
    }
    this.statementId = (u16At(bytes, start + 1) | (u16At(bytes, start + 3) << 16)) >>> 0
    const described = !this.#optionalMetadata || bytes[start + 12] === 1
    const columns = this.#packetsOf(u16At(bytes, start + 5), described)
    const parameters = this.#packetsOf(u16At(bytes, start + 7), described)
    this.#definitionsBehind = parameters > 0 ? columns : 0
    return this.#describe(parameters > 0 ? parameters : columns) ? 'goes-on' : 'ends'
  }

  /** How many packets describe so many columns. The EOF behind them comes even where they are left out themselves. */
  #packetsOf(count: number, described: boolean): number {
    return count === 0 ? 0 : (described ? count : 0) + (this.#deprecatesEof ? 0 : 1)
  }

  #describe(packets: number): boolean {
    this.#definitions = packets
    if (packets > 0) this.#at = 'definitions'
    return packets > 0
  }

  #onDefinition(expected: ExpectedAnswer, bytes: Uint8Array, start: number, length: number): Turn {
    const last = --this.#definitions === 0
    const isEof = bytes[start] === 0xfe && length === 5
    if (isEof !== (last && !this.#deprecatesEof)) throw violation('as many definitions as announced', 'another number')
    if (isEof) this.#readState(bytes, start, length)
    if (!last) return 'goes-on'
    if (expected.shape === 'prepared') {
      const behind = this.#definitionsBehind
      this.#definitionsBehind = 0
      return this.#describe(behind) ? 'goes-on' : 'ends'
    }
    this.#at = 'rows'
    if (!isEof) return 'goes-on'
    this.#outParameters = (this.statusFlags & serverStatus.PS_OUT_PARAMS) !== 0
    // The rows of a cursor are fetched. With CLIENT_DEPRECATE_EOF the packet that says so is that of an end of rows.
    return expected.cursor && (this.statusFlags & serverStatus.CURSOR_EXISTS) !== 0 ? 'ends' : 'goes-on'
  }

  #onRow(expected: ExpectedAnswer, bytes: Uint8Array, start: number, length: number): Turn {
    this.inRows = true
    if (bytes[start] !== 0xfe || length >= (this.#deprecatesEof ? MAX_FRAME_PAYLOAD : 9)) return 'goes-on'
    this.#readState(bytes, start, length)
    return expected.shape === 'results' ? this.#endOfResult() : 'ends'
  }

  #endOfResult(): Turn {
    this.#at = 'results'
    this.inRows = false
    // MySQL 9.7 does not say behind the values of out parameters that an OK follows.
    const more = (this.statusFlags & serverStatus.MORE_RESULTS_EXISTS) !== 0 || this.#outParameters
    this.#outParameters = false
    return more ? 'goes-on' : 'ends'
  }

  /** Reads an OK or EOF: the length tells which. */
  #readState(bytes: Uint8Array, start: number, length: number): void {
    if (length < shortestOk) {
      if (length !== 5 || bytes[start] !== 0xfe) throw violation('OK or EOF', `${length} bytes`)
      this.warnings = u16At(bytes, start + 1)
      this.statusFlags = u16At(bytes, start + 3)
      return
    }
    const insertId = start + 1 + lenencLength(bytes[start + 1] as number)
    const status = insertId + lenencLength(bytes[insertId] as number)
    if (status + 4 - start > length) throw violation('OK', `${length} bytes`)
    if (bytes[start + 1] !== 0) this.affectedRows = true
    if (bytes[insertId] !== 0) this.lastInsertId = true
    this.statusFlags = u16At(bytes, status)
    this.warnings = u16At(bytes, status + 2)
    this.changesSession =
      this.#tracksSession && length <= largestOk && (this.statusFlags & serverStatus.SESSION_STATE_CHANGED) !== 0
  }
}

function u16At(bytes: Uint8Array, from: number): number {
  return (bytes[from] as number) | ((bytes[from + 1] as number) << 8)
}

function lenencLength(first: number): number {
  return first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9
}

function violation(expected: string, got: string): ProtocolViolation {
  return new ProtocolViolation('CR_MALFORMED_PACKET', { phase: 'command', expected: [expected], got })
}
