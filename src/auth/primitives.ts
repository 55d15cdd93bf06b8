/**
 * The four things that every authentication plugin does with bytes: digest parts, mask, compare, wipe. This is the only
 * place of the core where secrets are compared.
 */
import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-1 of the parts in a row; 20 bytes. The joined copy of the parts is wiped. */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha1', parts)
}

/** SHA-256 of the parts in a row; 32 bytes. The joined copy of the parts is wiped. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha256', parts)
}

/**
 * The same digests at a third of the cost, for those that need no wiping: they pass through a string, which nobody can wipe.
 * Never of a password, and never one that proves it.
 */
export function sha1Quick(...parts: readonly Uint8Array[]): Uint8Array {
  return quickDigest('sha1', parts)
}

export function sha256Quick(...parts: readonly Uint8Array[]): Uint8Array {
  return quickDigest('sha256', parts)
}

/**
 * XORs `bytes` with `mask`, which repeats when it is shorter; as long as `bytes`.
 *
 * `mask` must not be empty: XOR with nothing would hand out `bytes` as they are.
 */
export function xor(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  if (mask.length === 0) throw new RangeError('the mask of an XOR is empty')
  const out = pooled(bytes.length)
  for (let i = 0; i < bytes.length; i++) out[i] = (bytes[i] as number) ^ (mask[i % mask.length] as number)
  return out
}

/** Whether two byte strings are the same; the time depends on their lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Overwrites secrets that are no longer needed. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

function digest(algorithm: 'sha1' | 'sha256', parts: readonly Uint8Array[]): Uint8Array {
  const joined = Buffer.concat(parts)
  const result = hash(algorithm, joined, 'buffer')
  joined.fill(0)
  return result
}

function quickDigest(algorithm: 'sha1' | 'sha256', parts: readonly Uint8Array[]): Uint8Array {
  const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  const text = hash(algorithm, bytes, 'latin1')
  const result = pooled(text.length)
  for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i)
  return result
}

/**
 * Memory from Node's pool, to be overwritten at once: a small array of its own is moved out of the heap, at some cost, when
 * native code first looks at it.
 */
function pooled(length: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(length)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
}
