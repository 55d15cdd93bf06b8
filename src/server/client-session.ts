/**
 * An admitted connection in the command phase: one command at a time, each answered before the next is read. The only
 * maker of a `Session` is a login that was admitted, so no handler can run before the verdict.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import type { Account } from '../accounts/account.ts'
import { isAdministrator } from '../accounts/privileges.ts'
import { MysqlError, serverError } from '../errors/errors.ts'
import { charsetOf, decodeText } from '../machine/collations.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import { ServerHandshake } from '../machine/server-handshake.ts'
import { capability, has } from '../packets/capabilities.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { ConnectionRecord, Killed } from '../registry/connection-record.ts'
import { compressionFor } from '../transport/compression.ts'
import type { Connection } from '../transport/connection.ts'
import type { PacketHandler } from '../transport/handlers.ts'
import { runCommand } from './commands.ts'
import type { Door } from './door.ts'
import { countAdmitted, countRefused } from './ledger.ts'
import { type Admitted, Login, type LoginOwner } from './login.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import type { Session, Value, Warning } from './query.ts'
import { type ResultEncoding, resultEncoding } from './result-encoding.ts'
import { ResultWriter } from './result-writer.ts'
import type { SessionSettings } from './settings.ts'
import type { TlsPeer } from './tls-context.ts'

/** What the collation of the login sets, as SET NAMES does. */
const clientCharsetSettings = ['character_set_client', 'character_set_connection', 'character_set_results'] as const

const noWarnings: readonly Warning[] = []

export class ClientSession implements PacketHandler, Session, LoginOwner {
  readonly door: Door
  readonly connection: Connection
  readonly record: ConnectionRecord
  account: Account
  mustChangePassword: boolean
  database: string | undefined
  inTransaction = false
  autocommit = true
  warnings: readonly Warning[] = noWarnings
  userVariables: Map<string, Value> | undefined = undefined
  affectedRows = 0n
  lastInsertId = 0n
  multiStatements: boolean
  prepared: PreparedStatements | undefined = undefined
  #login: LoginFacts
  /** For COM_CHANGE_USER of clients that cannot be told another nonce. */
  readonly #greetingNonce: Uint8Array
  readonly #peer: TlsPeer | undefined
  #settings: SessionSettings | undefined = undefined
  #abort: AbortController | undefined = undefined
  #busy = false
  #ended = false
  #quit = false

  constructor(login: Login, admitted: Admitted, greetingNonce: Uint8Array) {
    this.door = login.door
    this.connection = login.connection
    this.record = login.record
    this.account = admitted.account
    this.mustChangePassword = admitted.mustChangePassword
    this.#greetingNonce = greetingNonce
    this.#peer = login.peer
    const { state } = login.machine
    if (state.at !== 'ready') throw new Error('a session without an admitted login')
    this.#login = state.login
    this.database = state.login.database
    this.multiStatements = has(state.login.capabilities, capability.MULTI_STATEMENTS)
    this.connection.handler = this
    this.connection.reader.limit = this.door.settings.get('max_allowed_packet') - 1
    this.#beIdle()
    this.#publish()
    const compression = compressionFor(state.login)
    if (compression !== undefined) {
      this.connection.flush()
      this.connection.compress(compression)
    }
  }

  get id(): number {
    return this.record.id
  }

  get user(): string {
    return this.#login.user
  }

  get host(): string {
    return this.record.host
  }

  get capabilities(): number {
    return this.#login.capabilities
  }

