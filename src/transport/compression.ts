/**
 * The compressed protocol: after the login, packets travel inside compressed ones, whose headers have a sequence of
 * their own. zlib and zstd.
 *
 *     int<3>  length of what follows the header
 *     int<1>  sequence id, 0 at the beginning of each command
 *     int<3>  length before compression; 0: not compressed
 *
 * A peer decides what its bytes inflate to, so the declared length bounds the output, and larger blocks are inflated
 * off the event loop.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_compression.html
 */
import { promisify } from 'node:util'
import {
  constants,
  deflateSync,
  inflate,
  inflateSync,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'
import { ProtocolViolation } from '../errors/errors.ts'
import type { Login } from '../machine/login.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { FrameReader } from '../wire/framer.ts'

const headerLength = 7
/** Below it, compression costs more than it saves; MySQL's own limit. */
const smallestCompressed = 50
/** What is compressed at once: small enough not to hold up the event loop. */
const pieceLength = 32_768
/** Above it, inflating takes more than a moment. */
const largestInflatedAtOnce = 262_144

interface Algorithm {
  compress(bytes: Uint8Array): Uint8Array
  decompressNow(bytes: Uint8Array, length: number): Uint8Array
  decompress(bytes: Uint8Array, length: number): Promise<Uint8Array>
}

/** The stream that a login asked for; `undefined` when none. Of both, zlib, as mysqld 9.7 and its clients do. */
export function compressionFor(login: Pick<Login, 'capabilities' | 'zstdLevel'>): CompressedStream | undefined {
  if (has(login.capabilities, capability.COMPRESS)) return new CompressedStream(zlib)
  if (has(login.capabilities, capability.ZSTD_COMPRESSION_ALGORITHM))
    return new CompressedStream(zstd(login.zstdLevel ?? 3))
  return undefined
}

export class CompressedStream {
  readonly #algorithm: Algorithm
  #sequenceId = 0
  #held: Uint8Array[] = []
  #heldLength = 0
  #inflating = false

  constructor(algorithm: Algorithm) {
    this.#algorithm = algorithm
  }

  /** Packs packets for the socket. */
  compress(bytes: Uint8Array): Uint8Array {
    const out: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += pieceLength) {
      const piece = bytes.subarray(at, at + pieceLength)
      const packed = piece.length < smallestCompressed ? piece : this.#algorithm.compress(piece)
      const plain = packed.length >= piece.length
      out.push(this.#header(plain ? piece.length : packed.length, plain ? 0 : piece.length), plain ? piece : packed)
    }
    return Buffer.concat(out)
  }

  /** A client begins a command: ids start anew. */
  restart(): void {
    this.#sequenceId = 0
  }

  /** Bytes that arrived and are not unpacked yet. */
  get held(): number {
    return this.#heldLength
  }

  /** A large block is being inflated: what comes after it must wait. */
  get inflating(): boolean {
    return this.#inflating
  }

  /** Takes what arrived, as it is. */
  hold(chunk: Uint8Array): void {
    this.#held.push(chunk)
    this.#heldLength += chunk.length
  }

  /**
   * Unpacks one block into `reader`; `false` when none is whole yet. A promise means that a large one is being inflated: ask
   * again once it is settled. Block by block, so that a small chunk of small blocks cannot become gigabytes at once.
   *
   * Throws, or rejects with, `ProtocolViolation` for a broken block; the connection is of no use after that.
   */
  unpack(reader: FrameReader): boolean | Promise<void> {
    if (this.#inflating || this.#heldLength < headerLength) return false
    const buffer = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : this.#joinForHeader()
    const length = int24(buffer, 0)
    if (this.#heldLength < headerLength + length) return false
    const whole = this.#held.length === 1 ? buffer : Buffer.concat(this.#held)
    this.#held = [whole.subarray(headerLength + length)]
    this.#heldLength -= headerLength + length
    this.#checkSequence(whole[3] as number)
    const body = whole.subarray(headerLength, headerLength + length)
    const inflatedLength = int24(whole, 4)
    if (inflatedLength > largestInflatedAtOnce) return this.#inflateLater(body, inflatedLength, reader)
    if (inflatedLength === 0) reader.push(body)
    else reader.push(checked(() => this.#algorithm.decompressNow(body, inflatedLength), inflatedLength))
    return true
  }

  async #inflateLater(body: Uint8Array, length: number, reader: FrameReader): Promise<void> {
    this.#inflating = true
    try {
      const inflated = await this.#algorithm.decompress(body, length).catch(() => {
        throw broken('a block that does not inflate')
      })
      reader.push(checked(() => inflated, length))
    } finally {
      this.#inflating = false
    }
  }

  /** Enough of the held chunks in one piece to read the header, without copying a large block each time more comes. */
  #joinForHeader(): Uint8Array {
    if ((this.#held[0] as Uint8Array).length >= headerLength) return this.#held[0] as Uint8Array
    this.#held = [Buffer.concat(this.#held)]
    return this.#held[0] as Uint8Array
  }

  #checkSequence(got: number): void {
    if (got !== 0 && got !== this.#sequenceId) throw broken(`sequence id ${got} instead of ${this.#sequenceId}`)
    this.#sequenceId = (got + 1) & 0xff
  }

  #header(length: number, inflatedLength: number): Uint8Array {
    const header = new Uint8Array(headerLength)
    writeInt24(header, 0, length)
    header[3] = this.#sequenceId
    writeInt24(header, 4, inflatedLength)
    this.#sequenceId = (this.#sequenceId + 1) & 0xff
    return header
  }
}

const zlib: Algorithm = {
  compress: (bytes) => deflateSync(bytes),
  decompressNow: (bytes, length) => inflateSync(bytes, { maxOutputLength: length }),
  decompress: (bytes, length) => promisify(inflate)(bytes, { maxOutputLength: length }),
}

function zstd(level: number): Algorithm {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  return {
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    decompressNow: (bytes, length) => zstdDecompressSync(bytes, { maxOutputLength: length }),
    decompress: (bytes, length) => promisify(zstdDecompress)(bytes, { maxOutputLength: length }),
  }
}

function checked(inflate: () => Uint8Array, length: number): Uint8Array {
  let inflated: Uint8Array
  try {
    inflated = inflate()
  } catch {
    throw broken('a block that does not inflate, or to more than it declares')
  }
  if (inflated.length !== length) throw broken(`${inflated.length} bytes instead of the declared ${length}`)
  return inflated
}

function broken(got: string): ProtocolViolation {
  return new ProtocolViolation('ER_NET_UNCOMPRESS_ERROR', {
    phase: 'compression',
    expected: ['a compressed packet'],
    got,
  })
}

function int24(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
}

function writeInt24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff
  bytes[at + 1] = (value >> 8) & 0xff
  bytes[at + 2] = (value >> 16) & 0xff
}
