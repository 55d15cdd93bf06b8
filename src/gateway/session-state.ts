/**
 * What a session is made of, as far as the gateway can tell, and why it needs the connection that it has: decisions only, from what was sent and
 * what was answered.
 *
 * Servers report, in the OK of a statement, the system variables and the database that it changed (CLIENT_SESSION_TRACK). From these a session
 * can be made again on another connection. For what cannot, the session is pinned to its connection: what a server reports without saying what
 * it was, what it does not report but the text gives away (`statement-effects.ts`), and what no statement could restore.
 *
 * What is not noticed: what stored functions and triggers do to user variables and locks without a trace in the text of the statement.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/session-state-tracking.html
 */
import type { AnswerEnd } from '../machine/answer-scanner.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeComQuery } from '../packets/com-query.ts'
import { command } from '../packets/commands.ts'
import { decodeOk } from '../packets/ok.ts'
import { serverStatus } from '../packets/server-status.ts'
import { effectsOf, namedEffects, noEffects, type StatementEffects, unreadEffects } from './statement-effects.ts'

/** Statements up to so long are read. Units: bytes. */
export const longestRead = 0x40000

/** What links of sessions in transaction mode run before all else: MySQL 9.7 and MariaDB 10.11 take it alike. */
export const trackAll =
  "SET session_track_system_variables='*', session_track_schema=ON, session_track_state_change=ON," +
  " session_track_transaction_info='CHARACTERISTICS'"

export class SessionState {
  database: string | undefined
  /** COM_RESET_CONNECTION leaves the character set that the server starts with, not that of the login. */
  wasReset = false
  readonly #capabilities: number
  readonly #variables = new Map<string, string>()
  #assignments: string | undefined = ''
  /** Until the session is reset. */
  #pin: string | undefined
  readonly #statements = new Set<number>()
  #statusFlags: number
  #transaction = noTransaction
  #characteristics = ''
  #leaves = false
  #effects: StatementEffects = noEffects

  /** Units: `statusFlags` is that of the login. */
  constructor(capabilities: number, database: string | undefined, statusFlags: number) {
    this.#capabilities = capabilities
    this.database = database
    this.#statusFlags = statusFlags
    this.#pin = has(capabilities, sessionTrack) ? undefined : 'no session tracking'
  }

