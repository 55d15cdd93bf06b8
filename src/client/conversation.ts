/**
 * The command phase of one connection: commands leave one after the other, and what comes back belongs to the one at work.
 * A server that speaks out of turn, or with the wrong sequence id, ends the connection: whose answer it was cannot be known.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { clientError, type MysqlError, ProtocolViolation, receivedError } from '../errors/errors.ts'
import { command as commandByte } from '../packets/commands.ts'
import { decodeErr } from '../packets/err.ts'
import type { CompressedStream } from '../transport/compression.ts'
import type { Connection as Wire } from '../transport/connection.ts'
import type { PacketHandler } from '../transport/handlers.ts'
import { frameCount } from '../wire/framer.ts'

export interface Command {
  /**
   * Called when its turn has come. Returns the payloads to send, each with a sequence of its own; only the last one is answered, unless
   * the command says `nextAnswer` at the end of each answer before.
   * None: there is nothing to ask any more, and whoever waits has been told.
   */
  begin(): readonly Uint8Array[]
  /** The server gives no answer at all. */
  readonly silent?: boolean
  /** While true, the rest of the answer stays unread; `Conversation.resume()` goes on. */
  readonly paused: boolean
  /** `payload` is valid during the call only. Returns whether the answer is complete. A throw ends the connection. */
  onPacket(payload: Uint8Array, wire: Reply): boolean
  /** Takes the bytes from `start` to `end` for a row, or declines: then `onPacket` gets the packet. A throw ends the connection. */
  takeRow?(bytes: Uint8Array, start: number, end: number): boolean
  /** The connection is gone, and with it the rest of the answer. Called at most once, and never after the answer was complete. */
  onLost(error: MysqlError): void
  /** Nobody wants the rest of the answer; it still has to be read. */
  abandoned?(): void
}

/** A command and what comes of it. */
export interface Task<T, C extends Command = Command> {
  readonly command: C
  readonly done: Promise<T>
}

/** How a command goes on talking while it is being answered: LOCAL INFILE, COM_CHANGE_USER. */
export interface Reply {
  send(payload: Uint8Array): void
  /** Sends a payload with which a new sequence begins: a second request of the same command. */
  request(payload: Uint8Array): void
  /** The answer to another of the requests that were sent at once begins, with a sequence of its own. */
  nextAnswer(): void
  /** Needed after sending outside of `onPacket`. Resolves when the server has taken what was sent. */
  flushed(): Promise<void>
  /** Of the packet at hand. */
  readonly sequenceId: number
  /** Why nobody hears any more what is sent; `undefined` while somebody does. */
  readonly lost: MysqlError | undefined
}

export class Conversation implements PacketHandler, Reply {
  /** A result set's rows arrive by the thousand; one read of the socket bounds them. */
  readonly packetsAtOnce = 8192
  /** A reader that is slow lets the answer lie; the socket rests meanwhile, so that it is one read, or one compressed block, at most. */
  readonly heldBytes = Number.POSITIVE_INFINITY
  readonly #wire: Wire
  readonly #compression: CompressedStream | undefined
  readonly #onEnd: (error: MysqlError | undefined) => void
  #waiting: Command[] = []
  #current: Command | undefined = undefined
  /** The id that the next packet must carry, from either side. */
  #sequenceId = 0
  #lost: MysqlError | undefined = undefined
  #holds = 0
  #leaving = false
  /** COM_QUIT was sent. */
  #said = false

  /** `onEnd` is told once, when the socket is gone: why, or nothing after `leave()`. */
  constructor(wire: Wire, compression: CompressedStream | undefined, onEnd: (error: MysqlError | undefined) => void) {
    this.#wire = wire
    this.#compression = compression
    this.#onEnd = onEnd
    wire.handler = this
    if (compression !== undefined) wire.compress(compression)
  }

  get wantsPacket(): boolean {
    return this.#current?.paused !== true
  }

  get sequenceId(): number {
    return (this.#sequenceId + 255) & 0xff
  }

  /** Why the connection is of no use any more; `undefined` while it is. */
  get lost(): MysqlError | undefined {
    return this.#lost
  }

  /** Nothing is running or waiting. */
  get idle(): boolean {
    return this.#current === undefined && this.#waiting.length === 0
  }

  /** Commands that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  submit(command: Command): void {
    if (this.#leaving) return command.onLost(clientError('CR_SERVER_GONE_ERROR'))
    if (this.#lost !== undefined) return command.onLost(this.#lost)
    this.#waiting.push(command)
    this.#next()
  }

  /** Takes back a command that has not begun; `false` when it has. */
  withdraw(command: Command): boolean {
    const at = this.#waiting.indexOf(command)
    if (at === -1) return false
    this.#waiting.splice(at, 1)
    return true
  }

  /** Keeps the next command from starting until the returned function is called. */
  hold(): () => void {
    this.#holds++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds--
      this.#next()
    }
  }

