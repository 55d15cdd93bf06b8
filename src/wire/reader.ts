/**
 * The bounded cursor over one payload: the only place that turns bytes into fields.
 *
 * Every method checks what is left before it moves, so a decoder cannot read past its packet. It knows field layouts
 * (`int<1..8>`, `int<lenenc>`, `string<NUL>`, `string<n>`, `string<lenenc>`, `string<EOF>`), never packets.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
 */
import { Buffer } from 'node:buffer'
import { MalformedPacket } from '../errors/errors.ts'

/**
 * One per payload. Byte fields are views of the payload: copy (`slice()`) what outlives it.
 *
 * Throws: every method that reads throws `MalformedPacket` when the field does not fit, and stays where it was.
 */
export class PacketReader {
  readonly #packet: string
  readonly #payload: Uint8Array
  #offset = 0

  constructor(payload: Uint8Array, packetName: string) {
    // A plain view: Buffer's own slice() would not copy.
    this.#payload =
      payload.constructor === Uint8Array
        ? payload
        : new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    this.#packet = packetName
  }

  /** Bytes from the start of the payload. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#payload.length - this.#offset
  }

  u8(field: string): number {
    return this.#little(1, field)
  }

  u16(field: string): number {
    return this.#little(2, field)
  }

  u24(field: string): number {
    return this.#little(3, field)
  }

  u32(field: string): number {
    return this.#little(4, field)
  }

  u64(field: string): bigint {
    this.#need(8, field)
    return BigInt(this.#little(4, field)) | (BigInt(this.#little(4, field)) << 32n)
  }

  /** Reads `int<lenenc>`; a value above 2^53 - 1 and the markers 0xfb and 0xff are malformed. */
  lenenc(field: string): number {
    const start = this.#offset
    const first = this.u8(field)
    if (first < 0xfb) return first
    this.#offset = start
    const size = first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : 0
    if (size === 0) this.#refuse(field, 'a length (0xfb and 0xff are none)')
    this.#need(1 + size, field)
    this.#offset++
    if (size < 8) return this.#little(size, field)
    const value = this.u64(field)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      this.#offset = start
      this.#refuse(field, 'a length below 2^53')
    }
    return Number(value)
  }

  /** Reads `int<lenenc>` of any 64-bit value: row counts and ids, never lengths. */
  lenencBig(field: string): bigint {
    if (this.#payload[this.#offset] !== 0xfe) return BigInt(this.lenenc(field))
    this.#need(9, field)
    this.#offset++
    return this.u64(field)
  }

  bytes(length: number, field: string): Uint8Array {
    this.#need(length, field)
    const start = this.#offset
    this.#offset += length
    return this.#payload.subarray(start, this.#offset)
  }

  /** Reads `string<NUL>`; the result has no NUL, but the terminator must be there. */
  nul(field: string): Uint8Array {
    const end = this.#payload.indexOf(0, this.#offset)
    if (end === -1) this.#refuse(field, 'a NUL that ends the string')
    const start = this.#offset
    this.#offset = end + 1
    return this.#payload.subarray(start, end)
  }

  /** Reads `string<NUL>` as Latin-1, which keeps every byte. */
  nulLatin1(field: string): string {
    return latin1(this.nul(field))
  }

  /** Whether a NUL follows somewhere: for the strings whose terminator a peer may forget. */
  hasNul(): boolean {
    return this.#payload.indexOf(0, this.#offset) !== -1
  }

  lenencBytes(field: string): Uint8Array {
    const start = this.#offset
    const length = this.lenenc(field)
    if (length > this.remaining) {
      const available = this.remaining
      this.#offset = start
      throw new MalformedPacket({ packet: this.#packet, field, offset: start, needed: length, available })
    }
    return this.bytes(length, field)
  }

  lenencUtf8(field: string): string {
    return utf8(this.lenencBytes(field))
  }

  /** Reads `string<lenenc>` or, for the marker 0xfb, NULL. */
  lenencBytesOrNull(field: string): Uint8Array | null {
    if (this.#payload[this.#offset] !== 0xfb) return this.lenencBytes(field)
    this.#offset++
    return null
  }

  /** Reads `string<EOF>`: all that is left. */
  rest(): Uint8Array {
    const start = this.#offset
    this.#offset = this.#payload.length
    return this.#payload.subarray(start)
  }

  skip(length: number, field: string): void {
    this.#need(length, field)
    this.#offset += length
  }

  /** Reads one byte that can have only one value. */
  marker(value: number, field: string): void {
    this.#need(1, field)
    if (this.#payload[this.#offset] !== value) this.#refuse(field, `0x${value.toString(16).padStart(2, '0')}`)
    this.#offset++
  }

  /** Ends the packet: bytes that no field claimed are malformed. */
  end(): void {
    if (this.remaining > 0) this.#refuse('trailing bytes', 'the end of the packet')
  }

  /** Throws `MalformedPacket` for a field that was read but cannot be right; `why` names what was expected. */
  refuse(field: string, why: string): never {
    this.#refuse(field, why)
  }

  /** `size` is 4 bytes at most. */
  #little(size: number, field: string): number {
    this.#need(size, field)
    let value = 0
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (this.#payload[this.#offset + i] as number)
    this.#offset += size
    return value >>> 0
  }

  #need(length: number, field: string): void {
    const available = this.#payload.length - this.#offset
    if (length <= available) return
    throw new MalformedPacket({ packet: this.#packet, field, offset: this.#offset, needed: length, available })
  }

  #refuse(field: string, why: string): never {
    throw new MalformedPacket({
      packet: this.#packet,
      field,
      offset: this.#offset,
      needed: 1,
      available: this.remaining,
      why,
    })
  }
}

/** Decodes Latin-1: one character per byte, so nothing is lost on the way back. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Decodes UTF-8; what is not UTF-8 becomes U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
