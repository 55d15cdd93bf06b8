/**
 * From the secrets of a key log to the keys of records: the part of TLS's key schedules that lies behind the handshake.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc8446#section-7.1
 */
import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'

/**
 * HKDF-Expand-Label of TLS 1.3, without a context.
 *
 * Units: `length` is at most that of the hash, which all that TLS derives of a traffic secret is.
 */
export function expandLabel(hash: string, secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`, 'latin1')
  const info = Buffer.concat([Uint8Array.of(length >> 8, length & 0xff, name.length), name, Uint8Array.of(0, 1)])
  return hmac(hash, secret, info).subarray(0, length)
}

/** The PRF of TLS 1.2 as it expands a master secret: the keys of both sides in a row. */
export function keyBlock(
  hash: string,
  masterSecret: Uint8Array,
  serverRandom: Uint8Array,
  clientRandom: Uint8Array,
  length: number,
): Uint8Array {
  const seed = Buffer.concat([Buffer.from('key expansion', 'latin1'), serverRandom, clientRandom])
  const parts: Uint8Array[] = []
  for (let made = 0, a = hmac(hash, masterSecret, seed); made < length; a = hmac(hash, masterSecret, a)) {
    const part = hmac(hash, masterSecret, a, seed)
    parts.push(part)
    made += part.length
  }
  return Buffer.concat(parts, length)
}

export function hmac(hash: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac(hash, key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}
