/**
 * Opens the sealed records of one direction. A record that does not authenticate is not opened, and changes nothing.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc8446#section-5.2 and https://www.rfc-editor.org/rfc/rfc5246#section-6.2.3
 */
import { Buffer } from 'node:buffer'
import { type CipherGCMTypes, createDecipheriv, getCipherInfo } from 'node:crypto'
import { equal } from '../../auth/primitives.ts'
import type { Side } from '../observation.ts'
import type { CipherSuite } from './cipher-suites.ts'
import { expandLabel, hmac, keyBlock } from './key-schedule.ts'

/** What a record carries. */
export interface Content {
  /** 20 to 23, as in the header of a record. */
  readonly type: number
  readonly bytes: Uint8Array
}

export interface RecordKeys {
  /** Takes a record with its header, in the order of the wire; `undefined`: it does not authenticate. */
  open(record: Uint8Array): Content | undefined
}

/** Whether this build of Node has the cipher of a suite. */
export function canOpen(suite: CipherSuite): boolean {
  return suite.cipher !== undefined && getCipherInfo(suite.cipher) !== undefined
}

/** The keys that a traffic secret of TLS 1.3 makes. */
export class TrafficKeys implements RecordKeys {
  readonly #suite: CipherSuite
  #secret: Uint8Array
  #key: Uint8Array
  #iv: Uint8Array
  #sequence = 0

  constructor(suite: CipherSuite, secret: Uint8Array) {
    this.#suite = suite
    this.#secret = secret
    this.#key = expandLabel(suite.hash, secret, 'key', keyLengthOf(suite))
    this.#iv = expandLabel(suite.hash, secret, 'iv', 12)
  }

  open(record: Uint8Array): Content | undefined {
    const nonce = maskedNonce(this.#iv, this.#sequence)
    const inner = openAead(
      this.#suite,
      this.#key,
      nonce,
      record.subarray(0, headerLength),
      record.subarray(headerLength),
    )
    if (inner === undefined) return undefined
    this.#sequence++
    // The type stands behind the content, and zeros behind the type.
    const end = inner.findLastIndex((byte) => byte !== 0)
    return end === -1 ? undefined : { type: inner[end] as number, bytes: inner.subarray(0, end) }
  }

  /** A KeyUpdate was the last record of these keys. */
  update(): void {
    const { hash } = this.#suite
    this.#secret = expandLabel(hash, this.#secret, 'traffic upd', this.#secret.length)
    this.#key = expandLabel(hash, this.#secret, 'key', keyLengthOf(this.#suite))
    this.#iv = expandLabel(hash, this.#secret, 'iv', 12)
    this.#sequence = 0
  }
}

/** What both sides of TLS 1.2 agreed on. */
export interface Agreed {
  readonly suite: CipherSuite
  readonly clientRandom: Uint8Array
  readonly serverRandom: Uint8Array
  readonly encryptThenMac: boolean
}

/** The keys of one side that a master secret of TLS 1.2 makes. */
export function keysOfMasterSecret(agreed: Agreed, masterSecret: Uint8Array, side: Side): RecordKeys {
  const { suite } = agreed
  const macLength = suite.mac === undefined ? 0 : hmac(suite.mac, masterSecret).length
  const keyLength = keyLengthOf(suite)
  const ivLength = suite.mac !== undefined ? 0 : suite.cipher === 'chacha20-poly1305' ? 12 : 4
  const block = keyBlock(
    suite.hash,
    masterSecret,
    agreed.serverRandom,
    agreed.clientRandom,
    2 * (macLength + keyLength + ivLength),
  )
  const which = side === 'client' ? 0 : 1
  const piece = (start: number, length: number) => block.subarray(start + which * length, start + (which + 1) * length)
  const macKey = piece(0, macLength)
  const key = piece(2 * macLength, keyLength)
  const iv = piece(2 * (macLength + keyLength), ivLength)
  return suite.mac === undefined
    ? new AeadKeys(suite, key, iv)
    : new CbcKeys(suite.cipher as string, key, suite.mac, macKey, agreed.encryptThenMac)
}

/** GCM and CCM carry half of the nonce in each record, ChaCha20 counts. */
class AeadKeys implements RecordKeys {
  readonly #suite: CipherSuite
  readonly #key: Uint8Array
  readonly #iv: Uint8Array
  #sequence = 0

  constructor(suite: CipherSuite, key: Uint8Array, iv: Uint8Array) {
    this.#suite = suite
    this.#key = key
    this.#iv = iv
  }

