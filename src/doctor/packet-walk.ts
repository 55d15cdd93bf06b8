/**
 * Cuts one direction of a connection into packets without holding them: of a long packet the first 64 KiB are kept, the rest is
 * counted. For a stream that we only look at, whose limits nobody keeps.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */

/** Bytes of a packet that are kept. */
export const longestKept = 65_536

export interface WalkedPacket {
  /** The first bytes of the payload, at most `longestKept`; a view that is valid during the call. */
  readonly payload: Uint8Array
  /** Of the whole payload, all frames of it together. */
  readonly length: number
  /** Of the first frame. */
  readonly sequenceId: number
  /** Of the header, from the start of this direction. */
  readonly offset: number
}

const headerLength = 4
const fullFrame = 0xffffff

export class PacketWalk {
  /** Bytes of this direction that were walked. */
  offset = 0
  readonly #onPacket: (packet: WalkedPacket) => void
  #header = new Uint8Array(headerLength)
  #headerFilled = 0
  /** Bytes of the current frame that are still to come. */
  #left = 0
  #kept: Uint8Array | undefined = undefined
  #keptLength = 0
  #length = 0
  #frameLength = 0
  #sequenceId = 0
  #start = 0
  #continues = false
  #stopped = false

  constructor(onPacket: (packet: WalkedPacket) => void) {
    this.#onPacket = onPacket
  }

  /** Of a packet that is not complete: the bytes of its payload that came, and all of them as far as is known. */
  get pending(): { readonly have: number; readonly of: number } | undefined {
    if (this.#headerFilled === 0 && this.#left === 0 && !this.#continues) return undefined
    return { have: this.#length, of: this.#length + this.#left }
  }

  /** Walks on; a packet is handed out as soon as it is complete. Returns how many bytes were used: fewer after `stop()`. */
  push(bytes: Uint8Array): number {
    this.#stopped = false
    let at = 0
    while (at < bytes.length && !this.#stopped) {
      if (this.#left === 0) {
        const inOnePiece = this.#headerFilled === 0 && bytes.length - at >= headerLength
        if (inOnePiece && !this.#continues && this.#wholePacketAt(bytes, at)) {
          at += headerLength + this.#frameLength
          continue
        }
        if (this.#headerFilled === 0 && !this.#continues) this.#start = this.offset + at
        this.#header[this.#headerFilled++] = bytes[at++] as number
        if (this.#headerFilled === headerLength) this.#beginFrame()
        continue
      }
      const taken = Math.min(this.#left, bytes.length - at)
      this.#keep(bytes.subarray(at, at + taken))
      at += taken
      this.#left -= taken
      if (this.#left === 0) this.#endFrame()
    }
    this.offset += at
    return at
  }

  /** Called from `onPacket`: what follows is something else than packets. */
  stop(): void {
    this.#stopped = true
  }

  /** The next byte begins a packet, whatever came before. */
  restart(): void {
    this.#headerFilled = 0
    this.#left = 0
    this.#kept = undefined
    this.#keptLength = 0
    this.#length = 0
    this.#continues = false
  }

  /** The usual case, without a copy: header and payload lie in one chunk. */
  #wholePacketAt(bytes: Uint8Array, at: number): boolean {
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    const start = at + headerLength
    if (length === fullFrame || length > longestKept || start + length > bytes.length) return false
    this.#frameLength = length
    this.#onPacket({
      // A plain view: Buffer's own slice() would not copy.
      payload: new Uint8Array(bytes.buffer, bytes.byteOffset + start, length),
      length,
      sequenceId: bytes[at + 3] as number,
      offset: this.offset + at,
    })
    return true
  }

  #beginFrame(): void {
    const [low = 0, middle = 0, high = 0, sequenceId = 0] = this.#header
    this.#headerFilled = 0
    this.#frameLength = low | (middle << 8) | (high << 16)
    this.#left = this.#frameLength
    if (!this.#continues) this.#sequenceId = sequenceId
    if (this.#left === 0) this.#endFrame()
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.length
    const room = longestKept - this.#keptLength
    if (room <= 0) return
    const kept = piece.subarray(0, room)
    if (this.#kept === undefined || this.#kept.length < this.#keptLength + kept.length) {
      const wanted = Math.min(longestKept, Math.max(this.#keptLength + kept.length, this.#keptLength * 2))
      const grown = new Uint8Array(wanted)
      if (this.#kept !== undefined) grown.set(this.#kept.subarray(0, this.#keptLength))
      this.#kept = grown
    }
    this.#kept.set(kept, this.#keptLength)
    this.#keptLength += kept.length
  }

  #endFrame(): void {
    this.#continues = this.#frameLength === fullFrame
    if (this.#continues) return
    const payload = (this.#kept ?? new Uint8Array(0)).subarray(0, this.#keptLength)
    const packet = { payload, length: this.#length, sequenceId: this.#sequenceId, offset: this.#start }
    this.#kept = undefined
    this.#keptLength = 0
    this.#length = 0
    this.#onPacket(packet)
  }
}
