/**
 * Payloads and their frames: a 3-byte length, a sequence id, and the split at 16 MiB - 1.
 *
 * The stream is cut here and nowhere else, and the result does not depend on how it arrived. A stranger cannot make us
 * hold more than `limit` plus one read: a header that announces more is refused before its payload is waited for.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */
import { Buffer } from 'node:buffer'
import { ProtocolViolation } from '../errors/errors.ts'

/** One logical packet. `payload` may be a view of a pushed chunk: copy what outlives the step. */
export interface Frame {
  readonly payload: Uint8Array
  /** Of the first frame; the last one has `sequenceId + frames - 1`, modulo 256. */
  readonly sequenceId: number
  readonly frames: number
}

/**
 * Takes a packet where it lies, from `start` to `end`, or declines it by `false`: then it has done nothing. The bytes are valid
 * during the call only.
 */
export type TakeInPlace = (bytes: Uint8Array, start: number, end: number, sequenceId: number) => boolean

/** Length that says "more follows". */
export const MAX_FRAME_PAYLOAD = 0xffffff

const HEADER = 4
const EMPTY = new Uint8Array(0)

export class FrameReader {
  /** Largest payload allowed, in bytes, all frames of it together; may change between packets. */
  limit: number

  #buffer: Uint8Array = EMPTY
  #start = 0
  #end = 0
  /** Whether `#buffer` is ours to append to; a pushed chunk never is. */
  #owned = false
  /** Bytes that the packet at `#start` is known to take, as far as its headers were seen. */
  #wanted = HEADER

  constructor(limitBytes: number) {
    this.limit = limitBytes
  }

