/**
 * parsec: MariaDB's signature over both sides' nonces, since 11.6. The key is Ed25519's, from a seed that PBKDF2 derives from
 * the password and a salt; so each guess costs a thousand digests, and the same password has another key in each account.
 *
 *     server  nonce, 32 bytes
 *     client  nothing: an empty packet, which asks for the salt
 *     server  'P', the factor, 18 bytes of salt
 *     client  its own nonce, 32 bytes; the signature of the server's nonce and its own, 64 bytes
 *
 * The stored credential is `P`, the factor as a digit, `:`, the salt, `:` and the public key, both in base64 without padding;
 * 1024 doubled factor times is how often PBKDF2 iterates.
 *
 * Spec: https://mariadb.com/kb/en/authentication-plugin-parsec/
 */
import { createPrivateKey, createPublicKey, type KeyObject, pbkdf2Sync, sign } from 'node:crypto'
import { verifyEd25519 } from './client-ed25519.ts'
import { deny, unexpectedData } from './dialogues.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, ServerDialogue, ServerProof } from './plugin.ts'
import { wipe } from './primitives.ts'

export const parsec: AuthPlugin = {
  name: 'parsec',
  nonceLength: 32,
  secrets: 'never-sent',
  storesEmptyPassword: true,

  *client(login: ClientLogin): ClientDialogue {
    const { password, nonce, clientNonce } = login
    const extSalt = yield new Uint8Array(0)
    if (!isExtSalt(extSalt)) throw unexpectedData(this.name, extSalt, 'the salt, with a factor of 0 to 3')
    const { privateKey, publicKey } = deriveKeys(password, extSalt)
    if (password.length > 0) passwordHashes.set(login, Buffer.concat([extSalt, publicKey]))
    const signature = sign(null, Buffer.concat([nonce, clientNonce]), privateKey)
    throw unexpectedData(this.name, yield Buffer.concat([clientNonce, signature]))
  },

  /**
   * What the server stores, in binary: factor, salt and public key. None before `client`, with this very `login`, has heard the
   * salt, and none for an empty password, which proves nothing.
   */
  passwordHash(login: ClientLogin): Uint8Array {
    return passwordHashes.get(login) ?? new Uint8Array(0)
  },

  meaningOf(data: Uint8Array): string | undefined {
    return isExtSalt(data) ? `salt for ${iterations(data)} iterations` : undefined
  },

  /** Knows the current credential only: its salt is out before the client has proven anything. */
  *server({ answer, nonce, authStrings }: ServerProof): ServerDialogue {
    const stored = parseStored(authStrings[0] ?? '')
    if (stored === undefined) return deny('stored-credential-unusable')
    if (answer.length !== 0) return deny('scramble-malformed')
    const proof = yield stored.extSalt
    if (proof.length === 0) return deny('no-password')
    if (proof.length !== nonceLength + signatureLength) return deny('scramble-malformed')
    const message = Buffer.concat([nonce, proof.subarray(0, nonceLength)])
    return verifyEd25519(proof.subarray(nonceLength), message, stored.publicKey)
      ? { verdict: 'accept', credential: 0 }
      : deny('scramble-mismatch')
  },

  /** An empty password is one like any other. Of `salt` the first 18 bytes are taken; `rounds` are always 1024. */
  store(password: Uint8Array, salt: Uint8Array): string {
    const extSalt = Uint8Array.of(pbkdf2, 0, ...salt.subarray(0, saltLength))
    const { publicKey } = deriveKeys(password, extSalt)
    return `P0:${unpadded(extSalt.subarray(2))}:${unpadded(publicKey)}`
  },

  /** The empty string, of an account that never got a password, is understood and lets nobody in. */
  understands(authString: string): boolean {
    return authString === '' || parseStored(authString) !== undefined
  },
}

/** By login, for as long as somebody holds that: the salt is the server's word, and the hash is asked for after it. */
const passwordHashes = new WeakMap<ClientLogin, Uint8Array>()

/** Derived once: the seed is wiped, and the private key lives in OpenSSL's memory. */
function deriveKeys(password: Uint8Array, extSalt: Uint8Array): { privateKey: KeyObject; publicKey: Uint8Array } {
  const seed = pbkdf2Sync(password, extSalt.subarray(2), iterations(extSalt), 32, 'sha512')
  const der = Buffer.concat([pkcs8Head, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  wipe(seed, der)
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return { privateKey, publicKey: spki.subarray(-32) }
}

/** More than 8192 iterations would let a server that nobody knows yet burn the client's time. */
function isExtSalt(data: Uint8Array): boolean {
  return data.length === 2 + saltLength && data[0] === pbkdf2 && (data[1] as number) <= 3
}

function iterations(extSalt: Uint8Array): number {
  return 1024 << (extSalt[1] as number)
}

function parseStored(authString: string): { extSalt: Uint8Array; publicKey: Uint8Array } | undefined {
  const [, factor, salt, key] = storedFormat.exec(authString) ?? []
  if (factor === undefined || salt === undefined || key === undefined) return undefined
  const extSalt = Buffer.concat([Buffer.of(pbkdf2, Number(factor)), Buffer.from(salt, 'base64')])
  return { extSalt, publicKey: Buffer.from(key, 'base64') }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace('=', '')
}

/** `P`: PBKDF2 with SHA-512, the only derivation there is. */
const pbkdf2 = 0x50
const saltLength = 18
const nonceLength = 32
const signatureLength = 64
const storedFormat = /^P([0-3]):([A-Za-z0-9+/]{24}):([A-Za-z0-9+/]{43})$/
/** What stands before the 32 bytes of an Ed25519 seed in a PKCS #8 key (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')