  open(record: Uint8Array): Content | undefined {
    const explicit = 12 - this.#iv.length
    const nonce =
      explicit === 0
        ? maskedNonce(this.#iv, this.#sequence)
        : Buffer.concat([this.#iv, record.subarray(headerLength, headerLength + explicit)], 12)
    const sealed = record.subarray(headerLength + explicit)
    const length = sealed.length - this.#suite.tagLength
    const bytes = openAead(this.#suite, this.#key, nonce, numbered(this.#sequence, record, length), sealed)
    if (bytes === undefined) return undefined
    this.#sequence++
    return { type: record[0] as number, bytes }
  }
}

class CbcKeys implements RecordKeys {
  readonly #cipher: string
  readonly #key: Uint8Array
  readonly #hash: string
  readonly #macKey: Uint8Array
  readonly #macLength: number
  readonly #encryptThenMac: boolean
  #sequence = 0

  constructor(cipher: string, key: Uint8Array, hash: string, macKey: Uint8Array, encryptThenMac: boolean) {
    this.#cipher = cipher
    this.#key = key
    this.#hash = hash
    this.#macKey = macKey
    this.#macLength = macKey.length
    this.#encryptThenMac = encryptThenMac
  }

  open(record: Uint8Array): Content | undefined {
    const bytes = this.#encryptThenMac ? this.#checkThenDecrypt(record) : this.#decryptThenCheck(record)
    if (bytes === undefined) return undefined
    this.#sequence++
    return { type: record[0] as number, bytes }
  }

  #checkThenDecrypt(record: Uint8Array): Uint8Array | undefined {
    const end = record.length - this.#macLength
    if (end < headerLength) return undefined
    const body = record.subarray(headerLength, end)
    return this.#authenticates(record, body, record.subarray(end)) ? this.#decrypt(body) : undefined
  }

  #decryptThenCheck(record: Uint8Array): Uint8Array | undefined {
    const inner = this.#decrypt(record.subarray(headerLength))
    const end = inner === undefined ? -1 : inner.length - this.#macLength
    if (inner === undefined || end < 0) return undefined
    const bytes = inner.subarray(0, end)
    return this.#authenticates(record, bytes, inner.subarray(end)) ? bytes : undefined
  }

  #authenticates(record: Uint8Array, bytes: Uint8Array, mac: Uint8Array): boolean {
    return equal(hmac(this.#hash, this.#macKey, numbered(this.#sequence, record, bytes.length), bytes), mac)
  }

  /** Without the IV before it and the padding behind it. */
  #decrypt(body: Uint8Array): Uint8Array | undefined {
    if (body.length < 2 * blockLength || body.length % blockLength !== 0) return undefined
    const decipher = createDecipheriv(this.#cipher, this.#key, body.subarray(0, blockLength)).setAutoPadding(false)
    const padded = Buffer.concat([decipher.update(body.subarray(blockLength)), decipher.final()])
    // What the padding holds, beside its length, says nothing.
    const end = padded.length - 1 - (padded.at(-1) as number)
    return end < 0 ? undefined : padded.subarray(0, end)
  }
}

const headerLength = 5
/** Of AES. */
const blockLength = 16

function keyLengthOf(suite: CipherSuite): number {
  return getCipherInfo(suite.cipher as string)?.keyLength ?? 0
}

function maskedNonce(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = Buffer.from(iv)
  const counter = sequenceBytes(sequence)
  for (let i = 0; i < 8; i++) nonce[4 + i] = (nonce[4 + i] as number) ^ (counter[i] as number)
  return nonce
}

/** What TLS 1.2 authenticates beside the content: number, type and version of the record, and the content's length. */
function numbered(sequence: number, record: Uint8Array, length: number): Uint8Array {
  return Buffer.concat([sequenceBytes(sequence), record.subarray(0, 3), Uint8Array.of(length >> 8, length & 0xff)])
}

function sequenceBytes(sequence: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUIntBE(sequence, 2, 6)
  return bytes
}

function openAead(
  suite: CipherSuite,
  key: Uint8Array,
  nonce: Uint8Array,
  beside: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - suite.tagLength
  if (length < 0) return undefined
  // The types know each mode by its own names; all of them take the same steps.
  const decipher = createDecipheriv(suite.cipher as CipherGCMTypes, key, nonce, { authTagLength: suite.tagLength })
  decipher.setAuthTag(sealed.subarray(length))
  decipher.setAAD(beside, { plaintextLength: length })
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, length)), decipher.final()])
  } catch {
    // The only way in which node:crypto says that a tag is wrong.
    return undefined
  }
}
