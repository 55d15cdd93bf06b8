/**
 * From a frame to the TCP segment in it: IPv4 and IPv6 headers, and what stands between them and TCP. Runs once per frame of files that
 * may hold millions, so it makes no object: one `Segment` is filled again and again.
 */

import type { Input } from './input.ts'
import { CUT_OFF, ipPacketAt, linkTypeName, readsLinkType } from './link-layer.ts'

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const ACK = 0x10

/** Words of `Segment.key`. */
export const KEY_WORDS = 10

/** A TCP segment where it lies in the capture. Sequence numbers are signed 32-bit, so that they stay small integers. */
export interface Segment {
  /** Source address (4 words; IPv4 in the last), destination address (4), ports (the source's in the upper half), IP version. */
  readonly key: Int32Array
  bytes: Uint8Array
  /** The data that the capture has, in `bytes`. */
  start: number
  end: number
  /** Of the data as it was sent: longer than what the capture has where frames were cut. */
  length: number
  sequence: number
  acknowledged: number
  flags: number
  /** Milliseconds since 1970; NaN where the capture has no clock. */
  nowMs: number
}

export class Segments {
  readonly #input: Input
  readonly #flows: { take(segment: Segment): void }
  readonly #segment: Segment = {
    key: new Int32Array(KEY_WORDS),
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    length: 0,
    sequence: 0,
    acknowledged: 0,
    flags: 0,
    nowMs: Number.NaN,
  }
  /** When the next frame was captured; set before `take`. */
  nowMs = Number.NaN
  frames = 0
  tcpFrames = 0
  readonly skipped = new Map<string, number>()

  constructor(input: Input, flows: { take(segment: Segment): void }) {
    this.#input = input
    this.#flows = flows
  }

  /** Units: `start` and `end` lie in the input's bytes; `original` is the length of the frame as it was sent. */
  take(linkType: number, start: number, end: number, original: number): void {
    this.frames++
    const { view } = this.#input
    const at = ipPacketAt(linkType, view, start, end)
    if (at < 0) {
      if (at === CUT_OFF) return this.#skip('cut off before TCP')
      return this.#skip(readsLinkType(linkType) ? 'not IP' : linkTypeName(linkType))
    }
    if (at === end) return this.#skip('cut off before TCP')
    const sent = Math.max(original, end - start) - (at - start)
    switch (view.getUint8(at) >> 4) {
      case 4:
        return this.#ipv4(view, at, end, sent)
      case 6:
        return this.#ipv6(view, at, end, sent)
      default:
        return this.#skip('not IP')
    }
  }

  #ipv4(view: DataView, at: number, end: number, sent: number): void {
    if (end - at < 20) return this.#skip('cut off before TCP')
    if (view.getUint8(at + 9) !== TCP) return this.#skip('not TCP')
    // More fragments follow, or this is not the first; "don't fragment" does not matter.
    if ((view.getUint16(at + 6) & 0x3fff) !== 0) return this.#skip('IP fragment')
    const header = (view.getUint8(at) & 0x0f) * 4
    // 0 where the network card cut the segment in pieces after it was captured.
    const length = view.getUint16(at + 2) || sent
    if (header < 20 || length < header) return this.#skip('malformed IP header')
    const { key } = this.#segment
    key[0] = key[1] = key[2] = key[4] = key[5] = key[6] = 0
    key[3] = view.getInt32(at + 12)
    key[7] = view.getInt32(at + 16)
    key[9] = 4
    this.#tcp(view, at + header, end, length - header)
  }

  #ipv6(view: DataView, at: number, end: number, sent: number): void {
    if (end - at < 40) return this.#skip('cut off before TCP')
    let next = view.getUint8(at + 6)
    // 0 of a jumbogram, whose length is in an option, and as above.
    let length = view.getUint16(at + 4) || sent - 40
    let header = at + 40
    while (next !== TCP) {
      if (!EXTENSIONS.has(next)) return this.#skip('not TCP')
      if (end - header < 8) return this.#skip('cut off before TCP')
      if (next === FRAGMENT && (view.getUint16(header + 2) & 0xfff9) !== 0) return this.#skip('IP fragment')
      const size = next === FRAGMENT ? 8 : extensionSize(next, view.getUint8(header + 1))
      next = view.getUint8(header)
      header += size
      length -= size
      if (length < 0) return this.#skip('malformed IP header')
      if (header > end) return this.#skip('cut off before TCP')
    }
    const { key } = this.#segment
    for (let word = 0; word < 8; word++) key[word] = view.getInt32(at + 8 + word * 4)
    key[9] = 6
    this.#tcp(view, header, end, length)
  }

  /** `length`: of the segment as it was sent, header included. */
  #tcp(view: DataView, at: number, end: number, length: number): void {
    if (end - at < 20) return this.#skip('cut off before TCP')
    const header = (view.getUint8(at + 12) >> 4) * 4
    if (header < 20 || header > length) return this.#skip('malformed TCP header')
    this.tcpFrames++
    const segment = this.#segment
    segment.key[8] = view.getInt32(at)
    segment.sequence = view.getInt32(at + 4)
    segment.acknowledged = view.getInt32(at + 8)
    segment.flags = view.getUint8(at + 13)
    segment.bytes = this.#input.bytes
    // Behind the packet's end there may be padding; before it the capture may end.
    segment.start = Math.min(at + header, end)
    segment.end = Math.min(at + length, end)
    segment.length = length - header
    segment.nowMs = this.nowMs
    this.#flows.take(segment)
  }

  #skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1)
  }
}

function extensionSize(header: number, length: number): number {
  return header === AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8
}

const TCP = 6
const FRAGMENT = 44
const AUTHENTICATION = 51
/** Hop by hop, routing, fragment, authentication, destination, mobility, HIP, Shim6: all begin with the type of what follows. */
const EXTENSIONS = new Set([0, 43, FRAGMENT, AUTHENTICATION, 60, 135, 139, 140])
