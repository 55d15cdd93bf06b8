/**
 * One TCP connection out of its segments. Delivers both directions in the order of cause and effect: a segment waits until the bytes
 * before it, and the bytes that it acknowledges, have been delivered. Bytes that the receiver acknowledged and that do not
 * turn up within a few more frames are lost; so are those in front of too many that wait.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc9293
 */
import type { FlowHandler } from './flows.ts'
import { ACK, FIN, RST, type Segment, SYN } from './segments.ts'
import { ahead, type Held, TcpDirection } from './tcp-direction.ts'

/** Frames of the connection that missing bytes may be late by, once they are acknowledged. */
const PATIENCE = 16
/** What a held segment costs beyond its bytes. */
const OVERHEAD = 256
const NOTHING = new Uint8Array(0)

/** Of all connections of a capture. Units: bytes; the last three count segments. */
export interface TcpTotals {
  readonly outOfOrderOfFlow: number
  readonly outOfOrderOfAll: number
  held: number
  lostBytes: number
  retransmitted: number
  outOfOrder: number
  conflicting: number
}

export class TcpFlow {
  /** From 0, in the order of opening. */
  readonly number: number
  /** Its place in the flow table. */
  readonly slot: number
  /** Its neighbours in a `FlowList`. */
  older: TcpFlow | undefined = undefined
  newer: TcpFlow | undefined = undefined
  closed = false
  readonly #sawSyn: boolean
  readonly #startedMs: number
  readonly #totals: TcpTotals
  readonly #client = new TcpDirection('client')
  readonly #server = new TcpDirection('server')
  /** `undefined` of a flow that nobody follows, and after its end. */
  #handler: FlowHandler | undefined
  /** Nothing waits, nothing is missing: segments in order go straight through. */
  #settled = false
  /** Bytes, with what holding them costs. */
  #held = 0
  /** Frames since acknowledged bytes are missing. */
  #waited = 0
  /** Time of the last frame that did not go straight through. */
  #latestMs = 0

  constructor(
    number: number,
    slot: number,
    sawSyn: boolean,
    startedMs: number,
    handler: FlowHandler | undefined,
    totals: TcpTotals,
  ) {
    this.number = number
    this.slot = slot
    this.#sawSyn = sawSyn
    this.#startedMs = startedMs
    this.#handler = handler
    this.#totals = totals
  }

  get isFollowed(): boolean {
    return this.#handler !== undefined
  }

  /** Whether a SYN is of this connection, and not of the next one between the same ports. */
  owns(segment: Segment, fromClient: boolean): boolean {
    const { initial } = fromClient ? this.#client : this.#server
    if (this.closed) return (segment.flags & ACK) !== 0 && initial === segment.sequence
    return this.#sawSyn && (initial === undefined || initial === segment.sequence)
  }

  take(segment: Segment, fromClient: boolean): void {
    const handler = this.#handler
    const mine = fromClient ? this.#client : this.#server
    const theirs = fromClient ? this.#server : this.#client
    if (handler === undefined) {
      if ((segment.flags & SYN) !== 0) mine.begin(segment.sequence)
      return
    }
    const { start, end, length } = segment
    if (
      this.#settled &&
      (segment.flags & (SYN | FIN | RST | ACK)) === ACK &&
      segment.sequence === mine.next &&
      ahead(segment.acknowledged, theirs.next) <= 0 &&
      end - start === length
    ) {
      if (length === 0) return
      mine.next = (mine.next + length) | 0
      handler.onData(mine.side, segment.bytes.subarray(start, end), this.#at(segment.nowMs))
      return
    }
    this.#takeOther(segment, mine, theirs, handler)
  }

  /** After: the handler has had all that was there to deliver, and knows that no more comes. */
  finish(): void {
    const handler = this.#handler
    this.closed = true
    if (handler === undefined) return
    this.#release(handler, true)
    this.#handler = undefined
    handler.finish()
  }

  #takeOther(segment: Segment, mine: TcpDirection, theirs: TcpDirection, handler: FlowHandler): void {
    const { flags } = segment
    const atMs = this.#at(segment.nowMs)
    this.#latestMs = atMs
    if ((flags & RST) !== 0) {
      this.#release(handler, true)
      handler.onEnd(mine.side, 'rst', atMs)
      this.finish()
      return
    }
    const acknowledged = (flags & ACK) === 0 ? undefined : segment.acknowledged
    if (acknowledged !== undefined) theirs.acknowledge(acknowledged)
    let { sequence } = segment
    if ((flags & SYN) !== 0) {
      mine.begin(sequence)
      sequence = (sequence + 1) | 0
    }
    const bytes = segment.bytes.subarray(segment.start, segment.end)
    if (bytes.length > 0) this.#arrive(mine, theirs, handler, { sequence, bytes, acknowledged, atMs })
    if ((flags & FIN) !== 0) {
      mine.fin ??= { sequence: (sequence + segment.length) | 0, bytes: NOTHING, acknowledged, atMs }
    }
    this.#settle(handler)
  }

