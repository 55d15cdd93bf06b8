/**
 * The prepared statements of one session: their text, how many parameters they have, and what was sent for them piece by
 * piece. They live only here: the handler gets text and values at each execution.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase_ps.html
 */
import { serverError } from '../errors/errors.ts'
import { decodeComStmtExecute, decodeStatementId, LAST_PREPARED } from '../packets/com-stmt-execute.ts'
import type { ComStmtSendLongData } from '../packets/com-stmt-send-long-data.ts'
import type { ParameterType } from '../packets/parameters.ts'
import type { Value } from './query.ts'

interface Prepared {
  readonly id: number
  readonly sql: string
  readonly count: number
  types: readonly ParameterType[]
  longData: Map<number, Uint8Array[]>
  longBytes: number
}

export class PreparedStatements {
  readonly #statements = new Map<number, Prepared>()
  #lastId = 0

  get size(): number {
    return this.#statements.size
  }

  /** After: the statement has the next id. */
  add(sql: string, count: number): number {
    this.#lastId = (this.#lastId + 1) % LAST_PREPARED || 1
    this.#statements.set(this.#lastId, { id: this.#lastId, sql, count, types: [], longData: new Map(), longBytes: 0 })
    return this.#lastId
  }

  /** Returns whether there was such a statement. */
  close(id: number): boolean {
    return this.#statements.delete(id)
  }

  /** COM_STMT_RESET: what was sent piece by piece is forgotten. Throws: 1243. */
  reset(id: number): void {
    const statement = this.#find(id, 'mysqld_stmt_reset')
    statement.longData = new Map()
    statement.longBytes = 0
  }

  /** Keeps one piece; unknown statements are ignored, because this command has no answer. Throws: 1153 over `limit` bytes. */
  addLongData(piece: ComStmtSendLongData, limit: number): void {
    const statement = this.#statements.get(piece.statementId)
    if (statement === undefined || piece.parameter >= statement.count) return
    statement.longBytes += piece.data.length
    if (statement.longBytes > limit) throw serverError('ER_NET_PACKET_TOO_LARGE')
    const pieces = statement.longData.get(piece.parameter)
    if (pieces === undefined) statement.longData.set(piece.parameter, [piece.data])
    else pieces.push(piece.data)
  }

  /** Reads COM_STMT_EXECUTE. Throws: 1243 for an unknown statement, 1210 for missing types, `MalformedPacket`. */
  execution(
    payload: Uint8Array,
    capabilities: number,
  ): { readonly sql: string; readonly parameters: readonly Value[] } {
    const statement = this.#find(decodeStatementId(payload), 'mysqld_stmt_execute')
    const remembered = { count: statement.count, types: statement.types, longData: new Set(statement.longData.keys()) }
    const execute = decodeComStmtExecute(payload, capabilities, remembered)
    statement.types = execute.parameters
      .slice(0, statement.count)
      .map(({ type, unsigned, name }) => ({ type, unsigned, name }))
    const parameters = execute.parameters.slice(0, statement.count).map(({ value }, i): Value => {
      const long = statement.longData.get(i)
      if (long !== undefined) return textOrBytes(Buffer.concat(long))
      if (value === undefined) throw serverError('ER_WRONG_ARGUMENTS', 'mysqld_stmt_execute')
      return value instanceof Uint8Array ? textOrBytes(value) : value
    })
    statement.longData = new Map()
    statement.longBytes = 0
    return { sql: statement.sql, parameters }
  }

  #find(id: number, command: string): Prepared {
    const statement = this.#statements.get(id === LAST_PREPARED ? this.#lastId : id)
    if (statement === undefined) throw serverError('ER_UNKNOWN_STMT_HANDLER', id, command)
    return statement
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Clients declare text and bytes by the same types; what is UTF-8 is taken as text. */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes
  }
}
