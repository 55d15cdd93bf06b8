/**
 * Zero-configuration TLS of MariaDB 11.4: a server whose certificate no authority has signed proves it by the password. The
 * info of its OK is 0x01 and 64 hex digits, a SHA-256 of three things: the password's hash, as both sides know it by the
 * plugin; the 20 bytes of the greeting's nonce, whatever nonce a switch brought; and the SHA-256 of the certificate. Who stands
 * in between has another certificate, or does not know the hash.
 *
 * Spec: https://mariadb.com/kb/en/secure-connections-overview/
 */
import { equal, sha256 } from '../auth/primitives.ts'

/**
 * Computes what a server puts into the info of its OK.
 *
 * Units: `passwordHash` is as `ClientPlugin.passwordHash` returns it, `nonce` 20 bytes, `fingerprint` 32 bytes, the result 65 bytes.
 */
export function certificateProof(passwordHash: Uint8Array, nonce: Uint8Array, fingerprint: Uint8Array): Uint8Array {
  const digest = Buffer.from(sha256(passwordHash, nonce, fingerprint))
  return Buffer.from(`\x01${digest.toString('hex').toUpperCase()}`, 'latin1')
}

/**
 * Whether the info of an OK proves that the server with this certificate knows the password. An empty `passwordHash` proves
 * nothing: everybody has it.
 */
export function provesCertificate(
  info: Uint8Array,
  passwordHash: Uint8Array,
  nonce: Uint8Array,
  fingerprint: Uint8Array,
): boolean {
  if (passwordHash.length === 0 || nonce.length !== 20 || fingerprint.length !== 32) return false
  return equal(info, certificateProof(passwordHash, nonce, fingerprint))
}
