/**
 * A wrong proof and what would have made it: the battery of hypotheses. Whoever knows the verifier of an account, or its password, can
 * tell whether a client hashed 21 bytes of a 20-byte nonce, or had a newline behind its password.
 *
 * What comes out names deviations, and holds nothing of a password. docs/near-proofs.md lists them.
 */
import { nonceVariants } from './near-proof-nonces.ts'
import { readingsOf, type SecretSurroundings } from './near-proof-readings.ts'
import { passwordVariants } from './password-variants.ts'
import { equal, sha1, sha1Quick, sha256, sha256Quick, wipe, xor } from './primitives.ts'
import { scramble323 } from './scramble-323.ts'

export { sayNearProof } from './near-proof-words.ts'

/** What is known of the secret. */
export type Verifier =
  | { readonly kind: 'password'; readonly password: Uint8Array }
  /** SHA1(SHA1(password)), as mysql_native_password stores it. */
  | { readonly kind: 'native'; readonly twice: Uint8Array }
  /** SHA256(SHA256(password)), as caching_sha2_password remembers it. */
  | { readonly kind: 'sha2'; readonly twice: Uint8Array }

/** A proof that was given. */
export interface GivenProof {
  /** The plugin that was asked. */
  readonly plugin: string
  readonly answer: Uint8Array
  /** 20 bytes. */
  readonly nonce: Uint8Array
  /** Of the other exchanges of this connection: a client may have used a stale one. */
  readonly otherNonces: readonly OtherNonce[]
  readonly user: string
  /** The credential as the server keeps it, where that is known: people paste it in the place of the password. */
  readonly stored?: string | undefined
}

export interface OtherNonce {
  readonly of: 'greeting' | 'switch' | 'change-user'
  readonly nonce: Uint8Array
}

/** What reproduces the proof. */
export interface NearProof {
  /** Slug of the nonce: `right`, `21-bytes`, `8-bytes`, `19-bytes`, `greeting-nonce`, `until-nul`, `ascii` ... */
  readonly nonce: string
  /** Slug of the password: `right`, `trailing-newline`, `percent-decoded`, `latin1`, `cut-at-16` ... */
  readonly password: string
  /** Slug of the computation: `right`, `mysql_native_password`, `caching_sha2_password`, `reversed`, `clear` ... */
  readonly algorithm: string
  /** The nonce was to mask a password that was sent, not to be hashed. */
  readonly masks?: true
}

/**
 * Finds what made a proof: of all that reproduce it, the one with the fewest deviations. All three `right`: the proof holds.
 * `undefined`: none of the hypotheses.
 *
 * A digest judges no scramble of the other plugin, and only a password can be varied: with a digest, what is tried are the
 * nonces, the order, and passwords that can be guessed without the right one.
 * Costs up to some thousand hashes with a password, and some hundred with a digest.
 */
export function explainProof(given: GivenProof, verifier: Verifier): NearProof | undefined {
  const { answer } = given
  if (answer.length === 0 || (answer.length === 1 && answer[0] === 0)) {
    const none = verifier.kind === 'password' && verifier.password.length === 0
    return { nonce: 'right', password: none ? 'right' : 'empty', algorithm: 'right' }
  }
  const candidates = candidatesOf(given, verifier)
  const found =
    explainScramble(given, candidates) ??
    explainBrokenScramble(given, candidates) ??
    explainOldScramble(given, candidates) ??
    explainClear(given, candidates)
  for (const { bytes } of candidates) if (bytes !== undefined) wipe(bytes)
  return found
}

/** The same for a password that was sent: in clear, or inside RSA, as `around` says. Not wiped. */
export function explainSecret(
  received: Uint8Array,
  password: Uint8Array,
  around: SecretSurroundings = { form: 'clear' },
): NearProof | undefined {
  const variants = passwordVariants(password, around)
  let best: NearProof | undefined
  for (const { text, ...reading } of readingsOf(received, around)) {
    for (const { slug, bytes } of variants) {
      const near = { ...reading, password: slug }
      if (deviations(near) < deviations(best) && equal(text, bytes)) best = near
    }
    wipe(text)
  }
  for (const { bytes } of variants) wipe(bytes)
  return best
}

/** In how many points it is not right; infinite for what explains nothing. */
export function deviations(near: NearProof | undefined): number {
  if (near === undefined) return Number.POSITIVE_INFINITY
  return Number(near.nonce !== 'right') + Number(near.password !== 'right') + Number(near.algorithm !== 'right')
}

/** A password that may have been meant, or what is known of it. */
type Candidate =
  | { readonly slug: string; readonly bytes: Uint8Array }
  | { readonly slug: string; readonly bytes: undefined; readonly kind: 'native' | 'sha2'; readonly twice: Uint8Array }

function candidatesOf(given: GivenProof, verifier: Verifier): Candidate[] {
  const around = { user: given.user, stored: given.stored ?? storedNative(verifier) }
  if (verifier.kind === 'password') return passwordVariants(verifier.password, around)
  return [{ ...verifier, slug: 'right', bytes: undefined }, ...passwordVariants(undefined, around)]
}

function storedNative(verifier: Verifier): string | undefined {
  if (verifier.kind === 'sha2') return undefined
  const twice = verifier.kind === 'native' ? verifier.twice : sha1(sha1(verifier.password))
  return `*${Buffer.from(twice).toString('hex').toUpperCase()}`
}