  /** Whether the server tells what statements change. */
  get isTracked(): boolean {
    return has(this.#capabilities, sessionTrack)
  }

  /** Why the session needs the connection that it has; `undefined`: another would do. */
  get pin(): string | undefined {
    if (this.#pin !== undefined) return this.#pin
    if (this.#statements.size > 0) return 'prepared statement'
    if ((this.#statusFlags & serverStatus.AUTOCOMMIT) === 0) return 'autocommit=0'
    if (this.#transaction.endsWith('L')) return 'LOCK TABLES'
    if ((this.#statusFlags & serverStatus.IN_TRANS) !== 0 || this.#transaction !== noTransaction) return 'transaction'
    return this.#characteristics === '' ? undefined : 'SET TRANSACTION'
  }

  /** Whether the last answer left something that the next command may ask for: warnings, an error, a last insert id, FOUND_ROWS(). */
  get leaves(): boolean {
    return this.#leaves
  }

  /** The system variables that the session has set, as SET takes them; '' for none. Equal texts stand for equal sessions. */
  get variables(): string {
    this.#assignments ??= [...this.#variables]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${literal(name, value)}`)
      .join(', ')
    return this.#assignments
  }

  /** Pins for good. The first reason stays. */
  keep(reason: string): void {
    this.#pin ??= reason
  }

  /** `alone`: nothing is outstanding, so that the next answer is this command's. */
  onCommand(byte: number, body: Uint8Array, whole: boolean, alone: boolean): void {
    const effects = this.#effectsOf(byte, body, whole)
    this.#effects = alone ? effects : noEffects
    this.#leaves = effects.leaves
    if (effects.pin !== undefined) this.keep(effects.pin)
    if (byte === command.STMT_CLOSE && body.length === 5) this.#statements.delete(Buffer.from(body).readUInt32LE(1))
    else if (commandPins.has(byte)) this.keep(commandPins.get(byte) as string)
  }

  onAnswered(end: AnswerEnd): void {
    const { error, statusFlags, ok, statementId } = end
    if (error || end.warnings > 0 || end.lastInsertId) this.#leaves = true
    if (statementId !== undefined) this.#statements.add(statementId)
    if (error) return
    this.#statusFlags = statusFlags
    if (ok !== undefined) this.onSessionChanges(ok)
    else if ((statusFlags & serverStatus.SESSION_STATE_CHANGED) !== 0) this.keep('session state')
  }

  /** Takes what an OK says. */
  onSessionChanges(payload: Uint8Array): void {
    const { sessionChanges = [], statusFlags } = decodeOk(payload, this.#capabilities)
    this.#statusFlags = statusFlags
    const changed = new Set<string>()
    let unnamed = false
    for (const change of sessionChanges) {
      if (change.kind === 'system-variable') {
        if (change.name !== 'statement_id') changed.add(change.name)
        this.#onVariable(change.name, change.value)
      } else if (change.kind === 'schema') {
        this.database = change.name === '' ? undefined : change.name
        changed.add('')
      } else if (change.kind === 'state-change') unnamed = change.value === '1'
      else if (change.kind === 'transaction-state') this.#transaction = change.flags
      else if (change.kind === 'transaction-characteristics') this.#characteristics = change.statement
    }
    if (changed.has('character_set_connection') && !changed.has('collation_connection')) {
      // The character set has brought its own collation.
      const { collation } = this.#effects
      if (collation === undefined) this.#variables.delete('collation_connection')
      else this.#onVariable('collation_connection', collation)
    }
    if (unnamed && !(this.#effects.named && changed.size > 0)) this.keep(this.#effects.change)
  }

  /** The session begins anew: COM_RESET_CONNECTION, which leaves the database as it is. `statusFlags`: with which sessions begin. */
  reset(): void {
    this.wasReset = true
    this.#variables.clear()
    this.#assignments = ''
    this.#statements.clear()
    this.#pin = this.isTracked ? undefined : 'no session tracking'
    this.#statusFlags = serverStatus.AUTOCOMMIT
    this.#transaction = noTransaction
    this.#characteristics = ''
    this.#leaves = false
    this.#effects = noEffects
  }

  #effectsOf(byte: number, body: Uint8Array, whole: boolean): StatementEffects {
    if (byte === command.INIT_DB) return namedEffects
    if (byte !== command.QUERY && byte !== command.STMT_PREPARE) return noEffects
    if (!whole) return unreadEffects
    const text =
      byte === command.QUERY ? decodeComQuery(body, this.#capabilities).query : (body.subarray(1) as Uint8Array)
    const several = has(this.#capabilities, capability.MULTI_STATEMENTS)
    return effectsOf(Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1'), several)
  }

  #onVariable(name: string, value: string): void {
    if (name === 'statement_id' || tracking.get(name) === value) return
    if (!plainName.test(name) || unrepeatable.test(name) || !repeatable.test(value))
      return this.keep(`variable ${name}`)
    this.#variables.set(name, value)
    this.#assignments = undefined
  }
}

const sessionTrack = capability.SESSION_TRACK
const noTransaction = '________'

/** Commands after which a connection is good for nobody else. */
const commandPins = new Map<number, string>([
  [command.SET_OPTION, 'COM_SET_OPTION'],
  [command.REGISTER_REPLICA, 'replication'],
  [command.BINLOG_DUMP, 'replication'],
  [command.BINLOG_DUMP_GTID, 'replication'],
])

/** What links are told, and tell back. */
const tracking = new Map([
  ['session_track_system_variables', '*'],
  ['session_track_schema', 'ON'],
  ['session_track_state_change', 'ON'],
  ['session_track_transaction_info', 'CHARACTERISTICS'],
])

/** Setting these to their value is something else than having set them: clocks, counters, what holds for one statement. */
const unrepeatable =
  /^(?:timestamp|insert_id|last_insert_id|identity|rand_seed\d|gtid_\w+|pseudo_\w+|profiling|session_track_\w+|innodb_tmpdir|system_versioning_asof|wsrep_\w+|debug\w*|skip_replication|server_id|sql_log_bin)$/

/** Anything else is no name, but a backend that lies: what it says becomes a statement on another one. */
const plainName = /^\w+(?:\.\w+)?$/

/** Quoted, the same in every mode and character set. */
const repeatable = /^[\x20-\x26\x28-\x5b\x5d-\x7e]{0,4096}$/

function literal(name: string, value: string): string {
  if (value === '' && name === 'character_set_results') return 'NULL'
  return /^-?\d+(?:\.\d+)?$/.test(value) ? value : `'${value}'`
}
