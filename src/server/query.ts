/**
 * What a query handler gets and gives: the seam between the command phase and whoever answers SQL, the console or an
 * embedder's `onQuery`.
 */
import type { Account } from '../accounts/account.ts'
import type { SessionChange } from '../packets/session-changes.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { SessionSettings } from './settings.ts'

/**
 * Answers one statement. Called for COM_QUERY and for COM_STMT_EXECUTE, one at a time per session, after the login was
 * admitted. May be slow; KILL QUERY aborts `session.signal`.
 *
 * Throws: `serverError(...)` reaches the client as it is; anything else becomes 1105 without its text, which goes to the
 * log. Never log `sql` unredacted: it may hold a password.
 */
export type OnQuery = (
  sql: string,
  session: Session,
  parameters: readonly Value[],
) => QueryResult | Promise<QueryResult>

export type Value = null | boolean | number | bigint | string | Uint8Array | Date

export type Row = readonly Value[]

export interface Column {
  readonly name: string
  /** A name of `fieldType` (packets/column-definition.ts), or TEXT for a BLOB of text; left out: VAR_STRING. */
  readonly type?: ColumnType
  readonly table?: string
  readonly schema?: string
  /** Characters, for text; digits, for numbers. */
  readonly length?: number
  readonly unsigned?: boolean
  readonly nullable?: boolean
}

export type ColumnType =
  | 'LONGLONG'
  | 'LONG'
  | 'DOUBLE'
  | 'NEWDECIMAL'
  | 'VAR_STRING'
  | 'STRING'
  | 'TEXT'
  | 'BLOB'
  | 'DATETIME'
  | 'TIMESTAMP'
  | 'DATE'
  | 'TIME'
  | 'NULL'
  | 'JSON'

/**
 * What a text answers: one result, or several for a text of several statements. Several are asked for one after the other;
 * when that throws, the client has the results before it and then the error.
 */
export type QueryResult = SingleResult | { readonly results: Iterable<SingleResult> | AsyncIterable<SingleResult> }

/** Rows, as objects or with columns of their own, or the outcome of a statement without rows. */
export type SingleResult = RowsResult | OkResult | readonly Readonly<Record<string, Value>>[]

export interface RowsResult {
  readonly columns: readonly Column[]
  /** Read with back-pressure: a slow client slows the iteration down. */
  readonly rows: Iterable<Row> | AsyncIterable<Row>
  readonly warnings?: number
}

export interface OkResult {
  readonly affectedRows?: number | bigint
  readonly lastInsertId?: number | bigint
  readonly info?: string
  readonly warnings?: number
  /** What it changed of the session, for clients with CLIENT_SESSION_TRACK; that of the default database is told anyway. */
  readonly sessionChanges?: readonly SessionChange[]
}

export interface Warning {
  readonly level: 'Note' | 'Warning' | 'Error'
  readonly code: number
  readonly message: string
}

/** One authenticated connection, as a query handler sees it. Only an admitted login makes one. */
export interface Session {
  readonly id: number
  /** As the client named it, and where it came from: USER(). */
  readonly user: string
  readonly host: string
  readonly account: Account
  readonly record: ConnectionRecord
  readonly settings: SessionSettings
  /** What both sides can do. */
  readonly capabilities: number
  /** Whether a text may hold several statements. */
  readonly multiStatements: boolean
  /** The password has expired: only its change is allowed (1820). */
  mustChangePassword: boolean
  database: string | undefined
  inTransaction: boolean
  autocommit: boolean
  /** Of the last statement, for SHOW WARNINGS. */
  warnings: readonly Warning[]
  /** `@name` variables; made when the first is set. */
  userVariables: Map<string, Value> | undefined
  affectedRows: bigint
  lastInsertId: bigint
  /** Aborted by KILL and by the end of the connection. A new one for each statement. */
  readonly signal: AbortSignal
}