  /** Says goodbye once everything that was submitted is done. */
  leave(): void {
    if (this.#leaving) return
    this.#leaving = true
    this.#next()
  }

  /** Reads on after a command was paused. */
  resume(): void {
    this.#wire.resume()
  }

  send(payload: Uint8Array): void {
    this.#wire.send(payload, this.#sequenceId)
    this.#sequenceId = (this.#sequenceId + frameCount(payload.length)) & 0xff
  }

  request(payload: Uint8Array): void {
    this.#compression?.restart()
    this.#sequenceId = 0
    this.send(payload)
    // Compressed packets have a sequence of their own for each command.
    if (this.#compression !== undefined) this.#wire.flush()
  }

  nextAnswer(): void {
    this.#sequenceId = 1
  }

  flushed(): Promise<void> {
    this.#wire.flush()
    return this.#wire.drained()
  }

  /** Ends the connection; what is running or waiting is lost with this error. */
  break(error: MysqlError): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    this.#wire.destroy()
    const commands = [this.#current, ...this.#waiting]
    this.#current = undefined
    this.#waiting = []
    for (const command of commands) command?.onLost(error)
  }

  onPacket(payload: Uint8Array, sequenceId: number, frames: number): void {
    const command = this.#current
    if (command === undefined) return this.#onUnasked(payload)
    // Inside compressed packets, which are counted themselves, MySQL 9.7 and MariaDB go on from the number of those.
    if (sequenceId !== this.#sequenceId && this.#compression === undefined) {
      // A farewell that crossed with the command: the server had left before it came.
      if (sequenceId === 0 && payload[0] === 0xff) return this.#onUnasked(payload)
      return this.break(violation(`sequence id ${this.#sequenceId}`, String(sequenceId)))
    }
    this.#sequenceId = (sequenceId + frames) & 0xff
    let complete: boolean
    try {
      complete = command.onPacket(payload, this)
    } catch (error) {
      // What does not decode leaves the rest of the stream without meaning.
      return this.break(asViolation(error))
    }
    if (!complete) return
    this.#current = undefined
    this.#next()
  }

  readonly takeInPlace = (bytes: Uint8Array, start: number, end: number, sequenceId: number): boolean => {
    const command = this.#current
    if (command?.takeRow === undefined || command.paused || sequenceId !== this.#sequenceId) return false
    try {
      if (!command.takeRow(bytes, start, end)) return false
    } catch (error) {
      this.break(asViolation(error))
    }
    this.#sequenceId = (sequenceId + 1) & 0xff
    return true
  }

  onFramingError(error: MysqlError): void {
    if (error.symbol !== 'ER_NET_PACKET_TOO_LARGE') return this.break(violation('a packet of MySQL', error.message))
    const tooLarge = clientError('CR_NET_PACKET_TOO_LARGE', `maxAllowedPacket is ${this.#wire.reader.limit}`)
    tooLarge.cause = error
    this.break(tooLarge)
  }

  onEnded(): void {
    this.#lose()
  }

  onClosed(): void {
    this.#lose()
    this.#onEnd(this.#said ? undefined : this.#lost)
  }

  #lose(): void {
    if (this.#lost !== undefined) return
    this.break(
      this.#current === undefined ? clientError('CR_SERVER_GONE_ERROR') : clientError('CR_SERVER_LOST', 'during query'),
    )
  }

  #next(): void {
    while (this.#current === undefined && this.#holds === 0 && this.#lost === undefined) {
      const command = this.#waiting.shift()
      if (command === undefined) return this.#leaving ? this.#quit() : undefined
      const requests = command.begin()
      if (!command.silent && requests.length > 0) this.#current = command
      for (const request of requests) this.request(request)
      this.#wire.flush()
    }
  }

  #quit(): void {
    this.#lost = left
    this.#said = true
    this.#compression?.restart()
    this.#wire.send(Uint8Array.of(commandByte.QUIT), 0)
    this.#wire.close()
  }

  /** A server says why it leaves (idle for too long, killed, shutting down), and nothing else, without being asked. */
  #onUnasked(payload: Uint8Array): void {
    if (payload[0] !== 0xff) return this.break(violation('nothing', `a packet that begins with ${payload[0]}`))
    try {
      const { code, sqlState, message } = decodeErr(payload)
      this.break(receivedError(code, sqlState, message))
    } catch (error) {
      this.break(asViolation(error))
    }
  }
}

/** Of every connection that has said goodbye: an error of its own would cost, with its stack, as much as a small statement. */
const left = clientError('CR_SERVER_GONE_ERROR')

function asViolation(error: unknown): MysqlError {
  if (error instanceof ProtocolViolation) return violation(error.expected.join(' or '), error.got)
  throw error
}

function violation(expected: string, got: string): ProtocolViolation {
  return new ProtocolViolation('CR_MALFORMED_PACKET', { phase: 'command', expected: [expected], got })
}
