/**
 * client_ed25519: MariaDB's signature in the place of a scramble. Accounts call the plugin `ed25519`, and its stored
 * credential is the public key, in base64 without padding.
 *
 * The keys are those of Ed25519 with one change: what SHA-512 expands is the password, of any length, where Ed25519 takes a
 * seed of 32 bytes. `node:crypto` cannot sign so; `@noble/curves` can, and is loaded when somebody signs or stores a password.
 * Verifying is Ed25519 as everybody knows it.
 *
 * Whoever sees one login, or the stored credential, can try passwords against it at the cost of one digest and one point
 * multiplication each: `parsec` makes that dearer.
 *
 * Spec: https://mariadb.com/kb/en/authentication-plugin-ed25519/
 */
import { createPublicKey, hash, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { decided, deny, unexpectedData } from './dialogues.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, ServerDialogue, ServerProof, Verdict } from './plugin.ts'
import { wipe } from './primitives.ts'

export const clientEd25519: AuthPlugin = {
  name: 'client_ed25519',
  accountPlugin: 'ed25519',
  nonceLength: 32,
  secrets: 'never-sent',
  storesEmptyPassword: true,

  *client({ password, nonce }: ClientLogin): ClientDialogue {
    throw unexpectedData(this.name, yield signClientEd25519(password, nonce))
  },

  /** The public key. An empty password has one too, but so has everybody: it proves nothing. */
  passwordHash({ password }: ClientLogin): Uint8Array {
    return password.length === 0 ? new Uint8Array(0) : publicKeyOf(password)
  },

  server(proof: ServerProof): ServerDialogue {
    return decided(judge(proof))
  },

  /** An empty password is one like any other, as in MariaDB 11.8. */
  store(password: Uint8Array): string {
    return Buffer.from(publicKeyOf(password)).toString('base64').slice(0, 43)
  },

  /** The empty string, which MariaDB 10.11 stores for an empty password, is understood and lets nobody in. */
  understands(authString: string): boolean {
    return authString === '' || storedFormat.test(authString)
  },
}

/** Signs a nonce with the key that the password expands to. Units: the result is 64 bytes. */
export function signClientEd25519(password: Uint8Array, nonce: Uint8Array): Uint8Array {
  const { BASE, Fn } = loadCurve()
  const { scalar, prefix } = expand(password)
  const publicKey = BASE.multiply(scalar).toBytes()
  const r = modOrder(sha512(prefix, nonce))
  const commitment = BASE.multiply(r).toBytes()
  const challenge = modOrder(sha512(commitment, publicKey, nonce))
  wipe(prefix)
  return Buffer.concat([commitment, Fn.toBytes(Fn.add(r, Fn.mul(challenge, scalar)))])
}

/** Whether a signature of `message` is that of a public key (32 bytes, raw); `false` for what is no signature or no key. */
export function verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== signatureLength || publicKey.length !== 32) return false
  const key = createPublicKey({ key: Buffer.concat([spkiHead, publicKey]), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}

function judge({ answer, nonce, authStrings }: ServerProof): Verdict {
  if (answer.length === 0) return deny('no-password')
  if (answer.length !== signatureLength) return deny('scramble-malformed')
  const keys = authStrings.map((authString) =>
    storedFormat.test(authString) ? Buffer.from(authString, 'base64') : none,
  )
  const credential = keys.findIndex((key) => verifyEd25519(answer, nonce, key))
  if (credential !== -1) return { verdict: 'accept', credential }
  return deny(keys.some((key) => key.length > 0) ? 'scramble-mismatch' : 'stored-credential-unusable')
}

function publicKeyOf(password: Uint8Array): Uint8Array {
  const { scalar, prefix } = expand(password)
  wipe(prefix)
  return loadCurve().BASE.multiply(scalar).toBytes()
}

/** The secret scalar and the prefix of nonces, as in RFC 8032, section 5.1.5. */
function expand(password: Uint8Array): { readonly scalar: bigint; readonly prefix: Uint8Array } {
  const expanded = sha512(password)
  expanded[0] = (expanded[0] as number) & 0xf8
  expanded[31] = ((expanded[31] as number) & 0x3f) | 0x40
  const scalar = modOrder(expanded.subarray(0, 32))
  wipe(expanded.subarray(0, 32))
  return { scalar, prefix: expanded.subarray(32) }
}

function modOrder(littleEndian: Uint8Array): bigint {
  return loadCurve().Fn.create(BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`))
}

function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = Buffer.concat(parts)
  const digest = hash('sha512', joined, 'buffer')
  wipe(joined)
  return digest
}

/** The group of points, with its multiples of the base point worked out: 50 ms at the first call. */
function loadCurve() {
  curve ??= (require('@noble/curves/ed25519.js') as typeof import('@noble/curves/ed25519.js')).ed25519.Point
  return curve
}

let curve: typeof import('@noble/curves/ed25519.js').ed25519.Point | undefined
const require = createRequire(import.meta.url)
const none = new Uint8Array(0)
const signatureLength = 64
const storedFormat = /^[A-Za-z0-9+/]{43}$/
/** What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')
