/**
 * What stands around a server's login machine in a test: a few accounts, one RSA key, remembered digests, and answers at
 * once to everything that the machine asks. No clock, no thread, no randomness: the same inputs give the same bytes.
 */
import { constants, createHash, createPublicKey, privateDecrypt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Account } from '../../src/accounts/account.ts'
import { account } from '../../src/accounts/defaults.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import { plugins } from '../../src/auth/plugins.ts'
import { maxStoredRounds, parseStoredCrypt, sha256Crypt } from '../../src/auth/sha256-crypt.ts'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import { serverError } from '../../src/errors/errors.ts'
import { nonceBytes } from '../../src/machine/exchanges.ts'
import { accessDenied } from '../../src/machine/public-error.ts'
import type {
  Attempt,
  LoginPolicy,
  Proof,
  ServerEffect,
  ServerInput,
  Stranger,
} from '../../src/machine/server-states.ts'
import { capability } from '../../src/packets/capabilities.ts'

/** The questions among the effects. */
export type Question = Extract<ServerEffect, { do: 'find-account' | 'check-secret' | 'admit' }>

export function isQuestion(effect: ServerEffect): effect is Question {
  return effect.do === 'find-account' || effect.do === 'check-secret' || effect.do === 'admit'
}

export interface World {
  readonly accounts: Pick<AccountSource, 'find'>
  /** Stands in for an unknown user. */
  readonly decoy: (user: string) => Account
  /** SHA256(SHA256(password)) that the account's last full authentication left behind. */
  readonly fastDigests: (account: Account) => readonly Uint8Array[]
  readonly nextNonce: () => Uint8Array
  readonly privateKey: string
  /** As the client appears in errors. */
  readonly host: string
  /** What is decided once the proof holds; `undefined` lets everybody in. */
  readonly admission?: (attempt: Attempt) => Extract<ServerInput, { is: 'denied' }> | undefined
}

/** The key of a real server, whose captures are in the same folder. */
export const privateKey = readFileSync(new URL('../vectors/captures/my97.rsa-private.pem', import.meta.url), 'utf8')
export const publicKey = publicKeyOf(privateKey)

export function publicKeyOf(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString()
}

/** All that MySQL offers, with or without TLS. */
export const everything = 0xdfffffff
export const withoutTls = (everything & ~capability.SSL) >>> 0

export function policy(changes: Partial<LoginPolicy> = {}): LoginPolicy {
  return {
    serverVersion: '9.7.4',
    capabilities: everything,
    mariadbCapabilities: 0,
    collationId: 255,
    defaultPlugin: plugins.get('caching_sha2_password')!,
    plugins,
    publicKey,
    allowClearPassword: true,
    hasBackend: false,
    ...changes,
  }
}

export function stranger(changes: Partial<Stranger> = {}): Stranger {
  return { connectionId: 7, host: 'localhost', channel: 'plaintext', ...changes }
}

export function world(changes: Partial<World> & Pick<World, 'accounts'>): World {
  const nonces = nonceSequence()
  return {
    decoy: (user) => decoyOf(user, 'caching_sha2_password'),
    fastDigests: () => [],
    nextNonce: () => nonces.next().value,
    privateKey,
    host: 'localhost',
    ...changes,
  }
}

/** A credential that no password has. */
export function decoyOf(user: string, plugin: string): Account {
  const crypt = `${'s'.repeat(20)}${plugin === 'sha256_password' ? '$' : ''}${'.'.repeat(43)}`
  const key = '97XNS3VHd0A013XhrWVZZ08cjS96R5kOG9s6mJXZhkk'
  const authString = {
    mysql_native_password: `*${'0'.repeat(40)}`,
    sha256_password: `$5$${crypt}`,
    ed25519: key,
    parsec: `P0:${'s'.repeat(24)}:${key}`,
  }[plugin]
  // Of any length: no account has such a name, but strangers do.
  return { ...account({ user: 'decoy', plugin, authString: authString ?? `$A$005$${crypt}` }), user }
}

/** 20 bytes in 0x01-0x7f without `$`, a new one each time. */
export function* nonceSequence(start = 1): Generator<Uint8Array, never> {
  for (let number = start; ; number++) {
    const digest = createHash('sha256').update(`nonce ${number}`).digest().subarray(0, 20)
    yield Uint8Array.from(digest, (byte) => (byte & 0x7f) % 0x24 || 0x7f)
  }
}

export function doubleSha256(password: string): Uint8Array {
  const once = createHash('sha256').update(password).digest()
  return createHash('sha256').update(once).digest()
}

/** Answers one question as a front door would. */
export function answerOf(world: World, question: Question): ServerInput {
  switch (question.do) {
    case 'find-account': {
      const { user } = question.login
      const found = world.accounts.find(user, { address: '127.0.0.1', name: world.host }) as Account | undefined
      const candidate =
        found === undefined
          ? { account: world.decoy(user), decoy: true, fastDigests: [] }
          : { account: found, decoy: false, fastDigests: world.fastDigests(found) }
      return { is: 'account', candidate, nonces: noncesFor(world, candidate.account) }
    }
    case 'check-secret':
      return { is: 'secret-checked', proof: judgeSecret(question, world.privateKey) }
    case 'admit':
      return admit(world, question.attempt, question.proof)
  }
}

/** For each exchange a nonce, filled up by itself to the length of the longest. */
function noncesFor(world: World, account: Account): Uint8Array {
  const each = nonceBytes({ ...account, alternatives: [], factors: [] })
  const nonces = new Uint8Array(nonceBytes(account))
  for (let at = 0; at < nonces.length; at += each) {
    const nonce = world.nextNonce()
    for (let i = 0; i < each; i++) nonces[at + i] = nonce[i % nonce.length] ?? 0
  }
  return nonces
}

function admit(world: World, attempt: Attempt, proof: Proof): ServerInput {
  const { login, usedPassword } = attempt
  if (proof.holds) return world.admission?.(attempt) ?? { is: 'admitted', statusFlags: 0x0002 }
  const { reason } = proof
  const error =
    reason === 'malformed-packet'
      ? serverError('ER_HANDSHAKE_ERROR')
      : reason === 'peer-identity'
        ? serverError('ER_ACCESS_DENIED_NO_PASSWORD_ERROR', login.user, world.host)
        : accessDenied(login.user, world.host, usedPassword)
  return { is: 'denied', reason, error }
}

function judgeSecret({ attempt, secret, form }: Extract<Question, { do: 'check-secret' }>, key: string): Proof {
  const opened = form === 'clear' ? Uint8Array.from(secret) : unseal(secret, attempt.nonce, key)
  const end = opened?.indexOf(0) ?? -1
  if (opened === undefined || end === -1 || end > 256) return fails('secret-malformed')
  if (form === 'clear' && end < opened.length - 1) return fails('secret-malformed')
  const password = opened.subarray(0, end)
  for (const [credential, stored] of attempt.authStrings.entries()) {
    const crypt = parseStoredCrypt(stored)
    if (crypt === undefined || crypt.rounds > maxStoredRounds) continue
    if (sha256Crypt(password, crypt.salt, crypt.rounds) === crypt.hash) return { holds: true, credential }
  }
  return fails('secret-mismatch')
}

/** Opens a sealed password; `undefined` when it does not open. */
export function unseal(secret: Uint8Array, nonce: Uint8Array, key: string): Uint8Array | undefined {
  try {
    const masked = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, secret)
    return masked.map((byte, i) => byte ^ (nonce[i % nonce.length] as number))
  } catch {
    return undefined
  }
}

function fails(reason: DenyReason): Proof {
  return { holds: false, reason, detail: undefined }
}
