/**
 * Follows what a client sends in the command phase, for someone who forwards it untouched: tells every command before its bytes are
 * let through, and lets it be forwarded, taken, or held back. What is forwarded is not copied and not cut into packets; only a head
 * that a chunk has split is put together.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { ProtocolViolation } from '../errors/errors.ts'
import { command } from '../packets/commands.ts'
import { MAX_FRAME_PAYLOAD } from '../wire/framer.ts'

export interface CommandSeen {
  /** The first byte; that of COM_SLEEP for an empty packet, as the servers take it. */
  readonly command: number
  /** Bytes of the payload; 0xffffff: of its first frame, and more may follow. */
  readonly length: number
  readonly sequenceId: number
  /** The payload with its first byte, or the first `headOfLarge` bytes of one that is too large to be held. A view, valid during the call. */
  readonly body: Uint8Array
  /** Whether `body` is all of it. */
  readonly whole: boolean
}

export interface CommandSink {
  /**
   * Called for each command, in order; again for one that had to wait. The bytes before it may not have been forwarded yet when it is
   * asked for, but will be before anything else happens.
   */
  onCommand(seen: CommandSeen): 'forward' | 'take' | 'wait'
  /** The payload of a command that was taken; the receiver may keep it. Nothing behind it is looked at before `resume()`. */
  onTaken(payload: Uint8Array, sequenceId: number): void
  /** Bytes to send on: a pushed chunk as it is, a view of one, or what was held. The receiver may keep them. */
  forward(bytes: Uint8Array): void
}

/** Bytes of a payload up to which a command is held until it is whole, unless the scanner is told otherwise. */
export const largestWhole = 4096
/** Bytes that are shown of a larger one. */
export const headOfLarge = 64

const headerLength = 4
const nothing = new Uint8Array(0)

/** After a throw the scanner is of no use. */
export class CommandScanner {
  readonly #sink: CommandSink
  readonly #takeLimit: number
  readonly #wholeLimit: number
  /** Bytes of the current frame that are still to be forwarded. */
  #left = 0
  /** The frame before, or the current one, was full: what comes next belongs to the same packet. */
  #continues = false
  #nextSequenceId = 0
  #expectsData = false
  /** The head of a frame, too little to decide on. */
  #head: Uint8Array = nothing
  /** The packet that is being taken, with its header, and how much of it is there. */
  #taken: Uint8Array | undefined = undefined
  #takenLength = 0
  /** What was not looked at yet. */
  #rest: Uint8Array = nothing
  #stopped: 'waiting' | 'taken' | undefined = undefined
  #running = false

  /** Units: bytes of payload, below 16 MiB; `takeLimit` is 1 MiB when left out, `wholeLimit` is `largestWhole`. */
  constructor(
    sink: CommandSink,
    {
      takeLimit = 0x100000,
      wholeLimit = largestWhole,
    }: { readonly takeLimit?: number; readonly wholeLimit?: number } = {},
  ) {
    this.#sink = sink
    this.#wholeLimit = wholeLimit
    this.#takeLimit = Math.min(takeLimit, MAX_FRAME_PAYLOAD - 1)
  }

  /** Bytes that came and were not forwarded. */
  get held(): number {
    return this.#head.length + this.#takenLength + this.#rest.length
  }

  /** Whether a command was told to wait. */
  get waiting(): boolean {
    return this.#stopped === 'waiting'
  }

  /** Whether nothing is looked at before `resume()`: a command waits, or was taken. */
  get stopped(): boolean {
    return this.#stopped !== undefined
  }

  /** Of the answer to the last command, or piece of a file, that was let through or taken. */
  get nextSequenceId(): number {
    return this.#nextSequenceId
  }

  /** Whether everything that came was forwarded or taken, and ended with a packet. */
  get idle(): boolean {
    return this.held === 0 && this.#left === 0 && !this.#continues
  }

  /** Whether packets are forwarded as the data of a file: from `dataMode(true)` to the empty packet. */
  get expectsData(): boolean {
    return this.#expectsData
  }

  /**
   * Looks at what came, and forwards what may go on. The chunk must not change afterwards: parts of it may be held or forwarded.
   *
   * Throws: `ProtocolViolation`, ER_NET_PACKETS_OUT_OF_ORDER for a command with another sequence id than 0, ER_NET_PACKET_TOO_LARGE for
   * one to take above the limit; and what the sink throws.
   */
  push(chunk: Uint8Array): void {
    this.#rest = joined(this.#rest, chunk)
    this.#run()
  }

  /** Goes on after a command that was taken, or asks again about one that waits. */
  resume(): void {
    this.#stopped = undefined
    this.#run()
  }

