/**
 * The key log that TLS libraries write (SSLKEYLOGFILE): the secrets by which somebody beside a connection can read it, looked up by
 * the random bytes of its ClientHello.
 *
 * Spec: https://firefox-source-docs.mozilla.org/security/nss/legacy/key_log_format/index.html
 */
import { Buffer } from 'node:buffer'

/** The master secret up to TLS 1.2, the traffic secrets of 1.3. */
const labels = [
  'CLIENT_RANDOM',
  'CLIENT_EARLY_TRAFFIC_SECRET',
  'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'CLIENT_TRAFFIC_SECRET_0',
  'SERVER_TRAFFIC_SECRET_0',
] as const

export type SecretLabel = (typeof labels)[number]

export class KeyLog {
  /** By client random. Bytes as Latin-1: a fresh string is the smallest thing, and does not hold its line in memory. */
  readonly #secrets: ReadonlyMap<string, Map<string, string>> = new Map(labels.map((label) => [label, new Map()]))

  /**
   * Takes whole lines; the last may lack its end. Comments, other labels and what is no such line are passed over. Of more than
   * 50,000 connections the oldest are forgotten.
   */
  add(text: string): void {
    for (const [, label = '', random = '', secret = ''] of text.matchAll(line)) {
      const secrets = this.#secrets.get(label) as Map<string, string>
      secrets.set(Buffer.from(random, 'hex').toString('latin1'), Buffer.from(secret, 'hex').toString('latin1'))
      if (secrets.size > mostConnections) secrets.delete(secrets.keys().next().value as string)
    }
  }

  /** Units: `clientRandom` is 32 bytes; the secret 48 bytes up to TLS 1.2, else as many as the suite's hash. */
  secret(label: SecretLabel, clientRandom: Uint8Array): Uint8Array | undefined {
    const secret = this.#secrets.get(label)?.get(Buffer.from(clientRandom).toString('latin1'))
    return secret === undefined ? undefined : Buffer.from(secret, 'latin1')
  }
}

const mostConnections = 50_000

/** A master secret has 48 bytes, a traffic secret 32 or 48. */
const line = new RegExp(
  `^(${labels.join('|')}) ([0-9a-fA-F]{64}) ([0-9a-fA-F]{64}(?:[0-9a-fA-F]{32})?)[ \\t\\r]*$`,
  'gm',
)