  #arrive(mine: TcpDirection, theirs: TcpDirection, handler: FlowHandler, segment: Held): void {
    if (mine.ended) return
    if (mine.known) {
      const old = Math.max(0, ahead(mine.next, segment.sequence))
      if (old >= segment.bytes.length) {
        this.#totals.retransmitted++
        return
      }
      if (mine.queue.length === 0 && ahead(segment.sequence, mine.next) <= 0 && !waitsFor(segment, theirs)) {
        this.#deliver(mine, handler, segment)
        return
      }
    }
    const { added, conflicts } = mine.hold(segment)
    if (conflicts) this.#totals.conflicting++
    if (added.length === 0) this.#totals.retransmitted++
    else this.#totals.outOfOrder++
    for (const { bytes } of added) this.#charge(bytes.length + OVERHEAD)
  }

  /** Delivers what can be delivered now, and gives up what has been missing for too long. */
  #settle(handler: FlowHandler): void {
    this.#drain(handler)
    if (this.#held > this.#totals.outOfOrderOfFlow || this.#totals.held > this.#totals.outOfOrderOfAll) {
      this.#release(handler, true)
    } else if (!this.#client.isOwed && !this.#server.isOwed) {
      this.#waited = 0
    } else if (++this.#waited > PATIENCE) {
      this.#release(handler, false)
      this.#waited = 0
    }
    if (this.#client.ended && this.#server.ended) this.finish()
    else this.#settled = this.#client.isSettled && this.#server.isSettled
  }

  #drain(handler: FlowHandler): void {
    let advanced = true
    while (advanced) {
      advanced = this.#advance(this.#client, this.#server, handler, false)
      advanced = this.#advance(this.#server, this.#client, handler, false) || advanced
    }
  }

  /** Delivers what waits, with gaps for what is missing: what was acknowledged, or (`all`) whatever anything waits for. */
  #release(handler: FlowHandler, all: boolean): void {
    for (;;) {
      this.#drain(handler)
      const since = (direction: TcpDirection) => direction.waiting?.atMs ?? Number.POSITIVE_INFINITY
      const [first, second] =
        since(this.#client) <= since(this.#server) ? [this.#client, this.#server] : [this.#server, this.#client]
      if (this.#skip(first, handler, all) || this.#skip(second, handler, all)) continue
      // Left are segments that acknowledge each other, which only a made-up capture has.
      if (!all) return
      if (!this.#advance(first, second, handler, true) && !this.#advance(second, first, handler, true)) return
    }
  }

  /** Delivers one direction as far as it goes. Returns whether it went anywhere. */
  #advance(mine: TcpDirection, theirs: TcpDirection, handler: FlowHandler, regardless: boolean): boolean {
    let advanced = false
    while (mine.known && !mine.ended) {
      const { waiting } = mine
      if (waiting === undefined || ahead(waiting.sequence, mine.next) > 0) break
      if (!regardless && waitsFor(waiting, theirs)) break
      advanced = true
      if (waiting === mine.fin) {
        this.#end(mine, handler, waiting)
      } else {
        mine.queue.shift()
        this.#charge(-waiting.bytes.length - OVERHEAD)
        if (ahead(mine.next, waiting.sequence) < waiting.bytes.length) this.#deliver(mine, handler, waiting)
      }
    }
    return advanced
  }

  #end(mine: TcpDirection, handler: FlowHandler, fin: Held): void {
    mine.ended = true
    mine.fin = undefined
    mine.next = (mine.next + 1) | 0
    handler.onEnd(mine.side, 'fin', fin.atMs)
  }

  /** Passes over missing bytes. Returns whether there were any. */
  #skip(direction: TcpDirection, handler: FlowHandler, all: boolean): boolean {
    if (direction.ended) return false
    if (!direction.known) return direction.beginWithoutSyn(this.#sawSyn)
    const { next, waiting, isOwed, acknowledged } = direction
    let to = all || isOwed ? waiting?.sequence : undefined
    if (isOwed && acknowledged !== undefined && (to === undefined || ahead(acknowledged, to) < 0)) to = acknowledged
    const missing = to === undefined ? 0 : ahead(to, next)
    if (to === undefined || missing <= 0) return false
    direction.next = to
    if (missing === 1 && waiting === undefined && !direction.mayHaveEnded) {
      direction.mayHaveEnded = true
    } else {
      this.#lose(direction, handler, missing, waiting?.atMs ?? this.#latestMs)
    }
    return true
  }

  #lose(direction: TcpDirection, handler: FlowHandler, bytes: number, atMs: number): void {
    const lost = bytes + (direction.mayHaveEnded ? 1 : 0)
    direction.mayHaveEnded = false
    this.#totals.lostBytes += lost
    handler.onGap(direction.side, lost, atMs)
  }

  /** Leaves out the bytes that have been delivered before. */
  #deliver(mine: TcpDirection, handler: FlowHandler, { sequence, bytes, atMs }: Held): void {
    if (mine.mayHaveEnded) this.#lose(mine, handler, 0, atMs)
    const fresh = bytes.subarray(ahead(mine.next, sequence))
    mine.next = (mine.next + fresh.length) | 0
    handler.onData(mine.side, fresh, atMs)
  }

  #charge(bytes: number): void {
    this.#held += bytes
    this.#totals.held += bytes
  }

  #at(nowMs: number): number {
    const atMs = nowMs - this.#startedMs
    // NaN without a clock, negative where the clock went back.
    return atMs > 0 ? atMs : 0
  }
}

/** Whether a segment acknowledges bytes that have not been delivered. */
function waitsFor({ acknowledged }: Held, theirs: TcpDirection): boolean {
  if (acknowledged === undefined || theirs.ended) return false
  return !theirs.known || ahead(acknowledged, theirs.next) > 0
}
