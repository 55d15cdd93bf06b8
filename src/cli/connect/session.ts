/**
 * What the shell needs of a connection, and no more: rows as they arrive, so that a result of any size can be printed.
 */
import type { SqlValue } from '../../client/result.ts'
import type { ColumnDefinition } from '../../packets/column-definition.ts'

export interface Session {
  /**
   * Runs a text and gives all of its results, in order; none is read before the one in front was taken.
   *
   * `sql` is bytes where it is not UTF-8: a dump with binary strings. The signal ends the statement, not the session.
   * Throws: `MysqlError`, while it is iterated.
   */
  query(sql: string | Uint8Array, options: Abortable): AsyncIterable<ResultEvent>
  useDatabase(name: string, options: Abortable): Promise<void>
  reset(options: Abortable): Promise<void>
  /** A new connection in the place of this one; what is left out stays as it was. */
  reconnect(to: { readonly database?: string; readonly host?: string }, options: Abortable): Promise<void>
  describe(): SessionFacts
}

export interface Abortable {
  readonly signal: AbortSignal
}

/** `columns` comes first, and only of a result that has rows; `done` ends each result. */
export type ResultEvent =
  | { readonly is: 'columns'; readonly columns: readonly ColumnDefinition[] }
  | { readonly is: 'rows'; readonly rows: readonly (readonly SqlValue[])[] }
  | ResultDone

export interface ResultDone {
  readonly is: 'done'
  readonly affectedRows: bigint
  readonly warnings: number
  readonly info: string
  readonly statusFlags: number
}

/** How things are now; read anew for every prompt. */
export interface SessionFacts {
  /** False after the connection was lost. */
  readonly connected: boolean
  readonly connectionId: number
  /** The name of the login. */
  readonly user: string
  readonly database: string | undefined
  readonly serverVersion: string
  readonly address: { readonly host: string; readonly port: number } | { readonly socketPath: string }
  readonly tls: { readonly version: string; readonly cipher: string } | undefined
}
