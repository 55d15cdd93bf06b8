/**
 * From the accept to the greeting: who may be greeted at all. The checks and their order are mysqld's: 1040, 1129, name
 * resolution, 1130. Their errors take the place of the greeting and have no SQLSTATE, because nothing is known of the client yet.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-interfaces.html
 */
import type { Socket } from 'node:net'
import { type DenyReason, denyReasons } from '../errors/deny-reasons.ts'
import { type MysqlError, serverError } from '../errors/errors.ts'
import { ServerHandshake } from '../machine/server-handshake.ts'
import { encodeErr } from '../packets/err.ts'
import { ConnectionRecord } from '../registry/connection-record.ts'
import { Connection } from '../transport/connection.ts'
import type { PacketHandler } from '../transport/handlers.ts'
import { canonicalAddress, isLoopback } from './addresses.ts'
import { ClientSession } from './client-session.ts'
import type { Door } from './door.ts'
import { localhost } from './host-names.ts'
import { countAdmitted, countRefused } from './ledger.ts'
import { type Admitted, Login, type LoginOwner, peerOf, reasonOf } from './login.ts'
import type { Greeting, Passage } from './passage.ts'
import { awaitProxyHeader, isProxy, type ProxiedOwner } from './proxied.ts'

/** Takes over an accepted socket. After: the door owns it, whatever happens. */
export function arrive(door: Door, socket: Socket, listener: 'tcp' | 'unix-socket'): void {
  const { status, live } = door.registry
  const remote = socket.remoteAddress
  if (listener === 'tcp' && remote === undefined) {
    // Gone before it was accepted: there is not even an address to count it for.
    status.Connections++
    status.Connection_errors_peer_address++
    socket.on('error', () => {})
    socket.destroy()
    return
  }
  const address = remote === undefined ? undefined : canonicalAddress(remote)
  const channel = listener === 'tcp' ? 'plaintext' : 'unix-socket'
  const record = new ConnectionRecord(door.registry.nextId(), channel, address, socket.remotePort, door.now())
  const arrival = new Arrival(door, record, socket)
  if (live.size > door.settings.get('max_connections') && !door.makeRoom()) {
    return arrival.turnAway('too-many-connections')
  }
  status.Connections++
  door.registry.add(record, record.acceptedAtMs)
  if (isProxy(door.settings, address)) {
    record.enter('proxy-header', record.acceptedAtMs)
    return awaitProxyHeader(arrival)
  }
  arrival.onClientKnown()
}

class Arrival implements PacketHandler, LoginOwner, ProxiedOwner {
  readonly door: Door
  readonly record: ConnectionRecord
  readonly connection: Connection
  /** Nothing of a stranger is read before the greeting was sent. */
  readonly wantsPacket = false
  #nonce: Uint8Array = new Uint8Array(0)
  #passage: Passage | undefined = undefined

  constructor(door: Door, record: ConnectionRecord, socket: Socket) {
    this.door = door
    this.record = record
    this.connection = new Connection(socket, door.settings.get('saltgate_max_login_packet'), this, door.registry.status)
    record.kill = (what) => this.#give(reasonOf(what))
  }

  /** It is known whose address counts: the connection's, or that which a proxy's header names. */
  onClientKnown(): void {
    this.connection.handler = this
    this.door.loginDeadlines.add(this.connection)
    this.#checkHost()
  }

  onHeaderRefused(reason: DenyReason, detail: string): void {
    this.connection.handler = this
    this.#turnAwayWith(reason, serverError('ER_HANDSHAKE_ERROR'), detail)
  }