  /** Made when it is first asked for: an idle session has none. */
  get settings(): SessionSettings {
    if (this.#settings === undefined) {
      this.#settings = this.door.settings.session()
      for (const name of clientCharsetSettings) this.#settings.set(name, charsetOf(this.#login.collationId))
      if (this.#isInteractive) this.#settings.set('wait_timeout', this.door.settings.get('interactive_timeout'))
    }
    return this.#settings
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  get wantsPacket(): boolean {
    return !this.#busy && !this.#ended
  }

  get statusFlags(): number {
    return (this.autocommit ? serverStatus.AUTOCOMMIT : 0) | (this.inTransaction ? serverStatus.IN_TRANS : 0)
  }

  onPacket(payload: Uint8Array, sequenceId: number, frames: number): void {
    const writer = new ResultWriter(this.connection, this.capabilities, this, frames & 0xff)
    if (sequenceId !== 0) return this.#fail(writer, serverError('ER_NET_PACKETS_OUT_OF_ORDER'))
    if (this.door.settings.get('offline_mode') && !isAdministrator(this.account)) {
      return this.#fail(writer, serverError('ER_SERVER_OFFLINE_MODE'))
    }
    this.connection.deadlineList?.remove(this.connection)
    this.door.registry.status.Queries++
    let running: Promise<void> | undefined
    try {
      running = runCommand(this, payload, writer, sequenceId + frames - 1)
    } catch (error) {
      this.#answerError(writer, error)
    }
    if (running === undefined) {
      if (this.connection.handler === this) this.#beIdle()
      return
    }
    this.#busy = true
    running
      .catch((error: unknown) => this.#answerError(writer, error))
      .then(() => {
        this.#busy = false
        this.#abort = undefined
        this.connection.flush()
        if (this.connection.handler !== this) return
        this.#beIdle()
        this.connection.resume()
      })
  }

  onFramingError(error: MysqlError): void {
    const symbol =
      error.symbol === 'ER_NET_PACKET_TOO_LARGE' ? 'ER_NET_PACKET_TOO_LARGE' : 'ER_NET_PACKETS_OUT_OF_ORDER'
    this.#fail(new ResultWriter(this.connection, this.capabilities, this, 1), serverError(symbol))
  }

  /** Drivers give a connection up in this way, too: whoever waits for an answer would not have said goodbye to writing. */
  onEnded(): void {
    if (this.#busy) this.connection.destroy()
    else this.connection.close()
  }

  onClosed(): void {
    this.#leave()
  }

  /** wait_timeout is over; or net_write_timeout, for a client that does not read what it asked for. */
  onDeadline(): void {
    if (this.#busy || this.#quit) return this.connection.destroy()
    const writer = new ResultWriter(this.connection, this.capabilities, this, 0)
    this.#fail(writer, serverError('ER_CLIENT_INTERACTION_TIMEOUT'))
  }

  /** COM_QUIT: the one way to leave that is no abort. */
  quit(): void {
    this.#quit = true
    this.connection.close()
    this.#limitWriting()
  }

  async drained(): Promise<void> {
    this.#limitWriting()
    await this.connection.drained()
    this.connection.deadlineList?.remove(this.connection)
  }

  text(bytes: Uint8Array): string {
    return decodeText(bytes, this.#settings?.get('character_set_client') ?? charsetOf(this.#login.collationId))
  }

  get resultEncoding(): ResultEncoding | undefined {
    const settings = this.#settings
    return resultEncoding(settings ? settings.get('character_set_results') : charsetOf(this.#login.collationId))
  }

  /** COM_CHANGE_USER: a new login from the start, with this session standing still. */
  changeUser(payload: Uint8Array, sequenceId: number): void {
    const stranger = { connectionId: this.id, host: this.host, channel: this.record.channel }
    this.door.registry.status.Com_change_user++
    this.record.command = 'Change user'
    this.record.state = 'starting'
    this.record.sinceMs = this.door.now()
    const machine = ServerHandshake.changeUser(this.door.policy, stranger, this.#login, this.#greetingNonce, {
      payload,
      sequenceId,
    })
    const login = new Login(this.door, this.connection, this.record, machine, this.#peer, this, undefined)
    this.connection.handler = login
    this.connection.reader.limit = this.door.settings.get('saltgate_max_login_packet')
    this.door.changeUserDeadlines.add(this.connection)
    this.record.kill = (what) => login.kill(what)
    login.start()
  }

  onAdmitted(login: Login, admitted: Admitted): void {
    const { state } = login.machine
    if (state.at !== 'ready') return
    this.door.nearProofs.consider(login.shown, countAdmitted(this.door, this.record, true), this.#greetingNonce)
    this.door.userConnections.release(this.account)
    this.reset()
    this.account = admitted.account
    this.mustChangePassword = admitted.mustChangePassword
    this.#login = state.login
    this.database = state.login.database
    this.connection.handler = this
    this.connection.reader.limit = this.door.settings.get('max_allowed_packet') - 1
    this.#beIdle()
    this.#publish()
  }

  onRefused(login: Login): void {
    const { state } = login.machine
    if (state.at !== 'refused') return
    const { reason, during, detail, error } = state
    const ended = countRefused(this.door, this.record, { reason, during, detail, errorCode: error?.code }, true)
    this.door.nearProofs.consider(login.shown, ended, this.#greetingNonce)
    this.#leave()
  }

  /** COM_RESET_CONNECTION, and what a change of user leaves behind: nothing. */
  reset(): void {
    this.door.registry.status.Prepared_stmt_count -= this.prepared?.size ?? 0
    this.prepared = undefined
    this.#settings = undefined
    this.userVariables = undefined
    this.warnings = noWarnings
    this.inTransaction = false
    this.autocommit = true
    this.affectedRows = 0n
    this.lastInsertId = 0n
    this.multiStatements = has(this.capabilities, capability.MULTI_STATEMENTS)
  }

  /** The server drains: an idle session ends now, a busy one with its answer. */
  drain(): void {
    this.#ended = true
    if (!this.#busy) this.quit()
  }

  #kill(what: Killed): void {
    // Also when the handler has not asked for its signal yet: it shall find it aborted.
    if (this.#busy) this.#abort ??= new AbortController()
    this.#abort?.abort(serverError('ER_QUERY_INTERRUPTED'))
    if (what !== 'query') this.connection.destroy()
  }

  #publish(): void {
    this.record.user = this.user
    this.record.accountName = `${this.account.user}@${this.account.host}`
    this.record.kill = (what) => this.#kill(what)
    this.record.drain = () => this.drain()
  }

  #beIdle(): void {
    if (this.connection.closing) return
    const { record } = this
    record.command = 'Sleep'
    record.state = ''
    record.info = undefined
    record.database = this.database
    record.sinceMs = this.door.now()
    if (this.#ended) return this.quit()
    const own = this.#settings?.get('wait_timeout')
    const seconds = own ?? this.door.settings.get(this.#isInteractive ? 'interactive_timeout' : 'wait_timeout')
    this.door.idleDeadlines(seconds).add(this.connection)
  }

  /** mysql and its like ask for it: interactive_timeout takes the place of wait_timeout. */
  get #isInteractive(): boolean {
    return has(this.capabilities, capability.INTERACTIVE)
  }

  #limitWriting(): void {
    const seconds = this.#settings?.get('net_write_timeout') ?? this.door.settings.get('net_write_timeout')
    this.door.idleDeadlines(seconds).add(this.connection)
  }

  #answerError(writer: ResultWriter, error: unknown): void {
    if (error instanceof MysqlError) {
      this.warnings = [{ level: 'Error', code: error.code, message: error.message }]
      writer.err(error)
      return
    }
    this.door.log.error({ err: error, connection: this.id }, 'a query handler failed')
    writer.err(serverError('ER_UNKNOWN_ERROR', 'The query handler failed; the log of the server says why'))
  }

  /** Answers and closes: the dialogue with this client has lost its thread. */
  #fail(writer: ResultWriter, error: MysqlError): void {
    writer.err(error)
    this.connection.refuse()
    this.#leave()
  }

  #leave(): void {
    if (!this.door.registry.live.has(this.id)) return
    this.#abort?.abort(serverError('ER_QUERY_INTERRUPTED'))
    this.reset()
    if (!this.#quit) this.door.registry.status.Aborted_clients++
    this.door.userConnections.release(this.account)
    this.door.registry.remove(this.record)
    this.record.leave()
  }
}
