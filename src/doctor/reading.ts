/** What several findings read off an observation in the same way. */
import { deviations, type NearProof } from '../auth/near-proof.ts'
import { sayNearProof } from '../auth/near-proof-words.ts'
import type { Evidence, Known } from './finding.ts'
import { fingerprintOf, sayClient } from './fingerprint.ts'
import type { Observation, SeenExchange } from './observation.ts'

/** Plugins whose proof is a digest over 20 bytes of nonce, or masks the password with them. */
export const noncePlugins: ReadonlySet<string> = new Set([
  'mysql_native_password',
  'caching_sha2_password',
  'sha256_password',
])

/** Clients that ask for the server's RSA key only when they are permitted to. */
export const asksForKeyOnPermission: ReadonlySet<string> = new Set([
  'Connector/J',
  'MariaDB Connector/J',
  'MariaDB Connector/Node.js',
  'MariaDB Connector/J or Connector/Node.js',
  'MySqlConnector',
])

/** Plugins of which the server remembers nothing, or not always, and then wants the password itself. */
const sendsPassword: ReadonlySet<string> = new Set(['caching_sha2_password', 'sha256_password'])

const fullAuthentication = 0x04
const pem = Buffer.from('-----BEGIN')
/** "Got an error reading communication packets": what MySQL says into a connection whose client has gone. */
const clientHasGone = 1158

/** Whether the login was refused, by one of these errors if any are given. */
export function wasRefused(seen: Observation, ...codes: readonly number[]): boolean {
  const { outcome, error } = seen
  return outcome === 'refused' && (codes.length === 0 || (error !== undefined && codes.includes(error.code)))
}

/** A line that quotes the error. */
export function sayError({ error }: Observation): string[] {
  if (error === undefined) return []
  const state = error.sqlState === undefined ? '' : ` (${error.sqlState})`
  return [`the server answers ${error.code}${state}: ${error.message}`]
}

/** Whether the client ended the connection before there was a verdict. */
export function clientLeft(seen: Observation): boolean {
  return seen.outcome === 'aborted' ? seen.end.by === 'client' : wasRefused(seen, clientHasGone)
}

/** Whether the client left after the greeting, without a word. */
export function leftAtGreeting(seen: Observation): boolean {
  return seen.greeting !== undefined && clientLeft(seen) && seen.packets.every(({ from }) => from === 'server')
}

/** The exchange at which the client left without any answer. */
export function abandoned(seen: Observation): SeenExchange | undefined {
  const last = seen.exchanges.at(-1)
  return last !== undefined && last.by !== 'login' && last.answers.length === 0 && clientLeft(seen) ? last : undefined
}

/** What is proven by a client that left when it was asked for one of these plugins. */
export function byAbandoned(seen: Observation, ...plugins: readonly string[]): Evidence | undefined {
  const { plugin, channel } = abandoned(seen) ?? {}
  if (plugin === undefined || !plugins.includes(plugin)) return undefined
  const line = `the server asks for ${plugin} on ${channel}; the client closes without an answer`
  return { certain: true, lines: [line, sayClient(fingerprintOf(seen))] }
}

/** The exchange at which the server wants the password itself, and the client's answer to that; `undefined` where none came. */
export function passwordWanted(
  seen: Observation,
): { exchange: SeenExchange; answer: Uint8Array | undefined } | undefined {
  const exchange = seen.exchanges.findLast(({ plugin }) => sendsPassword.has(plugin))
  if (exchange === undefined) return undefined
  if (exchange.plugin === 'sha256_password') return { exchange, answer: exchange.answers[0] }
  const [status] = exchange.moreData
  return status?.length === 1 && status[0] === fullAuthentication
    ? { exchange, answer: exchange.answers[1] }
    : undefined
}

/** The exchange at which the client left because it would have had to send the password on a plaintext channel. */
export function leftWithoutPassword(seen: Observation): SeenExchange | undefined {
  const wanted = passwordWanted(seen)
  if (wanted === undefined || wanted.answer !== undefined || wanted.exchange !== seen.exchanges.at(-1)) return undefined
  return wanted.exchange.channel === 'plaintext' && clientLeft(seen) ? wanted.exchange : undefined
}

/** The single byte that asks for the server's RSA key. */
export function isKeyRequest({ plugin }: SeenExchange, answer: Uint8Array | undefined): boolean {
  return answer?.length === 1 && answer[0] === (plugin === 'sha256_password' ? 1 : 2)
}

export function isPublicKey(data: Uint8Array | undefined): boolean {
  return data !== undefined && pem.equals(data.subarray(0, pem.length))
}

/** Whether a length is that of something sealed with RSA. Units: bytes; keys have 1024 bits or more, in steps of 64. */
export function isSealedLength(length: number): boolean {
  return length >= 128 && length % 8 === 0
}

/** Nobody has tested the proofs, so that what the client is known for is the best that can be said. */
export function isUntested({ proofs, passwordGiven }: Known): boolean {
  return !passwordGiven && proofs.length === 0
}

/** Whether the proofs were tested, and each is the right one. */
export function proofHolds({ proofs, incomplete }: Known): boolean {
  return incomplete !== true && proofs.length > 0 && proofs.every((near) => deviations(near) === 0)
}

/** What is proven by a proof that was explained: that clause, and what `lines` add. */
export function byProof(
  known: Known,
  explains: (near: NearProof) => boolean,
  ...lines: string[]
): Evidence | undefined {
  const near = known.proofs.find(explains)
  return near && { certain: true, lines: [sayNearProof(near), ...lines] }
}
