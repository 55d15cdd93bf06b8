/**
 * The classic capture format: one header, then frames. Both byte orders, micro- and nanoseconds.
 *
 * Spec: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/
 */
import type { Input } from './input.ts'
import { linkTypeName, readsLinkType } from './link-layer.ts'
import type { Segments } from './segments.ts'

const FILE_HEADER = 24
const FRAME_HEADER = 16
/** Nothing sends longer frames, segmentation offload and jumbo payloads included: what claims to be longer is damaged. */
export const MAX_FRAME = 1024 * 1024

export const PCAP_MICROSECONDS = 0xa1b2c3d4
export const PCAP_NANOSECONDS = 0xa1b23c4d

export class PcapFile {
  readonly format = 'pcap'
  readonly #input: Input
  readonly #segments: Segments
  readonly #littleEndian: boolean
  readonly #unitsPerMs: number
  #linkType: number | undefined

  constructor(input: Input, segments: Segments, littleEndian: boolean, nanoseconds: boolean) {
    this.#input = input
    this.#segments = segments
    this.#littleEndian = littleEndian
    this.#unitsPerMs = nanoseconds ? 1e6 : 1e3
  }

  /** Takes all whole frames at hand. Returns why it cannot go on, where it cannot. */
  read(): string | undefined {
    const input = this.#input
    const littleEndian = this.#littleEndian
    if (this.#linkType === undefined) {
      if (input.available < FILE_HEADER) return undefined
      // The upper half tells whether frames end with a check sum.
      this.#linkType = input.view.getUint32(input.start + 20, littleEndian) & 0xffff
      if (!readsLinkType(this.#linkType)) return `${linkTypeName(this.#linkType)} is not supported`
      input.start += FILE_HEADER
    }
    const { view, end } = input
    let at = input.start
    try {
      while (end - at >= FRAME_HEADER) {
        const captured = view.getUint32(at + 8, littleEndian)
        if (captured > MAX_FRAME) return `a frame of ${captured} bytes`
        const next = at + FRAME_HEADER + captured
        if (next > end) break
        const fraction = view.getUint32(at + 4, littleEndian) / this.#unitsPerMs
        this.#segments.nowMs = view.getUint32(at, littleEndian) * 1000 + fraction
        this.#segments.take(this.#linkType, at + FRAME_HEADER, next, view.getUint32(at + 12, littleEndian))
        at = next
      }
    } finally {
      input.start = at
    }
    return undefined
  }

  /** Returns what is wrong with ending here. */
  end(): string | undefined {
    if (this.#linkType === undefined) return 'the file ends within its header'
    return this.#input.available === 0 ? undefined : 'the file ends within a frame'
  }
}
