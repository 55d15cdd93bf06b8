/**
 * A client and its backend link, after the login: bytes go through untouched, and are only looked at. What is not forwarded is a goodbye,
 * a change of user and a KILL, whose number is the gateway's and not the backend's.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { clientError, MysqlError, ProtocolViolation, serverError } from '../errors/errors.ts'
import { type AnswerEnd, AnswerScanner, type AnswerSink } from '../machine/answer-scanner.ts'
import { CommandScanner, type CommandSeen, type CommandSink } from '../machine/command-scanner.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import { capability, has } from '../packets/capabilities.ts'
import { command } from '../packets/commands.ts'
import { encodeErr } from '../packets/err.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { ConnectionRecord, Killed } from '../registry/connection-record.ts'
import type { Door } from '../server/door.ts'
import type { Admitted, Login } from '../server/login.ts'
import type { TlsPeer } from '../server/tls-context.ts'
import { compressionFor } from '../transport/compression.ts'
import type { Connection } from '../transport/connection.ts'
import type { ByteSink } from '../transport/handlers.ts'
import { Flow, giveMemoryBack } from './flow.ts'
import { type KillOrder, killOrder } from './kill-order.ts'
import type { Link, LinkUser } from './link.ts'
import type { ClientPassage } from './passage.ts'
import { Presence } from './presence.ts'
import { Seat } from './seat.ts'
import { longestRead } from './session-state.ts'
import { Sharing, type SharingPair } from './sharing.ts'
import { changeUser } from './user-change.ts'

export class Pair implements ByteSink, CommandSink, AnswerSink, LinkUser, SharingPair {
  readonly door: Door
  readonly connection: Connection
  readonly record: ConnectionRecord
  readonly #passage: ClientPassage
  readonly #peer: TlsPeer | undefined
  readonly #greetingNonce: Uint8Array
  readonly #flow: Flow
  readonly #seat: Seat
  readonly #presence: Presence
  #login: LoginFacts
  /** Of transaction mode. */
  #sharing: Sharing | undefined
  #commands: CommandScanner
  #answers: AnswerScanner
  /** A part of an answer was forwarded, and the rest was not. */
  #midway = false
  #changing = false
  #draining = false
  #ended = false
  #quit = false

  constructor(passage: ClientPassage, login: Login, admitted: Admitted, greetingNonce: Uint8Array, link: Link) {
    const { state } = login.machine
    if (state.at !== 'ready') throw new Error('a pair without an admitted login')
    this.door = login.door
    this.connection = login.connection
    this.record = login.record
    this.#passage = passage
    this.#peer = login.peer
    // Only a client that cannot be told another nonce will use it again.
    this.#greetingNonce = has(state.login.capabilities, capability.PLUGIN_AUTH) ? noNonce : greetingNonce
    this.#presence = new Presence(this.door, this.connection, this.record, admitted)
    this.#login = state.login
    const compression = compressionFor(state.login)
    this.#seat = new Seat(this, passage, compression !== undefined)
    this.#sharing = this.#share(link)
    this.#commands = this.#scanner()
    this.#answers = new AnswerScanner(state.login, this)
    this.#flow = new Flow(this, this.#presence)
    if (compression !== undefined) {
      this.connection.flush()
      this.connection.compress(compression)
    }
    this.#attach(link, admitted)
  }

  /** `undefined` while the user changes, and in transaction mode while none is needed. */
  get link(): Link | undefined {
    return this.#seat.link
  }

  /** What the client proved to be: who may kill whom is decided by it. */
  get account(): Admitted['account'] {
    return this.#presence.account
  }

  /** How it was judged: names of different ways say nothing of each other. */
  get way(): string {
    return this.#passage.rule?.way ?? ''
  }

  get capabilities(): number {
    return this.#login.capabilities
  }

  get inTransaction(): boolean {
    return (this.#answers.statusFlags & serverStatus.IN_TRANS) !== 0
  }

  get isBusy(): boolean {
    return this.#answers.outstanding > 0 || !this.#commands.idle
  }

  /** Why the session needs the link that it has; `undefined`: another would do, or it has it for good. */
  get pin(): string | undefined {
    return this.#sharing?.state.pin
  }

  get isChangingUser(): boolean {
    return this.#changing
  }

  get isQuiet(): boolean {
    return this.#answers.idle && !this.#answers.endless && this.#commands.idle && !this.#seat.unsent && !this.#ended
  }

  // The client's side.

  onBytes(chunk: Uint8Array): void {
    this.#guarded(() => this.#commands.push(chunk))
    this.#flow.onHeld(this.#commands)
  }

  onCommand({ command: byte, body, whole, length }: CommandSeen): 'forward' | 'take' | 'wait' {
    if (this.#draining && this.#mayLeave) return 'take'
    const { outstanding, endless } = this.#answers
    const unanswered = outstanding > 0 && !endless
    // What the gateway answers itself comes behind what the backend has to answer before.
    switch (byte) {
      case command.QUIT:
      case command.CHANGE_USER:
        return unanswered ? 'wait' : 'take'
      case command.RESET_CONNECTION:
        if (this.#sharing?.resetsItself !== true) break
        return unanswered ? 'wait' : 'take'
      case command.PROCESS_KILL:
      case command.QUERY:
        if (!whole || this.#killed(body) === undefined) break
        return unanswered ? 'wait' : 'take'
    }
    const obtained = this.#sharing?.obtain(byte) ?? 'there'
    return obtained === 'there' ? this.#forwards(byte, body, whole, length) : obtained
  }

  onTaken(payload: Uint8Array, sequenceId: number): void {
    const [byte] = payload
    if (byte === command.QUIT) return this.quit()
    if (byte === command.CHANGE_USER) return this.#changeUser(payload, sequenceId)
    if (this.#draining) return this.#goodbye(serverError('ER_SERVER_SHUTDOWN'), true)
    if (this.#sharing?.onTaken(byte as number) === true) return this.#presence.beIdle(0)
    const order = this.#killed(payload)
    if (order !== undefined) this.#passage.kill(this, order)
  }

  forward(bytes: Uint8Array): void {
    const { link } = this
    if (link !== undefined && !this.#seat.write(link, bytes)) this.#flow.restClient(link.wire)
    if (this.#answers.outstanding === 0) this.#settleSoon()
  }

  onFramingError(error: MysqlError): void {
    this.#fail(error)
  }

  /** Drivers give a connection up in this way, too: whoever waits for an answer would not have said goodbye to writing. */
  onEnded(): void {
    this.connection.destroy()
  }

  onClosed(): void {
    this.#leave()
  }

  // The backend's side.

  onBackendBytes(chunk: Uint8Array): void {
    this.#guarded(() => {
      const asked = this.#answers.outstanding > 0
      if (asked) this.#seat.renumber(chunk)
      this.#answers.push(chunk)
      // What a backend says that leaves is nothing to a client that needs none.
      if (this.#seat.farewell && !asked && this.#sharing?.isFree === true) return
      this.#midway = !this.#answers.idle && this.#answers.outstanding > 0
      if (!this.connection.write(chunk) && this.link !== undefined) this.#flow.restBackend(this.link)
      else giveMemoryBack(chunk, this.connection)
    })
  }

  onAnswered(end: AnswerEnd): void {
    this.#sharing?.onAnswered(end)
    if (this.#answers.outstanding > 0) return
    this.#presence.beIdle(end.statusFlags)
    this.#settleSoon()
    if (this.#draining) queueMicrotask(() => this.drain())
  }

  onSessionChanges(ok: Uint8Array): void {
    this.#sharing?.state.onSessionChanges(ok)
  }

  onLocalInfile(): void {
    if (!has(this.#login.capabilities, capability.LOCAL_FILES)) throw clientError('CR_LOAD_DATA_LOCAL_INFILE_REJECTED')
    this.#commands.dataMode(true)
  }

  /** A farewell tells the client more than the end of its connection. */
  onUnasked(payload: Uint8Array): void {
    if (payload[0] !== 0xff) {
      const got = `a packet that begins with ${payload[0]}`
      throw new ProtocolViolation('CR_MALFORMED_PACKET', { phase: 'command', expected: ['nothing'], got })
    }
    this.#seat.farewell = true
  }

  onBackendLost(): void {
    if (this.#ended) return
    const { link, farewell } = this.#seat
    link?.backend.onLoss()
    if (link !== undefined && this.#sharing?.isFree === true) {
      this.#sharing.wake()
      return this.#seat.giveBack(false, false)
    }
    if (!farewell) return this.#goodbye(clientError('CR_SERVER_LOST', 'during query'))
    this.#leave()
    this.connection.refuse()
  }

  /** Answers a command that was taken: nothing else is under way. */
  answer(payload: Uint8Array): void {
    if (this.#ended) return
    this.connection.send(payload, 1)
    this.connection.flush()
    // A client that takes no answers gets no more of them.
    this.connection.drained().then(() => this.resume())
  }

  take(link: Link): void {
    if (this.#ended) return this.#passage.release(link, true, true)
    this.#seat.take(link)
  }

  giveBack(): void {
    const { link } = this.#seat
    if (link === undefined) return
    const { idle, endless } = this.#answers
    const isKnown = this.#sharing?.describe(link) === true
    this.#sharing?.wake()
    this.#seat.giveBack(idle && !endless && this.#commands.idle, isKnown)
  }

  /** Nothing may be left to wait for: a command goes on that waits, or others get the link. */
  settle(): void {
    if (this.#commands.waiting && this.#answers.outstanding === 0) this.resume()
    this.#sharing?.rest()
  }

  /** Behind what is about to be written. */
  #settleSoon(): void {
    if (this.#sharing !== undefined || this.#commands.waiting) queueMicrotask(() => this.settle())
  }

  resume(): void {
    this.#guarded(() => this.#commands.resume())
    this.#flow.onHeld(this.#commands)
  }

  /** The client said goodbye. */
  quit(): void {
    this.#quit = true
    this.#leave()
    this.connection.close()
  }

  /** It is killed; `error` is told to a client that waits for an answer. */
  end(error: MysqlError | undefined): void {
    if (error !== undefined) return this.#goodbye(error, true)
    this.connection.destroy()
  }

  /** The gateway ends: an idle session now, a busy one with its answer, a transaction with its end. */
  drain(): void {
    this.#draining = true
    // A change of user that is under way goes on to its end.
    if (this.#ended || this.#changing || !this.#mayLeave) return
    if (this.#commands.waiting) this.resume()
    else this.#goodbye(serverError('ER_SERVER_SHUTDOWN'))
  }

  #changeUser(payload: Uint8Array, sequenceId: number): void {
    const { door, record, connection } = this
    const leftover = this.#commands.takeLeftover()
    this.giveBack()
    this.#sharing = undefined
    this.#changing = true
    const whose = { passage: this.#passage, peer: this.#peer, nonce: this.#greetingNonce, before: this.#login }
    const entered = (login: LoginFacts, admitted: Admitted) => this.#become(login, admitted)
    const changing = { ...{ door, record, connection, ...whose }, entered, refused: () => this.#leave() }
    changeUser(changing, { payload, sequenceId }, leftover)
  }

  #become(login: LoginFacts, admitted: Admitted): void {
    const { link } = this.#passage
    if (link === undefined) return
    this.#login = login
    this.#changing = false
    this.#sharing = this.#share(link)
    this.#commands = this.#scanner()
    this.#answers = new AnswerScanner(login, this)
    this.#attach(link, admitted)
  }

  #attach(link: Link, admitted: Admitted): void {
    this.record.kill = (what) => this.#kill(what)
    this.record.drain = () => this.drain()
    this.#passage.pair = this
    this.#presence.enter(this.#login, admitted)
    this.#seat.take(link)
    this.connection.stream(this)
    this.#sharing?.rest()
  }

  #share(link: Link): Sharing | undefined {
    const { relinking, pool } = this.#passage
    return relinking && new Sharing(this, this.#seat, this.#presence, relinking, pool, link)
  }

  /** What a statement does to the session is in its text, which has to be read in transaction mode. */
  #scanner(): CommandScanner {
    return new CommandScanner(this, this.#sharing === undefined ? {} : { wholeLimit: longestRead })
  }

  #forwards(byte: number, body: Uint8Array, whole: boolean, length: number): 'forward' | 'wait' {
    const unanswered = this.#answers.outstanding > 0
    if (!this.#seat.begin(byte, unanswered)) return 'wait'
    this.#sharing?.onForward(byte, body, whole, !unanswered)
    if (!unanswered) this.#presence.work(byte)
    this.door.registry.status.Queries++
    this.#answers.expect(byte, body, length)
    return 'forward'
  }

  /** A KILL of one of the gateway's connections. A number that it does not know may be one of the backend's own. */
  #killed(body: Uint8Array): KillOrder | undefined {
    const order = killOrder(body, this.#login.capabilities)
    return order !== undefined && this.#passage.mayMean(order) ? order : undefined
  }

  /** Of a draining gateway: whether nothing is lost by the end. */
  get #mayLeave(): boolean {
    return this.#answers.outstanding === 0 && !this.inTransaction
  }

  /** wait_timeout is over; or net_write_timeout, for a client that does not read what it asked for. */
  onDeadline(): void {
    if (this.connection.congested) return this.connection.destroy()
    this.#goodbye(serverError('ER_CLIENT_INTERACTION_TIMEOUT'))
  }

  #kill(what: Killed): void {
    if (what === 'query') return this.#passage.kill(undefined, { what: 'query', id: this.record.id })
    this.connection.destroy()
  }

  #guarded(step: () => void): void {
    if (this.#ended) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof MysqlError)) throw error
      this.#fail(error)
    }
  }

  /** One side has broken the rules: what follows could mean anything. */
  #fail(error: MysqlError): void {
    this.door.log.warn(
      { err: error, connection: this.record.id, backend: this.link?.backend.name },
      'session broken off',
    )
    this.#goodbye(error)
  }

  /** Tells the client why, if that is still possible, and ends. */
  #goodbye(error: MysqlError, asked = this.#answers.outstanding > 0): void {
    if (this.#ended) return
    this.#leave()
    // In the middle of a packet, or of rows, an ERR would be read as something else.
    if (this.#midway) return this.connection.destroy()
    const { code, sqlState, message } = error
    this.connection.send(encodeErr({ code, sqlState, message }), asked ? this.#commands.nextSequenceId : 0)
    this.connection.refuse()
  }

  #leave(): void {
    if (this.#ended) return
    this.#ended = true
    this.giveBack()
    this.#presence.leave(!this.#quit)
    this.#passage.onRefused(undefined)
  }
}

const noNonce = new Uint8Array(0)