  /** Bytes held and not handed out yet. */
  get buffered(): number {
    return this.#end - this.#start
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.buffered === 0) {
      this.#buffer = chunk
      this.#start = 0
      this.#end = chunk.length
      this.#owned = false
      return
    }
    const needed = this.buffered + chunk.length
    if (!this.#owned || this.#end + chunk.length > this.#buffer.length) {
      // Doubling keeps a drip linear; while the end of the packet is known, no more than that is held.
      const doubled = this.buffered * 2
      this.#move(Math.max(needed, needed <= this.#wanted ? Math.min(doubled, this.#wanted) : doubled))
    }
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /**
   * Hands out the next whole packet, or `undefined` when more bytes are needed.
   *
   * Throws: `ProtocolViolation` with `ER_NET_PACKET_TOO_LARGE` from the header alone, or `ER_NET_PACKETS_OUT_OF_ORDER`
   * when a continuation does not carry the next sequence id. The reader is of no use after that.
   */
  next(): Frame | undefined {
    const buffer = this.#buffer
    let at = this.#start
    let total = 0
    let frames = 0
    for (;;) {
      this.#wanted = at + HEADER - this.#start
      if (this.#end - at < HEADER) return this.#wait()
      const length = (buffer[at] as number) | ((buffer[at + 1] as number) << 8) | ((buffer[at + 2] as number) << 16)
      total += length
      // Under a limit below 16 MiB a full frame is refused too, and with it every chain.
      if (total > this.limit) throw tooLarge(total, this.limit)
      if (frames > 0) checkContinuation(buffer[this.#start + 3] as number, frames, buffer[at + 3] as number)
      this.#wanted += length
      if (this.#end - at < HEADER + length) return this.#wait()
      at += HEADER + length
      frames++
      if (length < MAX_FRAME_PAYLOAD) break
    }
    const first = this.#start
    const payload = frames === 1 ? buffer.subarray(first + HEADER, at) : join(buffer.subarray(first, at), total)
    this.#start = at
    this.#wanted = HEADER
    if (this.buffered === 0) this.#release()
    return { payload, sequenceId: buffer[first + 3] as number, frames }
  }

  /**
   * Hands out whole packets of one frame each where they lie: a view made for each of a million would cost as much as what is
   * read from it. Ends, without a word, at the first that is not taken, not whole, too large, or not the only frame: `next` has to
   * deal with it. Returns how many were taken, `most` at most.
   */
  takeInPlace(take: TakeInPlace, most: number): number {
    const buffer = this.#buffer
    let taken = 0
    while (taken < most && this.#end - this.#start >= HEADER) {
      const at = this.#start
      const length = (buffer[at] as number) | ((buffer[at + 1] as number) << 8) | ((buffer[at + 2] as number) << 16)
      const end = at + HEADER + length
      if (end > this.#end || length === MAX_FRAME_PAYLOAD || length > this.limit) break
      if (!take(buffer, at + HEADER, end, buffer[at + 3] as number)) break
      taken++
      // Whoever ends the connection empties the reader.
      if (this.#buffer !== buffer) break
      this.#start = end
    }
    if (this.buffered === 0) this.#release()
    return taken
  }

  /** Hands out the bytes that no packet claimed, headers included. After: the reader is empty. */
  takeLeftover(): Uint8Array {
    const leftover = this.#buffer.subarray(this.#start, this.#end)
    this.#release()
    return leftover
  }

  #release(): void {
    this.#buffer = EMPTY
    this.#start = 0
    this.#end = 0
    this.#owned = false
    this.#wanted = HEADER
  }

  /** Lets go of a large chunk whose small tail is all that is left. */
  #wait(): undefined {
    if (this.#buffer.length > 4096 && this.buffered < this.#buffer.length / 4) this.#move(this.buffered)
    return undefined
  }

  /** Never moves within a buffer: packets handed out earlier may be views of it. */
  #move(capacity: number): void {
    const moved = new Uint8Array(capacity)
    moved.set(this.#buffer.subarray(this.#start, this.#end))
    this.#end -= this.#start
    this.#start = 0
    this.#buffer = moved
    this.#owned = true
  }
}

/** How many frames a payload takes; a multiple of 16 MiB - 1 ends with an empty one. Units: bytes. */
export function frameCount(length: number): number {
  return Math.floor(length / MAX_FRAME_PAYLOAD) + 1
}

/**
 * Puts headers before a payload, in one buffer that is ready for the socket.
 *
 * Units: `sequenceId` is that of the first frame, 0-255; later ones wrap. The next free id is
 * `(sequenceId + frameCount(payload.length)) % 256`.
 */
export function encodeFrame(payload: Uint8Array, sequenceId: number): Buffer {
  const frames = frameCount(payload.length)
  // From the pool and not cleared: every byte is written below.
  const stream = Buffer.allocUnsafe(payload.length + frames * HEADER)
  for (let i = 0, at = 0; i < frames; i++) {
    const start = i * MAX_FRAME_PAYLOAD
    const length = Math.min(MAX_FRAME_PAYLOAD, payload.length - start)
    stream[at] = length & 0xff
    stream[at + 1] = (length >> 8) & 0xff
    stream[at + 2] = length >> 16
    stream[at + 3] = (sequenceId + i) % 256
    stream.set(frames === 1 ? payload : payload.subarray(start, start + length), at + HEADER)
    at += HEADER + length
  }
  return stream
}

function join(stream: Uint8Array, total: number): Uint8Array {
  const payload = new Uint8Array(total)
  for (let from = 0, to = 0; from < stream.length; from += HEADER + MAX_FRAME_PAYLOAD, to += MAX_FRAME_PAYLOAD) {
    payload.set(stream.subarray(from + HEADER, from + HEADER + MAX_FRAME_PAYLOAD), to)
  }
  return payload
}

function checkContinuation(first: number, frames: number, got: number): void {
  const expected = (first + frames) % 256
  if (got === expected) return
  throw new ProtocolViolation('ER_NET_PACKETS_OUT_OF_ORDER', {
    phase: 'framing',
    expected: [`a continuation with sequence id ${expected}`],
    got: `sequence id ${got}`,
  })
}

function tooLarge(length: number, limit: number): ProtocolViolation {
  return new ProtocolViolation('ER_NET_PACKET_TOO_LARGE', {
    phase: 'framing',
    expected: [`at most ${limit} bytes`],
    got: `${length} bytes`,
  })
}
