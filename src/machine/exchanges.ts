/**
 * The exchanges of a login, one after the other: the alternatives of the first factor, until one of them holds, then every
 * further factor. Who fails a factor learns nothing of those behind it. As in mysqld, a client that can do one factor only is
 * refused when that one is proven, not before.
 *
 * An alternative that cannot be asked for (a socket plugin, a clear password on a plaintext channel) is passed over as long as
 * there is another; MariaDB counts it as one that failed.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/multifactor-authentication.html
 * Spec: https://mariadb.com/kb/en/authentication-from-mariadb-104/
 */
import type { Account } from '../accounts/account.ts'
import type { AuthPlugin, Channel, ServerDialogue, Verdict } from '../auth/plugin.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { encodeAuthMoreData } from '../packets/auth-more-data.ts'
import { encodeAuthNextFactor } from '../packets/auth-next-factor.ts'
import { encodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { Login } from './login.ts'
import type { Attempt, Candidate, HoldingProof, LoginPolicy, Proof, RelayedPacket } from './server-states.ts'
import { wayToProof } from './way-to-proof.ts'

/** An exchange that the server begins. */
export interface Asked {
  readonly by: 'switch' | 'next-factor'
  readonly attempt: Attempt
}

export type Exchange =
  | Asked
  /** The answer came with the login, or with COM_CHANGE_USER. */
  | { readonly by: 'first-answer'; readonly attempt: Attempt }
  | { readonly by: 'nothing'; readonly plugin: string; readonly reason: DenyReason; readonly detail?: string }

/** What an exchange depends on beside the account. */
export interface Surroundings {
  readonly channel: Channel
  readonly policy: LoginPolicy
  /** The login is a COM_CHANGE_USER. */
  readonly again: boolean
  readonly greetingNonce: Uint8Array
}

/** How many bytes of nonce the exchanges of an account may use. */
export function nonceBytes({ alternatives, factors }: Account): number {
  return longestNonce * (1 + alternatives.length + factors.length)
}

/** The first exchange of a login; `nothing` names the last of the alternatives, none of which can be asked for. */
export function firstExchange(login: Login, candidate: Candidate, nonces: Uint8Array, around: Surroundings): Exchange {
  return alternativeFrom(0, { login, candidate, factor: 1, usedPassword: false, failed: [], nonces }, around)
}

/** What follows a proof: another exchange, or what is to be said of the whole login. */
export function followUp(attempt: Attempt, proof: Proof, around: Surroundings): Asked | Proof {
  const next = proof.holds ? nextFactor(attempt, around) : nextAlternative(attempt, proof.reason, around)
  if (next?.by === 'switch' || next?.by === 'next-factor') return next
  if (attempt.candidate.decoy) return { holds: false, reason: decoyReason(proof), detail: undefined }
  if (next?.by !== 'nothing') return inFactor(attempt.factor, proof)
  return inFactor(attempt.factor + 1, { holds: false, reason: next.reason, detail: next.detail })
}

/** What an accepted exchange proves. What a plugin recovered of the password signs a backend's nonce in its own way. */
export function holding(verdict: Verdict & { verdict: 'accept' }, plugin: AuthPlugin): HoldingProof {
  const { credential, last, recovered } = verdict
  const kind = plugin.name === 'mysql_native_password' ? 'sha1' : 'sha256'
  return {
    holds: true,
    credential,
    ...(last !== undefined && { last }),
    ...(recovered !== undefined && { signer: { kind, bytes: recovered } }),
  }
}

/** Full authentication behind a fast one that held; `undefined` for plugins that know no such thing. */
export function fullExchange(attempt: Attempt, { channel, policy }: Surroundings): ServerDialogue | undefined {
  const { nonce, authStrings, plugin } = attempt
  const around = { channel, publicKey: policy.publicKey, recover: policy.hasBackend, fastDigests: [] }
  return plugin.fully?.({ answer: new Uint8Array(0), nonce, authStrings, ...around })
}

/** AuthSwitchRequest or AuthNextFactor. */
export function encodeQuestion({ by, attempt }: Asked): Uint8Array {
  const encode = by === 'next-factor' ? encodeAuthNextFactor : encodeAuthSwitchRequest
  return encode({ authPluginName: attempt.plugin.name, authPluginData: dataOf(attempt) })
}

/** What a backend said, for the client. */
export function encodeRelayed(packet: RelayedPacket): Uint8Array {
  if (packet.kind === 'more-data') return encodeAuthMoreData(packet)
  const encode = packet.kind === 'next-factor' ? encodeAuthNextFactor : encodeAuthSwitchRequest
  return encode({ authPluginName: packet.plugin, authPluginData: packet.data })
}

/** Whether the exchange is about the account's own plugin and credential, and so about what is remembered of it. */
export function isOwnCredential({ factor, alternative }: Attempt): boolean {
  return factor === 1 && alternative === 0
}

/** The 20 bytes of a nonce end in a NUL on the wire, as a C string; others are bare, and what is no nonce is as it is. */
function dataOf({ plugin, nonce }: Attempt): Uint8Array {
  if (plugin.nonceLength === 0) return plugin.opening ?? new Uint8Array(0)
  return plugin.nonceLength === 20 ? withNul(nonce) : nonce
}

export function withNul(nonce: Uint8Array): Uint8Array {
  const data = new Uint8Array(nonce.length + 1)
  data.set(nonce)
  return data
}

/** What may be tried behind an alternative that failed for `reason`; `undefined`: nothing is left. */
function nextAlternative(attempt: Attempt, reason: DenyReason, around: Surroundings): Exchange | undefined {
  if (attempt.factor > 1 || !triesOn(reason) || !has(attempt.login.capabilities, capability.PLUGIN_AUTH))
    return undefined
  const base = { ...attempt, failed: [...attempt.failed, reason] }
  const exchange = alternativeFrom(attempt.alternative + 1, base, around)
  return exchange.by === 'nothing' ? undefined : exchange
}

/** What is asked for behind a factor that is proven; `undefined`: there is no other. */
function nextFactor(attempt: Attempt, around: Surroundings): Exchange | undefined {
  const { login, candidate, factor } = attempt
  const next = candidate.account.factors[factor - 1]
  if (next === undefined) return undefined
  if (!has(login.capabilities, capability.MULTI_FACTOR_AUTHENTICATION)) {
    return { by: 'nothing', plugin: next.plugin, reason: 'no-multi-factor' }
  }
  const way = wayToProof(login, next.plugin, around.channel, around.policy, true)
  if (way.by === 'nothing') return { ...way, plugin: next.plugin }
  const base = { ...attempt, factor: factor + 1, failed: [] }
  return {
    by: 'next-factor',
    attempt: withNonce({ ...base, alternative: 0, authStrings: [next.authString] }, way.plugin),
  }
}

type Base = Omit<Attempt, 'alternative' | 'authStrings' | 'plugin' | 'nonce'>

/** The first alternative from `from` on that can be asked for. */
function alternativeFrom(from: number, base: Base, around: Surroundings): Exchange {
  const { account } = base.candidate
  const { greetingNonce, channel, policy, again } = around
  let refusal: Exchange = { by: 'nothing', plugin: account.plugin, reason: 'plugin-unknown' }
  for (let alternative = from; alternative <= account.alternatives.length; alternative++) {
    const { plugin, authString } = account.alternatives[alternative - 1] ?? account
    // The answer that came with the login is one to the greeting's nonce, and that is used once.
    const way = wayToProof(base.login, plugin, channel, policy, again || from > 0)
    if (way.by === 'nothing') {
      refusal = { ...way, plugin }
      continue
    }
    const retained = alternative === 0 ? account.retainedAuthString : undefined
    const authStrings = retained === undefined ? [authString] : [authString, retained]
    const tried = { ...base, alternative, authStrings }
    if (way.by === 'switch') return { by: 'switch', attempt: withNonce(tried, way.plugin) }
    return { by: 'first-answer', attempt: { ...tried, plugin: way.plugin, nonce: greetingNonce } }
  }
  return refusal
}

/** Takes a nonce from the fresh bytes. */
function withNonce(tried: Omit<Attempt, 'plugin' | 'nonce'>, plugin: AuthPlugin): Attempt {
  if (tried.nonces.length < plugin.nonceLength) throw new RangeError('too few fresh bytes for a nonce')
  const nonce = tried.nonces.slice(0, plugin.nonceLength)
  return { ...tried, plugin, nonce, nonces: tried.nonces.subarray(longestNonce) }
}

/** Whether another alternative may still hold: not when the client broke the rules, nor when nobody could judge. */
function triesOn(reason: DenyReason): boolean {
  return reason !== 'malformed-packet' && reason !== 'verifier-overloaded' && reason !== 'verifier-failed'
}

/** Says in the detail which factor failed, if it was not the first. */
function inFactor(factor: number, proof: Proof): Proof {
  if (proof.holds || factor === 1) return proof
  return { ...proof, detail: [`factor ${factor}`, proof.detail].filter((part) => part !== undefined).join(': ') }
}

function decoyReason(proof: Proof): DenyReason {
  const reason = proof.holds ? 'unknown-account' : proof.reason
  return reason === 'malformed-packet' || reason === 'verifier-overloaded' ? reason : 'unknown-account'
}

/** Of client_ed25519 and parsec. */
const longestNonce = 32