  #checkHost(): void {
    const { door, record } = this
    const { address } = record
    if (door.draining) return this.turnAway('shutting-down')
    const limit = door.settings.get('max_connect_errors')
    // The health checks of a proxy must not shut out all who come through it.
    if (address !== undefined && door.hostCache.isBlocked(address, limit) && !isProxy(door.settings, address)) {
      return this.turnAway('host-blocked', address)
    }
    if (address === undefined || door.settings.get('skip_name_resolve')) return this.#greet()
    const known = isLoopback(address) ? localhost : door.hostCache.lookup(address)
    if (known !== undefined) {
      record.hostName = known.hostname
      return this.#greet()
    }
    record.enter('resolving-name', door.now())
    door.hostNames.resolve(address).then((resolution) => {
      door.hostCache.remember(address, resolution)
      record.hostName = resolution.hostname
      if (!this.connection.closed && record.phase === 'resolving-name') this.#greet()
    })
  }

  /** Refuses instead of greeting. */
  turnAway(reason: DenyReason, ...values: string[]): void {
    const symbol = denyReasons[reason].error
    this.#turnAwayWith(reason, symbol === undefined ? undefined : serverError(symbol, ...values))
  }

  #turnAwayWith(reason: DenyReason, error: MysqlError | undefined, detail?: string): void {
    if (error !== undefined) {
      this.connection.send(encodeErr({ code: error.code, sqlState: undefined, message: error.message }), 0)
    }
    this.connection.refuse()
    this.#lost(reason, error?.code, detail)
  }

  #greet(): void {
    const { door, record } = this
    try {
      // Who is let in by a gate may have no account here at all.
      if (door.gate === undefined && door.realm.accounts.admitsHost?.(peerOf(record)) === false) {
        return this.turnAway('host-not-allowed', record.host)
      }
      this.#passage = door.gate?.receive(record)
      const greeting = this.#passage?.greeting() ?? door
      if (!(greeting instanceof Promise)) return this.#greetWith(greeting)
      greeting
        .then((late) => {
          if (!this.connection.closed && record.phase !== 'refused') this.#greetWith(late)
        })
        .catch((error: unknown) => this.#cannotGreet(error))
    } catch (error) {
      this.#cannotGreet(error)
    }
  }

  #cannotGreet(error: unknown): void {
    this.door.log.error({ err: error, connection: this.record.id }, 'no greeting: what decides about it failed')
    this.#give('verifier-failed')
  }

  #greetWith(greeting: Greeting): void {
    const { door, record } = this
    if ('reason' in greeting) return this.#turnAwayWith(greeting.reason, greeting.error, greeting.detail)
    const nonce = door.nonces.next()
    record.enter('greeting', door.now())
    this.#nonce = nonce
    const stranger = { connectionId: record.id, host: record.host, channel: record.channel }
    const login = new Login(
      door,
      this.connection,
      record,
      ServerHandshake.greet(greeting.policy, stranger, nonce),
      undefined,
      this,
      this.#passage,
    )
    record.kill = (what) => login.kill(what)
    this.connection.handler = login
    login.start()
    this.connection.resume()
  }

  onAdmitted(login: Login, admitted: Admitted): void {
    this.door.nearProofs.consider(login.shown, countAdmitted(this.door, this.record), this.#nonce)
    if (this.#passage === undefined) new ClientSession(login, admitted, this.#nonce)
    else this.#passage.onAdmitted(login, admitted, this.#nonce)
  }

  onRefused(login: Login): void {
    const { state } = login.machine
    if (state.at !== 'refused') return
    const { reason, during, detail, error } = state
    const ended = countRefused(this.door, this.record, { reason, during, detail, errorCode: error?.code })
    this.door.nearProofs.consider(login.shown, ended, this.#nonce)
    this.#leave(reason)
  }

  onDeadline(): void {
    this.#give('login-timeout')
  }

  onPacket(): void {}

  onFramingError(): void {
    this.#give('packet-too-large')
  }

  onEnded(): void {
    this.#give('client-gone')
  }

  onClosed(): void {
    this.#give('client-gone')
  }

  #give(reason: DenyReason): void {
    this.connection.destroy()
    this.#lost(reason, undefined)
  }

  #lost(reason: DenyReason, errorCode: number | undefined, detail?: string): void {
    if (this.record.phase === 'refused') return
    const during = this.record.phase
    this.record.enter('refused', this.door.now())
    countRefused(this.door, this.record, { reason, during, detail, errorCode })
    this.#leave(reason)
  }

  #leave(reason: DenyReason): void {
    this.#passage?.onRefused(reason)
    this.door.registry.remove(this.record)
    this.record.leave()
  }
}
