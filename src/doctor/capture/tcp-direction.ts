/** One direction of a TCP connection: how far it has come, and the segments that wait. Sequence numbers are signed 32-bit and wrap. */
import type { Side } from '../observation.ts'

/** A segment that waits. `bytes` are its own. */
export interface Held {
  readonly sequence: number
  readonly bytes: Uint8Array
  /** Up to where it acknowledges the other direction. */
  readonly acknowledged: number | undefined
  readonly atMs: number
}

/** How many bytes `a` is ahead of `b`. */
export function ahead(a: number, b: number): number {
  return (a - b) | 0
}

export class TcpDirection {
  readonly side: Side
  /** Of its SYN; `undefined` as long as there was none. */
  initial: number | undefined = undefined
  /** Whether `next` says where the next byte belongs. */
  known = false
  next = 0
  /** Whether its FIN has been delivered. */
  ended = false
  fin: Held | undefined = undefined
  /** One number was acknowledged that the capture lacks, and nothing came since: that of a FIN, unless more comes. */
  mayHaveEnded = false
  /** In the order of the stream, without overlap. */
  readonly queue: Held[] = []
  /** The highest and the lowest acknowledgement of its bytes; `undefined` as long as there was none. */
  acknowledged: number | undefined = undefined
  #firstAcknowledged = 0

  constructor(side: Side) {
    this.side = side
  }

  /** Whether the receiver has more than was delivered, or nothing could be delivered because the beginning is unknown. */
  get isOwed(): boolean {
    if (this.ended) return false
    if (!this.known) return this.acknowledged !== undefined || this.waiting !== undefined
    return this.acknowledged !== undefined && ahead(this.acknowledged, this.next) > 0
  }

  /** What would come first of that which waits. */
  get waiting(): Held | undefined {
    return this.queue[0] ?? this.fin
  }

  /** Whether a segment in order can be delivered without a look at anything else. */
  get isSettled(): boolean {
    return this.known && !this.ended && !this.mayHaveEnded && this.waiting === undefined && !this.isOwed
  }

  /** Its SYN was seen. */
  begin(sequence: number): void {
    this.initial ??= sequence
    if (!this.known) this.#beginAt((sequence + 1) | 0)
  }

  /**
   * No SYN is to come: begins where the first bytes are, or, in a connection whose beginning was seen, where the receiver waited for
   * them. Returns false when there are neither.
   */
  beginWithoutSyn(sawBeginning: boolean): boolean {
    const first = this.waiting?.sequence
    if (first === undefined && this.acknowledged === undefined) return false
    const expected = this.acknowledged === undefined ? undefined : this.#firstAcknowledged
    if (first === undefined) this.#beginAt(this.#firstAcknowledged)
    else if (sawBeginning && expected !== undefined && ahead(first, expected) > 0) this.#beginAt(expected)
    else this.#beginAt(first)
    return true
  }

  acknowledge(upTo: number): void {
    if (this.acknowledged === undefined) {
      this.acknowledged = upTo
      this.#firstAcknowledged = upTo
    } else if (ahead(upTo, this.acknowledged) > 0) {
      this.acknowledged = upTo
    } else if (ahead(upTo, this.#firstAcknowledged) < 0) {
      this.#firstAcknowledged = upTo
    }
  }

  /**
   * Keeps what is new in a segment. Bytes that are held already stay; `conflicts` says whether the segment has others in their place.
   * `added`: the pieces that were kept, as copies.
   */
  hold({ sequence, bytes, acknowledged, atMs }: Held): { added: Held[]; conflicts: boolean } {
    const { queue } = this
    const added: Held[] = []
    let conflicts = false
    // Most segments belong behind all others.
    let at = queue.length
    while (at > 0 && ahead((queue[at - 1] as Held).sequence, sequence) >= 0) at--
    if (at > 0) at--
    let from = 0
    while (from < bytes.length) {
      const position = (sequence + from) | 0
      const other = queue[at]
      const room = other === undefined ? bytes.length : ahead(other.sequence, position)
      if (other === undefined || room > 0) {
        const piece = bytes.slice(from, from + room)
        const held = { sequence: position, bytes: piece, acknowledged, atMs }
        queue.splice(at++, 0, held)
        added.push(held)
        from += piece.length
      } else {
        const covered = other.bytes.subarray(-room)
        const again = bytes.subarray(from, from + covered.length)
        conflicts ||= Buffer.compare(again, covered.subarray(0, again.length)) !== 0
        from += covered.length
        at++
      }
    }
    return { added, conflicts }
  }

  #beginAt(sequence: number): void {
    this.known = true
    this.next = sequence
  }
}