/** The two plugins that mix a digest with the nonce; they differ in the hash, and in which comes first. */
const families = [
  { plugin: 'mysql_native_password', kind: 'native', length: 20, nonceFirst: true, hash: sha1, quick: sha1Quick },
  { plugin: 'caching_sha2_password', kind: 'sha2', length: 32, nonceFirst: false, hash: sha256, quick: sha256Quick },
] as const

type Family = (typeof families)[number]

function explainScramble(given: GivenProof, candidates: readonly Candidate[]): NearProof | undefined {
  const family = families.find(({ length }) => length === given.answer.length)
  if (family === undefined) return undefined
  const own = family.plugin === given.plugin
  const digests = candidates.flatMap((candidate) => digestsOf(family, candidate))
  const nonces = [...nonceVariants(given)]
  let best: NearProof | undefined
  for (const reversed of [false, true]) {
    const straight = own ? 'right' : family.plugin
    const algorithm = reversed ? (own ? 'reversed' : `${family.plugin}-reversed`) : straight
    for (const { slug: nonce, bytes } of nonces) {
      for (const { slug: password, once, twice, empty } of digests) {
        const near = { nonce, password, algorithm: empty ? 'empty-hashed' : algorithm }
        if (deviations(near) >= deviations(best)) continue
        const mask = reversed === family.nonceFirst ? family.quick(twice, bytes) : family.quick(bytes, twice)
        const shown = xor(given.answer, mask)
        if (once === undefined ? equal(family.hash(shown), twice) : equal(shown, once)) best = near
        wipe(shown)
      }
    }
  }
  for (const { once } of digests) if (once !== undefined) wipe(once)
  return best
}

interface Digests {
  readonly slug: string
  /** Unknown where only `twice` is kept. */
  readonly once: Uint8Array | undefined
  readonly twice: Uint8Array
  readonly empty: boolean
}

/** Computed once for all nonces; none where nothing is known for this hash. */
function digestsOf({ kind, hash }: Family, candidate: Candidate): Digests[] {
  const { slug, bytes } = candidate
  if (bytes === undefined) {
    return candidate.kind === kind ? [{ slug, once: undefined, twice: candidate.twice, empty: false }] : []
  }
  const once = hash(bytes)
  return [{ slug, once, twice: hash(once), empty: bytes.length === 0 }]
}

/** A scramble with a NUL behind it, as of a C string, or one that somebody read as a C string. */
function explainBrokenScramble(given: GivenProof, candidates: readonly Candidate[]): NearProof | undefined {
  const { answer, plugin, nonce } = given
  const own = families.find((family) => family.plugin === plugin)
  if (own === undefined) return undefined
  if (answer.length === own.length + 1 && answer.at(-1) === 0) {
    const found = explainScramble({ ...given, answer: answer.subarray(0, -1) }, candidates)
    return found && { ...found, algorithm: 'nul-behind' }
  }
  const password = candidates[0]?.bytes
  // Fewer bytes prove nothing.
  if (password === undefined || answer.length < 4 || answer.length >= own.length) return undefined
  const once = own.hash(password)
  const twice = own.hash(once)
  const whole = xor(once, own.nonceFirst ? own.hash(nonce, twice) : own.hash(twice, nonce))
  wipe(once)
  const isCut = whole[answer.length] === 0 && equal(whole.subarray(0, answer.length), answer)
  return isCut ? { nonce: 'right', password: 'right', algorithm: 'cut-at-nul' } : undefined
}

/** 8 bytes, with a NUL behind them or without. */
function explainOldScramble(given: GivenProof, candidates: readonly Candidate[]): NearProof | undefined {
  const { answer } = given
  if (answer.length !== 8 && !(answer.length === 9 && answer[8] === 0)) return undefined
  let best: NearProof | undefined
  for (const { slug: nonce, bytes } of nonceVariants(given)) {
    for (const { slug: password, bytes: meant } of candidates) {
      if (meant === undefined || meant.length === 0 || bytes.length < 8) continue
      const near = { nonce, password, algorithm: 'mysql_old_password' }
      if (deviations(near) < deviations(best) && equal(scramble323(meant, bytes), answer.subarray(0, 8))) best = near
    }
  }
  return best
}

/** The password itself, where a scramble was asked for or not. */
function explainClear(given: GivenProof, candidates: readonly Candidate[]): NearProof | undefined {
  const wanted = plainPlugins.has(given.plugin)
  let best: NearProof | undefined
  for (const { text, ...reading } of readingsOf(given.answer, { ...given, form: 'clear' })) {
    for (const candidate of candidates) {
      const near = { ...reading, password: candidate.slug, algorithm: wanted ? reading.algorithm : 'clear' }
      if (text.length > 0 && deviations(near) < deviations(best) && isText(candidate, text)) best = near
    }
    wipe(text)
  }
  return best
}

function isText(candidate: Candidate, text: Uint8Array): boolean {
  if (candidate.bytes !== undefined) return equal(candidate.bytes, text)
  const hash = candidate.kind === 'native' ? sha1 : sha256
  return equal(hash(hash(text)), candidate.twice)
}

/** Those to which the password itself is an answer. */
const plainPlugins: ReadonlySet<string> = new Set(['mysql_clear_password', 'sha256_password', 'dialog'])
