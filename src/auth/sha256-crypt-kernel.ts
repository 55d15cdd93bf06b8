/**
 * The SHA-256 crypt ($5$ of the Unix SHA-crypt) as MySQL uses it: what is hashed once is hashed by node:crypto, the
 * thousands of rounds run in WebAssembly, one crypt at a time or four side by side. It knows no stored format.
 *
 * Spec: https://www.akkadia.org/drepper/SHA-crypt.txt
 */
import { sha256, wipe } from './primitives.ts'
import {
  entry,
  initialHash,
  type Lanes,
  layout,
  maxBlocks,
  messageBits,
  roundConstants,
  sha256CryptModule,
} from './sha256-crypt-module.ts'

/** Bytes; MySQL refuses longer passwords, and the kernel's memory is laid out for it. */
export const maxPasswordLength = 256

/** Bytes. */
export const saltLength = 20

/** How many crypts run side by side. */
export const batchSize = 4

export interface CryptInput {
  /** 0 to 256 bytes, no NUL at the end. */
  readonly password: Uint8Array
  /** 20 bytes. */
  readonly salt: Uint8Array
}

/**
 * Computes the digests of crypts that have the same number of rounds; three or four cost less than three alone.
 *
 * Blocks: about 0.2 µs for each round and input (0.12 in a batch of four).
 * Units: up to `batchSize` inputs; each digest is 32 bytes, not yet in crypt's order of bytes.
 * Throws: `RangeError` when an input or `rounds` is out of its bounds.
 * After: nothing in the kernel's memory depends on a password.
 */
export function cryptDigests(inputs: readonly CryptInput[], rounds: number): Uint8Array[] {
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 0xffff_ffff || inputs.length > batchSize) {
    throw new RangeError(`at most ${batchSize} crypts of at least 1 round`)
  }
  for (const { password, salt } of inputs) {
    if (password.length > maxPasswordLength || salt.length !== saltLength) {
      throw new RangeError(
        `a crypt takes a password of at most ${maxPasswordLength} bytes and ${saltLength} bytes of salt`,
      )
    }
  }
  if (inputs.length < 3) return inputs.flatMap((input) => scalar().digests([input], rounds))
  return vector().digests(inputs, rounds)
}

/** What is used of WebAssembly: TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; iterate(rounds: number): void }
  }
}

class Kernel {
  readonly #lanes: Lanes
  readonly #memory: DataView
  readonly #iterate: (rounds: number) => void

  constructor(lanes: Lanes) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(sha256CryptModule(lanes)))
    this.#lanes = lanes
    this.#memory = new DataView(exports.memory.buffer)
    this.#iterate = exports.iterate
    for (const [t, constant] of roundConstants.entries()) {
      this.#memory.setUint32(layout.constants + 4 * t, constant, true)
    }
    for (const [index, word] of initialHash.entries()) {
      for (let lane = 0; lane < lanes; lane++) this.#writeWord(layout.initial, index, lane, word)
    }
  }

  digests(inputs: readonly CryptInput[], rounds: number): Uint8Array[] {
    const prepared = inputs.map(prepare)
    const lanes = Array.from(
      { length: this.#lanes },
      (_, lane) => prepared[Math.min(lane, prepared.length - 1)] as Prepared,
    )
    for (const [lane, { digest }] of lanes.entries()) this.#writeBytes(layout.digest, lane, digest)
    for (let message = 0; message < 8; message++) this.#layOutMessage(message, lanes)
    this.#iterate(rounds)
    const digests = inputs.map((_, lane) => this.#readDigest(lane))
    for (const { digest, password, salt } of prepared) wipe(digest, password, salt)
    new Uint8Array(this.#memory.buffer, layout.digest, layout.end - layout.digest).fill(0)
    return digests
  }

  #layOutMessage(message: number, lanes: readonly Prepared[]): void {
    const row = layout.table + message * layout.entrySize
    const messageAddress = layout.messages + message * maxBlocks * 64 * this.#lanes
    const maskAddress = layout.masks + message * maxBlocks * 4 * this.#lanes
    let longest = 0
    for (const [lane, prepared] of lanes.entries()) {
      const { bytes, digestOffset } = padded(message, prepared)
      this.#writeBytes(messageAddress, lane, bytes)
      const digestAddress = messageAddress + 4 * (this.#lanes * (digestOffset >> 2) + lane)
      this.#memory.setUint32(row + entry.lanes + 8 * lane, digestAddress, true)
      this.#memory.setUint32(row + entry.lanes + 8 * lane + 4, 8 * (digestOffset & 3), true)
      const blocks = bytes.length / 64
      for (let block = 0; block < blocks; block++) this.#writeWord(maskAddress, block, lane, 0xffff_ffff)
      longest = Math.max(longest, blocks)
      wipe(bytes)
    }
    this.#memory.setUint32(row + entry.blocks, longest, true)
    this.#memory.setUint32(row + entry.messageAddress, messageAddress, true)
    this.#memory.setUint32(row + entry.maskAddress, maskAddress, true)
  }

  /** Big-endian bytes become words. */
  #writeBytes(address: number, lane: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let index = 0; 4 * index < bytes.length; index++) {
      this.#writeWord(address, index, lane, view.getUint32(4 * index))
    }
  }

  #writeWord(address: number, index: number, lane: number, word: number): void {
    this.#memory.setUint32(address + 4 * (index * this.#lanes + lane), word, true)
  }

  #readDigest(lane: number): Uint8Array {
    const digest = new DataView(new ArrayBuffer(32))
    for (let index = 0; index < 8; index++) {
      digest.setUint32(4 * index, this.#memory.getUint32(layout.digest + 4 * (index * this.#lanes + lane), true))
    }
    return new Uint8Array(digest.buffer)
  }
}

const scalar = lazy(() => new Kernel(1))
const vector = lazy(() => new Kernel(4))

function lazy<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** What the rounds start from: the digest of SHA-crypt's step 12, and its sequences P and S of steps 16 and 20. */
interface Prepared {
  readonly digest: Uint8Array
  readonly password: Uint8Array
  readonly salt: Uint8Array
}

function prepare({ password, salt }: CryptInput): Prepared {
  const alternate = sha256(password, salt, password)
  const alternateFilled = Buffer.alloc(password.length, alternate)
  const parts = [password, salt, alternateFilled]
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? alternate : password)
  const digest = sha256(...parts)
  const passwordDigest = sha256(...Array<Uint8Array>(password.length).fill(password))
  const saltDigest = sha256(...Array<Uint8Array>(16 + (digest[0] ?? 0)).fill(salt))
  const prepared = {
    digest,
    password: Buffer.alloc(password.length, passwordDigest),
    salt: Buffer.alloc(salt.length, saltDigest),
  }
  wipe(alternate, alternateFilled, passwordDigest)
  return prepared
}

function padded(message: number, { password, salt }: Prepared): { bytes: Uint8Array; digestOffset: number } {
  const digestRoom = new Uint8Array(32)
  const middle = [message & messageBits.salt ? salt : [], message & messageBits.passwordAgain ? password : []]
  const parts = message & messageBits.odd ? [password, ...middle, digestRoom] : [digestRoom, ...middle, password]
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = new Uint8Array(64 * Math.ceil((length + 9) / 64))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  bytes[length] = 0x80
  new DataView(bytes.buffer).setUint32(bytes.length - 4, 8 * length)
  return { bytes, digestOffset: message & messageBits.odd ? length - 32 : 0 }
}
