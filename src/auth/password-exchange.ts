/**
 * How a password itself crosses the wire, for caching_sha2_password (full authentication) and sha256_password: in clear
 * and NUL-terminated where that is allowed; elsewhere sealed with the server's RSA key, which the client may ask for. The
 * two plugins differ in the byte of the key request and in where clear is allowed.
 *
 * Sealing is RSA-OAEP (SHA-1) of (password + NUL) XOR nonce. Its padding is the one randomness of the core, inside
 * `node:crypto`.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import { constants, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto'
import { ChannelRefused, ConfigurationError } from '../errors/errors.ts'
import { deny, unexpectedData } from './dialogues.ts'
import type { Channel, ClientDialogue, ClientLogin, ServerDialogue, ServerProof } from './plugin.ts'
import { wipe, xor } from './primitives.ts'

/** In what the two plugins differ. */
export interface ExchangeRules {
  /** The packet by which a client asks for the server's key. */
  readonly keyRequest: number
  /** Where the password is sent in clear. */
  readonly clearOn: ReadonlySet<Channel>
}

/**
 * Server half: takes `answer`, whatever it is, as the client's password packet or its request for the key.
 *
 * Where clear passwords travel everything is one, the byte of a key request too (as in MySQL 9.7). Elsewhere a packet without the length of the key's modulus cannot be a sealed password. The key is given once.
 */
export function* receivePassword(
  { channel, publicKey }: ServerProof,
  answer: Uint8Array,
  rules: ExchangeRules,
): ServerDialogue {
  if (rules.clearOn.has(channel)) return { verdict: 'check-secret', secret: answer, form: 'clear' }
  if (publicKey === undefined) return deny('insecure-channel')
  const asked = answer.length === 1 && answer[0] === rules.keyRequest
  const secret = asked ? yield Buffer.from(publicKey, 'latin1') : answer
  if (secret.length !== sealedLength(publicKey)) return deny('secret-malformed')
  return { verdict: 'check-secret', secret, form: 'sealed' }
}

/**
 * Client half: sends the password in the form that the channel allows.
 *
 * Throws: `ChannelRefused`, before any secret byte, when the channel is plaintext and there is no key and none may be
 * asked for, or when the password is too long for the key; `ProtocolViolation` when the server sends a key that is none, or
 * more data after the password; `ConfigurationError` when the pinned key is none.
 * After: the packet with the password is wiped, however the dialogue ends.
 */
export function* sendPassword(plugin: string, login: ClientLogin, rules: ExchangeRules): ClientDialogue {
  const { password, nonce, channel, serverPublicKey, mayRequestPublicKey } = login
  if (rules.clearOn.has(channel)) return yield* deliver(plugin, withNul(password))
  if (serverPublicKey === undefined && !mayRequestPublicKey) {
    throw new ChannelRefused(plugin, 'Authentication requires secure connection.')
  }
  const key =
    serverPublicKey === undefined
      ? receivedPublicKey(plugin, yield Uint8Array.of(rules.keyRequest))
      : rsaPublicKey(serverPublicKey)
  const longest = modulusLength(key) - oaepOverhead - 1
  if (password.length > longest) {
    throw new ChannelRefused(plugin, `only ${longest} bytes of password fit the server's RSA key; use TLS`)
  }
  yield* deliver(plugin, seal(password, nonce, key))
}

/** Sends the packet that holds the password; the server can only end the dialogue after it. */
export function* deliver(plugin: string, packet: Uint8Array): ClientDialogue {
  try {
    throw unexpectedData(plugin, yield packet)
  } finally {
    wipe(packet)
  }
}

/** The password as it travels on a secure channel. */
export function withNul(password: Uint8Array): Uint8Array {
  const packet = new Uint8Array(password.length + 1)
  packet.set(password)
  return packet
}

/**
 * Refuses a password that could be stored, but would never compare equal because a NUL ends it on the wire.
 *
 * Throws: `ConfigurationError`.
 */
export function refuseNul(password: Uint8Array): void {
  if (password.includes(0)) throw new ConfigurationError('the password holds a NUL byte')
}

/**
 * Reads the RSA public key (PEM, SPKI) of a server.
 *
 * Throws: `ConfigurationError` when it is not one, or not of 2048 to 16384 bits.
 */
export function rsaPublicKey(pem: string): KeyObject {
  if (latest?.pem === pem) return latest.key
  const key = readPublicKey(pem)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 16384) {
    throw new ConfigurationError(
      `the password exchange needs an RSA key of 2048 to 16384 bits, not ${key.asymmetricKeyType} of ${bits} bits`,
    )
  }
  latest = { pem, key }
  return key
}

/** What AuthMoreData is, when it is a key. */
export function describeKey(data: Uint8Array): string | undefined {
  return data.length > 256 && data[0] === '-'.charCodeAt(0) ? "the server's RSA public key" : undefined
}

function readPublicKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    // The cause is left out: a private key given by mistake must not travel with an error.
    throw new ConfigurationError('the RSA public key is not a PEM that can be read')
  }
}

function receivedPublicKey(plugin: string, data: Uint8Array): KeyObject {
  try {
    if (data.length <= longestPem) return rsaPublicKey(Buffer.from(data).toString('latin1'))
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
  }
  throw unexpectedData(plugin, data, 'RSA public key of 2048 bits or more')
}

function seal(password: Uint8Array, nonce: Uint8Array, key: KeyObject): Uint8Array {
  const clear = withNul(password)
  const masked = xor(clear, nonce)
  const sealed = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, masked)
  wipe(clear, masked)
  return sealed
}

/** Bytes of a secret sealed with this key. A server has one key: what was read of the last one is remembered. */
function sealedLength(publicKey: string): number {
  if (publicKey !== lastKey.pem) lastKey = { pem: publicKey, length: modulusLength(rsaPublicKey(publicKey)) }
  return lastKey.length
}

let lastKey = { pem: '', length: 0 }

function modulusLength(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/** A server has one key and asks for it at every login: parsing it costs more than the rest of the turn. */
let latest: { readonly pem: string; readonly key: KeyObject } | undefined

/** Two SHA-1 digests and two bytes (RFC 8017, 7.1.1). */
const oaepOverhead = 42

/** Bytes; a 16384-bit key takes 2.8 kB. */
const longestPem = 8192
