/**
 * The block format: sections of either byte order, each with interfaces of their own, frames, TLS secrets, and blocks that concern
 * other programs.
 *
 * Spec: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/
 */
import type { Input } from './input.ts'
import { MAX_FRAME } from './pcap-file.ts'
import type { Segments } from './segments.ts'

export const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
/** Obsolete, but old files have it. */
const PACKET = 2
const SIMPLE_PACKET = 3
const ENHANCED_PACKET = 6
const DECRYPTION_SECRETS = 10
const READ = [SECTION_HEADER, INTERFACE_DESCRIPTION, PACKET, SIMPLE_PACKET, ENHANCED_PACKET, DECRYPTION_SECRETS]

const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const TLS_KEY_LOG = 0x544c534b
const OPTION_END = 0
const OPTION_TIME_RESOLUTION = 9
const OPTION_TIME_OFFSET = 14

/** Type and length in front, the length again behind. */
const BLOCK_FRAME = 12
/** Of the blocks that are read; others are skipped whatever their size. */
const MAX_BLOCK = MAX_FRAME + 64 * 1024
const MAX_INTERFACES = 4096

interface Interface {
  readonly linkType: number
  readonly snapLength: number
  readonly unitsPerMs: number
  readonly offsetMs: number
}

export class PcapngFile {
  readonly format = 'pcapng'
  readonly #input: Input
  readonly #segments: Segments
  readonly #onSecrets: ((keyLog: string) => void) | undefined
  #littleEndian = true
  #interfaces: Interface[] = []
  /** Bytes of the block at hand that are still to be passed over. */
  #skip = 0

  constructor(input: Input, segments: Segments, onSecrets: ((keyLog: string) => void) | undefined) {
    this.#input = input
    this.#segments = segments
    this.#onSecrets = onSecrets
  }

  /** Takes all whole blocks at hand. Returns why it cannot go on, where it cannot. */
  read(): string | undefined {
    const input = this.#input
    for (;;) {
      const skipped = Math.min(this.#skip, input.available)
      input.start += skipped
      this.#skip -= skipped
      if (this.#skip > 0 || input.available < BLOCK_FRAME) return undefined

      const { view, start } = input
      const type = view.getUint32(start, this.#littleEndian)
      if (type === SECTION_HEADER) {
        const magic = view.getUint32(start + 8, true)
        if (magic !== BYTE_ORDER_MAGIC && view.getUint32(start + 8, false) !== BYTE_ORDER_MAGIC) {
          return 'a section without a byte order'
        }
        this.#littleEndian = magic === BYTE_ORDER_MAGIC
      }
      const length = view.getUint32(start + 4, this.#littleEndian)
      if (length < BLOCK_FRAME || length % 4 !== 0) return `a block of ${length} bytes`
      if (!READ.includes(type)) {
        this.#skip = length
        continue
      }
      if (length > MAX_BLOCK) return `a block of ${length} bytes`
      if (input.available < length) return undefined
      if (view.getUint32(start + length - 4, this.#littleEndian) !== length) return 'a block with two different lengths'
      const problem = this.#block(type, start + 8, start + length - 4)
      if (problem !== undefined) return problem
      input.start += length
    }
  }

  /** Returns what is wrong with ending here. */
  end(): string | undefined {
    return this.#skip === 0 && this.#input.available === 0 ? undefined : 'the file ends within a block'
  }

  #block(type: number, start: number, end: number): string | undefined {
    const { view } = this.#input
    const littleEndian = this.#littleEndian
    switch (type) {
      case SECTION_HEADER: {
        const version = end - start < 16 ? 0 : view.getUint16(start + 4, littleEndian)
        if (version !== 1) return `pcapng of version ${version}`
        this.#interfaces = []
        return undefined
      }
      case INTERFACE_DESCRIPTION:
        if (end - start < 8 || this.#interfaces.length === MAX_INTERFACES) return 'a bad interface description'
        this.#interfaces.push(this.#interface(start, end))
        return undefined
      case PACKET:
        if (end - start < 20) return 'a packet block without its header'
        return this.#timed(view.getUint16(start, littleEndian), start, end)
      case ENHANCED_PACKET:
        if (end - start < 20) return 'a packet block without its header'
        return this.#timed(view.getUint32(start, littleEndian), start, end)
      case SIMPLE_PACKET: {
        if (end - start < 4) return 'a packet block without its header'
        const original = view.getUint32(start, littleEndian)
        const snapLength = this.#interfaces[0]?.snapLength || original
        this.#segments.nowMs = Number.NaN
        return this.#frame(
          this.#interfaces[0],
          start + 4,
          end,
          Math.min(original, snapLength, end - start - 4),
          original,
        )
      }
      default:
        this.#secrets(start, end)
        return undefined
    }
  }

  /** Packet Block and Enhanced Packet Block differ in the width of the interface's number only. */
  #timed(number: number, start: number, end: number): string | undefined {
    const { view } = this.#input
    const from = this.#interfaces[number]
    const units =
      view.getUint32(start + 4, this.#littleEndian) * 2 ** 32 + view.getUint32(start + 8, this.#littleEndian)
    this.#segments.nowMs = from === undefined ? Number.NaN : units / from.unitsPerMs + from.offsetMs
    const captured = view.getUint32(start + 12, this.#littleEndian)
    return this.#frame(from, start + 20, end, captured, view.getUint32(start + 16, this.#littleEndian))
  }

  #frame(
    from: Interface | undefined,
    start: number,
    end: number,
    captured: number,
    original: number,
  ): string | undefined {
    if (from === undefined) return 'a frame of an interface that is not described'
    if (captured > end - start) return 'a frame longer than its block'
    this.#segments.take(from.linkType, start, start + captured, original)
    return undefined
  }

  #interface(start: number, end: number): Interface {
    const { view } = this.#input
    const littleEndian = this.#littleEndian
    let unitsPerMs = 1e3
    let offsetMs = 0
    for (let at = start + 8; end - at >= 4; ) {
      const option = view.getUint16(at, littleEndian)
      const length = view.getUint16(at + 2, littleEndian)
      if (option === OPTION_END || length > end - at - 4) break
      if (option === OPTION_TIME_RESOLUTION && length === 1) {
        const resolution = view.getUint8(at + 4)
        unitsPerMs = (resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution) / 1000
      }
      if (option === OPTION_TIME_OFFSET && length === 8)
        offsetMs = Number(view.getBigInt64(at + 4, littleEndian)) * 1000
      at += 4 + length + (-length & 3)
    }
    return {
      linkType: view.getUint16(start, littleEndian),
      snapLength: view.getUint32(start + 4, littleEndian),
      unitsPerMs,
      offsetMs,
    }
  }

  #secrets(start: number, end: number): void {
    const { view, bytes } = this.#input
    if (end - start < 8 || view.getUint32(start, this.#littleEndian) !== TLS_KEY_LOG) return
    const length = Math.min(view.getUint32(start + 4, this.#littleEndian), end - start - 8)
    this.#onSecrets?.(Buffer.from(bytes.buffer, bytes.byteOffset + start + 8, length).toString('latin1'))
  }
}
