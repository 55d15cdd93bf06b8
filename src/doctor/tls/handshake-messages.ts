/**
 * The messages of a TLS handshake that tell something to somebody beside it: both hellos, and the server's certificates.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc8446#section-4
 */
import { Buffer } from 'node:buffer'
import { MalformedPacket } from '../../errors/errors.ts'
import { latin1 } from '../../wire/reader.ts'

export interface ClientHello {
  /** 32 bytes. */
  readonly random: Uint8Array
  /** The highest that it offers. */
  readonly version: number
  readonly serverName: string | undefined
  /** It may send data before it has heard anything. */
  readonly earlyData: boolean
}

export interface ServerHello {
  readonly random: Uint8Array
  /** The one that it chose. */
  readonly version: number
  readonly suite: number
  readonly compressed: boolean
  readonly encryptThenMac: boolean
  /** Of TLS 1.3: it goes on with a session of before. */
  readonly resumes: boolean
  /** It asks for another ClientHello. */
  readonly isRetry: boolean
}

/** Throws: `MalformedPacket`. */
export function decodeClientHello(body: Uint8Array): ClientHello {
  const reader = new MessageReader(body, 'ClientHello')
  const legacyVersion = reader.uint(2, 'legacy_version')
  const random = new Uint8Array(reader.bytes(32, 'random'))
  reader.vector(1, 'legacy_session_id')
  reader.vector(2, 'cipher_suites')
  reader.vector(1, 'legacy_compression_methods')
  const extensions = decodeExtensions(reader)
  return {
    random,
    version: highestVersion(extensions.get(extension.supportedVersions)) ?? legacyVersion,
    serverName: decodeServerName(extensions.get(extension.serverName)),
    earlyData: extensions.has(extension.earlyData),
  }
}

/** Throws: `MalformedPacket`. */
export function decodeServerHello(body: Uint8Array): ServerHello {
  const reader = new MessageReader(body, 'ServerHello')
  const legacyVersion = reader.uint(2, 'legacy_version')
  const random = new Uint8Array(reader.bytes(32, 'random'))
  reader.vector(1, 'legacy_session_id_echo')
  const suite = reader.uint(2, 'cipher_suite')
  const compressed = reader.uint(1, 'legacy_compression_method') !== 0
  const extensions = decodeExtensions(reader)
  return {
    random,
    version: extensions.get(extension.supportedVersions)?.uint(2, 'selected_version') ?? legacyVersion,
    suite,
    compressed,
    encryptThenMac: extensions.has(extension.encryptThenMac),
    resumes: extensions.has(extension.preSharedKey),
    isRetry: latin1(random) === retryRandom,
  }
}

/**
 * The certificates of a Certificate message, as copies: ten at most, and none of more than 32 KiB. In TLS 1.3 each of them is
 * followed by extensions, and a context comes first.
 *
 * Throws: `MalformedPacket`.
 */
export function decodeCertificates(body: Uint8Array, version: number): Uint8Array[] {
  const reader = new MessageReader(body, 'Certificate')
  if (version === 0x0304) reader.vector(1, 'certificate_request_context')
  const list = reader.vector(3, 'certificate_list')
  const certificates: Uint8Array[] = []
  while (list.remaining > 0 && certificates.length < 10) {
    const der = list.vector(3, 'cert_data').rest()
    if (version === 0x0304) list.vector(2, 'extensions')
    if (der.length <= 32_768) certificates.push(new Uint8Array(der))
  }
  return certificates
}

const extension = { serverName: 0, encryptThenMac: 22, preSharedKey: 41, earlyData: 42, supportedVersions: 43 } as const

/** The random bytes by which a ServerHello is a HelloRetryRequest: SHA-256 of "HelloRetryRequest". */
const retryRandom = latin1(Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'))

/** The first of each type. */
function decodeExtensions(reader: MessageReader): Map<number, MessageReader> {
  const extensions = new Map<number, MessageReader>()
  // A hello of old has none.
  if (reader.remaining === 0) return extensions
  const list = reader.vector(2, 'extensions')
  while (list.remaining > 0) {
    const type = list.uint(2, 'extension_type')
    const data = list.vector(2, 'extension_data')
    if (!extensions.has(type)) extensions.set(type, data)
  }
  return extensions
}

/** Numbers that mean nothing are there to be passed over, and to keep servers used to them. */
function highestVersion(data: MessageReader | undefined): number | undefined {
  if (data === undefined) return undefined
  const versions = data.vector(1, 'versions')
  let highest: number | undefined
  while (versions.remaining > 0) {
    const version = versions.uint(2, 'version')
    if (version >> 8 === 3 && version > (highest ?? 0)) highest = version
  }
  return highest
}

function decodeServerName(data: MessageReader | undefined): string | undefined {
  if (data === undefined) return undefined
  const names = data.vector(2, 'server_name_list')
  while (names.remaining > 0) {
    const type = names.uint(1, 'name_type')
    const name = names.vector(2, 'host_name').rest()
    if (type === 0) return latin1(name.subarray(0, 255))
  }
  return undefined
}

/** TLS is big-endian, and counts lengths in one to three bytes. */
class MessageReader {
  readonly #message: string
  readonly #body: Uint8Array
  /** Where `#body` begins in the message. */
  readonly #start: number
  #offset = 0

  constructor(body: Uint8Array, message: string, start = 0) {
    this.#body = body
    this.#message = message
    this.#start = start
  }

  get remaining(): number {
    return this.#body.length - this.#offset
  }

  uint(size: number, field: string): number {
    return this.bytes(size, field).reduce((value, byte) => value * 256 + byte, 0)
  }

  bytes(length: number, field: string): Uint8Array {
    if (length > this.remaining) {
      const offset = this.#start + this.#offset
      throw new MalformedPacket({ packet: this.#message, field, offset, needed: length, available: this.remaining })
    }
    this.#offset += length
    return this.#body.subarray(this.#offset - length, this.#offset)
  }

  /** What a length of `size` bytes announces, to be read on its own. */
  vector(size: number, field: string): MessageReader {
    const length = this.uint(size, field)
    const start = this.#start + this.#offset
    return new MessageReader(this.bytes(length, field), this.#message, start)
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest')
  }
}
