/**
 * The answer to a statement, packet by packet: OK, ERR, or result sets, in the text or the binary protocol. It knows where each
 * packet belongs; what a row holds is the business of `rows/`.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
 */
import { type MysqlError, ProtocolViolation, receivedError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { type ColumnDefinition, decodeColumnDefinition } from '../packets/column-definition.ts'
import { decodeEof } from '../packets/eof.ts'
import { decodeErr } from '../packets/err.ts'
import { decodeOk, type Ok } from '../packets/ok.ts'
import { decodeResultSetHeader } from '../packets/result-set-header.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { Command, Reply } from './conversation.ts'

/** What was negotiated, and decides how answers are laid out. */
export interface Dialect {
  readonly capabilities: number
  readonly mariadbCapabilities: number
}

/** Whoever wants the answer. Between `onColumns` and `onResult` come the rows. */
export interface AnswerTaker {
  /** Called once for each result set, before its rows. */
  onColumns(columns: readonly ColumnDefinition[]): void
  /** The bytes from `start` to `end` are valid during the call only. */
  onRow(bytes: Uint8Array, start: number, end: number): void
  /** A result set is complete, or a statement without one has succeeded; `more` of them follow. */
  onResult(ok: Ok, more: boolean): void
  /** The statement failed, perhaps after some results; the connection is as good as before. */
  onError(error: MysqlError): void
  onLost(error: MysqlError): void
  /** The server wants a file of this machine. */
  onLocalInfile(name: string, reply: Reply, wanted: () => boolean): void
}

/** Columns that a result set may have; MySQL's own limit is 4096. */
const mostColumns = 65_535

export class Answer implements Command {
  paused = false
  readonly #requests: readonly Uint8Array[]
  readonly #dialect: Dialect
  readonly #taker: AnswerTaker
  /** Without it, an EOF packet ends the definitions, and another one the rows. */
  readonly #deprecatesEof: boolean
  #at: 'head' | 'columns' | 'end-of-columns' | 'rows' = 'head'
  #columns: ColumnDefinition[] = []
  #columnCount = 0
  #unwanted = false

  constructor(requests: readonly Uint8Array[], dialect: Dialect, taker: AnswerTaker) {
    this.#requests = requests
    this.#dialect = dialect
    this.#taker = taker
    this.#deprecatesEof = has(dialect.capabilities, capability.DEPRECATE_EOF)
  }

  begin(): readonly Uint8Array[] {
    return this.#requests
  }

  onPacket(payload: Uint8Array, reply: Reply): boolean {
    if (this.#at === 'rows') {
      const first = payload[0]
      if (first === 0xff) return this.#onErr(payload)
      if (first === 0xfe && payload.length < (this.#deprecatesEof ? 0xffffff : 9)) return this.#onEndOfRows(payload)
      if (!this.#unwanted) this.#taker.onRow(payload, 0, payload.length)
      return false
    }
    if (payload[0] === 0xff) return this.#onErr(payload)
    if (this.#at === 'head') return this.#onHead(payload, reply)
    if (this.#at === 'columns') {
      this.#columns.push(decodeColumnDefinition(payload, this.#dialect.mariadbCapabilities))
      if (this.#columns.length < this.#columnCount) return false
      this.#at = 'end-of-columns'
      if (this.#deprecatesEof) this.#begin()
      return false
    }
    decodeEof(payload)
    this.#begin()
    return false
  }

  takeRow(bytes: Uint8Array, start: number, end: number): boolean {
    const first = bytes[start] as number
    // Those two may be something else than a row.
    if (this.#at !== 'rows' || start === end || first === 0xfe || first === 0xff) return false
    if (!this.#unwanted) this.#taker.onRow(bytes, start, end)
    return true
  }

  abandoned(): void {
    this.paused = false
    this.#unwanted = true
  }

  onLost(error: MysqlError): void {
    this.#taker.onLost(error)
  }

  /** The statement failed before the server was asked to run it. */
  fail(error: MysqlError): void {
    this.#taker.onError(error)
  }

  #onHead(payload: Uint8Array, reply: Reply): boolean {
    if (payload[0] === 0x00) return this.#end(decodeOk(payload, this.#dialect.capabilities))
    if (payload[0] === 0xfb) {
      this.#taker.onLocalInfile(Buffer.from(payload.subarray(1)).toString('utf8'), reply, () => !this.#unwanted)
      return false
    }
    const { capabilities, mariadbCapabilities } = this.#dialect
    const { columnCount } = decodeResultSetHeader(payload, capabilities, mariadbCapabilities)
    if (columnCount === 0 || columnCount > mostColumns) {
      throw new ProtocolViolation('CR_MALFORMED_PACKET', {
        phase: 'command',
        expected: [`1 to ${mostColumns} columns`],
        got: String(columnCount),
      })
    }
    this.#columnCount = columnCount
    this.#columns = []
    this.#at = 'columns'
    return false
  }

  #begin(): void {
    this.#at = 'rows'
    this.#taker.onColumns(this.#columns)
  }

  #onEndOfRows(payload: Uint8Array): boolean {
    if (this.#deprecatesEof) return this.#end(decodeOk(payload, this.#dialect.capabilities))
    return this.#end({ ...decodeEof(payload), ...nothingDone })
  }

  #end(ok: Ok): boolean {
    const more = (ok.statusFlags & serverStatus.MORE_RESULTS_EXISTS) !== 0
    this.#at = 'head'
    this.#taker.onResult(ok, more)
    return !more
  }

  #onErr(payload: Uint8Array): boolean {
    const { code, sqlState, message } = decodeErr(payload)
    this.#taker.onError(receivedError(code, sqlState, message))
    return true
  }
}

const nothingDone = {
  header: 0xfe,
  affectedRows: 0n,
  lastInsertId: 0n,
  info: new Uint8Array(0),
  sessionChanges: undefined,
} as const
