/**
 * Answers of the command phase: OK, ERR and result sets, text or binary, with or without EOF packets. One writer per
 * answer; it counts the sequence ids.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
 */
import type { MysqlError } from '../errors/errors.ts'
import { encodeBinaryRow } from '../packets/binary-row.ts'
import { capability, has } from '../packets/capabilities.ts'
import { type ColumnDefinition, encodeColumnDefinition } from '../packets/column-definition.ts'
import { encodeEof } from '../packets/eof.ts'
import { encodeErr } from '../packets/err.ts'
import { encodeOk } from '../packets/ok.ts'
import { encodeResultSetHeader } from '../packets/result-set-header.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { SessionChange } from '../packets/session-changes.ts'
import { encodeTextRow } from '../packets/text-row.ts'
import type { Connection } from '../transport/connection.ts'
import { frameCount } from '../wire/framer.ts'
import { binaryValue, definitionOf, encodedText, textValue } from './columns.ts'
import type { Column, Row } from './query.ts'
import type { ResultEncoding } from './result-encoding.ts'

/** What an OK says of a statement. */
export interface Outcome {
  readonly affectedRows?: bigint
  readonly lastInsertId?: bigint
  readonly warnings?: number
  readonly info?: string
  readonly sessionChanges?: readonly SessionChange[]
}

/** What a writer asks of its session, anew each time: a statement may change it. */
export interface Writing {
  readonly statusFlags: number
  /** Of text in results; `undefined`: UTF-8. */
  readonly resultEncoding: ResultEncoding | undefined
  /** Resolves when the peer has taken what was written, or is gone. */
  drained(): Promise<void>
}

/** Written, but not yet taken by the socket, before the writer waits for a slow peer. Units: bytes. */
const flushAtBytes = 32_768

const empty = new Uint8Array(0)

export class ResultWriter {
  readonly #connection: Connection
  readonly #capabilities: number
  readonly #session: Writing
  #sequenceId: number
  #unflushed = 0

  constructor(connection: Connection, capabilities: number, session: Writing, firstSequenceId: number) {
    this.#connection = connection
    this.#capabilities = capabilities
    this.#session = session
    this.#sequenceId = firstSequenceId
  }

  ok(outcome: Outcome, more = false): void {
    this.#okWithHeader(0x00, outcome, more)
  }

  err(error: MysqlError): void {
    this.packet(encodeErr({ code: error.code, sqlState: error.sqlState, message: error.message }))
  }

  /** The end of a result set, or of an answer that is only that: EOF, or an OK in its place. */
  eof(outcome: Outcome, more = false): void {
    if (has(this.#capabilities, capability.DEPRECATE_EOF)) return this.#okWithHeader(0xfe, outcome, more)
    this.packet(encodeEof({ warnings: outcome.warnings ?? 0, statusFlags: this.#flags(more) }))
  }

  /** Column definitions, with the EOF behind them that old clients wait for. */
  definitions(definitions: readonly ColumnDefinition[]): void {
    for (const definition of definitions) this.packet(encodeColumnDefinition(definition))
    if (!has(this.#capabilities, capability.DEPRECATE_EOF)) {
      this.packet(encodeEof({ warnings: 0, statusFlags: this.#flags(false) }))
    }
  }

  /**
   * Writes a whole result set at the speed of the peer; stops early when the connection is gone.
   *
   * Returns: the number of rows. Throws: what the iteration throws; the caller then writes the ERR, which is legal in
   * the place of a row.
   */
  async resultSet(
    columns: readonly Column[],
    rows: Iterable<Row> | AsyncIterable<Row>,
    how: { readonly binary: boolean; readonly metadata: boolean; readonly more: boolean; readonly warnings: number },
  ): Promise<number> {
    const encoding = this.#session.resultEncoding
    const definitions = columns.map((column) => definitionOf(column, encoding?.collationId))
    this.packet(
      encodeResultSetHeader({ columnCount: definitions.length, metadataFollows: how.metadata }, this.#capabilities),
    )
    if (how.metadata) this.definitions(definitions)
    let count = 0
    const write = (given: Row) => {
      count++
      const row = encoding === undefined ? given : given.map((value, i) => encodedText(value, columns[i], encoding))
      this.packet(
        how.binary
          ? encodeBinaryRow(
              row.map((value, i) => binaryValue(value, columns[i])),
              definitions,
            )
          : encodeTextRow(row.map((value, i) => textValue(value, columns[i]))),
      )
    }
    if (Symbol.iterator in rows) {
      for (const row of rows) {
        write(row)
        if (this.#unflushed >= flushAtBytes) await this.#breathe()
        if (this.#connection.closed) return count
      }
    } else {
      for await (const row of rows) {
        write(row)
        if (this.#unflushed >= flushAtBytes) await this.#breathe()
        if (this.#connection.closed) return count
      }
    }
    this.eof({ warnings: how.warnings }, how.more)
    return count
  }

  packet(payload: Uint8Array): void {
    this.#connection.send(payload, this.#sequenceId)
    this.#sequenceId = (this.#sequenceId + frameCount(payload.length)) & 0xff
    this.#unflushed += payload.length + 4
  }

  async #breathe(): Promise<void> {
    this.#unflushed = 0
    this.#connection.flush()
    if (this.#connection.congested) await this.#session.drained()
    // Even a fast peer must not keep the event loop for a whole large result.
    else await new Promise((resolve) => setImmediate(resolve))
  }

  #okWithHeader(header: 0x00 | 0xfe, outcome: Outcome, more: boolean): void {
    const changes = has(this.#capabilities, capability.SESSION_TRACK) ? (outcome.sessionChanges ?? []) : []
    const changed = changes.length > 0
    this.packet(
      encodeOk(
        {
          header,
          affectedRows: outcome.affectedRows ?? 0n,
          lastInsertId: outcome.lastInsertId ?? 0n,
          statusFlags: this.#flags(more) | (changed ? serverStatus.SESSION_STATE_CHANGED : 0),
          warnings: outcome.warnings ?? 0,
          info: outcome.info === undefined ? empty : Buffer.from(outcome.info),
          sessionChanges: changed ? changes : undefined,
        },
        this.#capabilities,
      ),
    )
  }

  #flags(more: boolean): number {
    return this.#session.statusFlags | (more ? serverStatus.MORE_RESULTS_EXISTS : 0)
  }
}
