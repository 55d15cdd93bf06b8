/**
 * The mirror of `reader.ts`: fields into one payload.
 *
 * It refuses what does not fit its field instead of cutting it: a length that wraps would turn the rest of a value into
 * a packet of its own.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
 */
import { Buffer } from 'node:buffer'
import { ConfigurationError } from '../errors/errors.ts'

/** One per payload. Throws: `ConfigurationError` when a value does not fit its field. */
export class PacketWriter {
  #buffer: Uint8Array
  #length = 0

  /**
   * Units: `capacity` in bytes, a guess. The memory comes from Node's pool and is not cleared: `finish` hands out only what
   * was written.
   */
  constructor(capacity = 128) {
    this.#buffer = pooled(capacity)
  }

  u8(value: number): this {
    if ((value & 0xff) !== value) refuse(value, 1)
    this.#reserve(1)
    this.#buffer[this.#length++] = value
    return this
  }

  u16(value: number): this {
    if ((value & 0xffff) !== value) refuse(value, 2)
    return this.#little(value, 2)
  }

  u24(value: number): this {
    if ((value & 0xffffff) !== value) refuse(value, 3)
    return this.#little(value, 3)
  }

  u32(value: number): this {
    if (value >>> 0 !== value) refuse(value, 4)
    return this.#little(value, 4)
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffffffffffffffffn) refuse(value, 8)
    return this.#little(Number(value & 0xffffffffn), 4).#little(Number(value >> 32n), 4)
  }

  lenenc(value: number | bigint): this {
    if (value < 0xfb) return this.u8(Number(value))
    if (value <= 0xffff) return this.u8(0xfc).u16(Number(value))
    if (value <= 0xffffff) return this.u8(0xfd).u24(Number(value))
    return this.u8(0xfe).u64(BigInt(value))
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  zeros(length: number): this {
    this.#reserve(length)
    this.#buffer.fill(0, this.#length, this.#length + length)
    this.#length += length
    return this
  }

  /** Writes `string<NUL>`; text goes out as Latin-1. A NUL inside would end it early and is refused. */
  nulString(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? latin1Bytes(value) : value
    if (bytes.includes(0)) throw new ConfigurationError('a NUL inside a value that a NUL ends on the wire')
    return this.bytes(bytes).u8(0)
  }

  lenencBytes(bytes: Uint8Array): this {
    return this.lenenc(bytes.length).bytes(bytes)
  }

  lenencUtf8(text: string): this {
    return this.lenencBytes(Buffer.from(text, 'utf8'))
  }

  latin1(text: string): this {
    return this.bytes(latin1Bytes(text))
  }

  utf8(text: string): this {
    return this.bytes(Buffer.from(text, 'utf8'))
  }

  /** Ends the payload. After: the result is the writer's own memory, so the writer must not be used again. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** The value is known to fit. */
  #little(value: number, size: number): this {
    this.#reserve(size)
    for (let shift = 0; shift < size * 8; shift += 8) this.#buffer[this.#length++] = value >>> shift
    return this
  }

  #reserve(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#buffer.length) return
    const grown = pooled(Math.max(needed, this.#buffer.length * 2))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

/** A plain view: payloads are compared and sliced as Uint8Array everywhere. */
function pooled(length: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(length)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
}

function latin1Bytes(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) throw new ConfigurationError('a character outside Latin-1 in a name on the wire')
  }
  return Buffer.from(text, 'latin1')
}

function refuse(value: number | bigint, size: number): never {
  throw new ConfigurationError(`${value} does not fit in ${size} unsigned bytes`)
}