  /**
   * The server has asked for a file: what follows is its data, up to and with an empty packet, which ends the mode by itself. A command
   * that waits was data in truth, and goes on.
   */
  dataMode(on: boolean): void {
    this.#expectsData = on
    if (on && this.#stopped === 'waiting') this.resume()
  }

  /** Hands out what came behind a command that was taken; where one waits, from its header on. After: the scanner is empty, and
   * takes what is pushed next for a command. */
  takeLeftover(): Uint8Array {
    const leftover = joined(this.#head, this.#rest)
    this.#head = nothing
    this.#rest = nothing
    this.#stopped = undefined
    return leftover
  }

  /** A loop, because the sink may call `resume()` from `onTaken`. */
  #run(): void {
    if (this.#running) return
    this.#running = true
    try {
      while (this.#stopped === undefined && this.#rest.length > 0) {
        const bytes = this.#rest
        this.#rest = nothing
        if (this.#taken !== undefined) this.#take(bytes)
        else if (this.#head.length > 0) this.#complete(bytes)
        else this.#look(bytes)
      }
    } finally {
      this.#running = false
    }
  }

  /** Copies no more than the head lacks. */
  #complete(bytes: Uint8Array): void {
    const missing = this.#bytesToDecide(this.#head) - this.#head.length
    const head = joined(this.#head, bytes.subarray(0, missing))
    this.#head = nothing
    this.#rest = bytes.subarray(missing)
    this.#look(head)
  }

  #look(bytes: Uint8Array): void {
    const end = bytes.length
    let at = Math.min(this.#left, end)
    this.#left -= at
    while (at < end) {
      if (end - at < headerLength) return this.#hold(bytes, at)
      const length = lengthAt(bytes, at)
      if (this.#continues || this.#expectsData) {
        if (length === 0 && !this.#continues) this.#expectsData = false
      } else {
        const shown = this.#shownOf(length)
        if (end - at - headerLength < shown) return this.#hold(bytes, at)
        const decision = this.#decide(bytes, at, length, shown)
        if (decision === 'wait') return this.#wait(bytes, at)
        if (decision === 'take') return this.#beginTake(bytes, at, length)
      }
      this.#continues = length === MAX_FRAME_PAYLOAD
      // Of a full frame another one follows.
      this.#nextSequenceId = ((bytes[at + 3] as number) + (this.#continues ? 2 : 1)) & 0xff
      at += headerLength + length
      if (at > end) {
        this.#left = at - end
        at = end
      }
    }
    this.#sink.forward(bytes)
  }

  #decide(bytes: Uint8Array, at: number, length: number, shown: number): 'forward' | 'take' | 'wait' {
    const sequenceId = bytes[at + 3] as number
    if (sequenceId !== 0) throw outOfOrder(sequenceId)
    const start = at + headerLength
    return this.#sink.onCommand({
      command: length === 0 ? command.SLEEP : (bytes[start] as number),
      length,
      sequenceId,
      body: bytes.subarray(start, start + shown),
      whole: shown === length,
    })
  }

  #hold(bytes: Uint8Array, at: number): void {
    // A copy, which Buffer's own slice() would not make: a few bytes are not to keep a chunk alive.
    this.#head = new Uint8Array(bytes.subarray(at))
    this.#forwardUpTo(bytes, at)
  }

  #wait(bytes: Uint8Array, at: number): void {
    this.#stopped = 'waiting'
    this.#rest = joined(bytes.subarray(at), this.#rest)
    this.#forwardUpTo(bytes, at)
  }

  #beginTake(bytes: Uint8Array, at: number, length: number): void {
    if (length > this.#takeLimit) throw tooLarge(length, this.#takeLimit)
    this.#taken = new Uint8Array(headerLength + length)
    this.#rest = joined(bytes.subarray(at), this.#rest)
    this.#forwardUpTo(bytes, at)
  }

  #take(bytes: Uint8Array): void {
    const taken = this.#taken as Uint8Array
    const used = Math.min(taken.length - this.#takenLength, bytes.length)
    taken.set(bytes.subarray(0, used), this.#takenLength)
    this.#takenLength += used
    this.#rest = bytes.subarray(used)
    if (this.#takenLength < taken.length) return
    this.#taken = undefined
    this.#takenLength = 0
    this.#stopped = 'taken'
    this.#nextSequenceId = ((taken[3] as number) + 1) & 0xff
    this.#sink.onTaken(taken.subarray(headerLength), taken[3] as number)
  }

  #shownOf(length: number): number {
    return length <= this.#wholeLimit ? length : headOfLarge
  }

  /** Bytes, from its header on, that have to be there before a command is asked for. */
  #bytesToDecide(head: Uint8Array): number {
    return head.length < headerLength ? headerLength : headerLength + this.#shownOf(lengthAt(head, 0))
  }

  #forwardUpTo(bytes: Uint8Array, end: number): void {
    if (end > 0) this.#sink.forward(bytes.subarray(0, end))
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  if (second.length === 0) return first
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

function outOfOrder(sequenceId: number): ProtocolViolation {
  return new ProtocolViolation('ER_NET_PACKETS_OUT_OF_ORDER', {
    phase: 'command',
    expected: ['a command with sequence id 0'],
    got: `sequence id ${sequenceId}`,
  })
}

function tooLarge(length: number, limit: number): ProtocolViolation {
  return new ProtocolViolation('ER_NET_PACKET_TOO_LARGE', {
    phase: 'command',
    expected: [`at most ${limit} bytes`],
    got: `${length} bytes`,
  })
}
