/**
 * caching_sha2_password, MySQL's default since 8.0. Fast authentication proves the password by a scramble against a
 * SHA256(SHA256(password)) that the server remembers from an earlier login; full authentication sends the password itself
 * and compares it with the stored credential: `$A$`, the rounds, 20 bytes of salt and a SHA-256 crypt.
 *
 * Which odd answer gets which error is as measured on MySQL 9.7: all of them 1045, none of them "malformed".
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import { decided, deny, isEmptyAnswer, judgeEmptyAnswer, recovered, unexpectedData } from './dialogues.ts'
import { describeKey, type ExchangeRules, receivePassword, refuseNul, sendPassword } from './password-exchange.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, ServerDialogue, ServerProof } from './plugin.ts'
import { equal, sha256, sha256Quick, wipe, xor } from './primitives.ts'
import { formatCachingSha2, parseStoredCrypt, sha256Crypt } from './sha256-crypt.ts'

export const cachingSha2Password: AuthPlugin = {
  name: 'caching_sha2_password',
  nonceLength: 20,
  secrets: 'sent-encrypted-or-on-secure-channel',

  *client(login: ClientLogin): ClientDialogue {
    const data = yield scrambleCachingSha2Password(login.password, login.nonce)
    const status = data.length === 1 ? data[0] : undefined
    // The empty turn sends nothing: OK follows.
    if (status === fastAuthSuccess) throw unexpectedData(this.name, yield new Uint8Array(0))
    if (status !== fullAuthentication) throw unexpectedData(this.name, data, 'fast auth result')
    yield* sendPassword(this.name, login, cachingSha2Rules)
  },

  meaningOf(data: Uint8Array): string | undefined {
    if (data.length === 1 && data[0] === fastAuthSuccess) return 'fast authentication succeeded'
    if (data.length === 1 && data[0] === fullAuthentication) return 'full authentication is wanted'
    return describeKey(data)
  },

  server(proof: ServerProof): ServerDialogue {
    const { answer, nonce, authStrings, fastDigests, recover } = proof
    if (isEmptyAnswer(answer)) return decided(judgeEmptyAnswer(authStrings, recover))
    if (answer.length !== scrambleLength) return decided(deny('scramble-malformed'))
    const match = matchFastDigest(answer, nonce, fastDigests)
    if (match === undefined) return authenticateFully(proof)
    const { credential, once } = match
    return decided({
      verdict: 'accept',
      last: Uint8Array.of(fastAuthSuccess),
      credential,
      ...recovered(once, recover),
    })
  },

  fully: authenticateFully,

  store(password: Uint8Array, salt: Uint8Array, rounds: number): string {
    if (password.length === 0) return ''
    refuseNul(password)
    return formatCachingSha2({ rounds, salt, hash: sha256Crypt(password, salt, rounds) })
  },

  understands(authString: string): boolean {
    return authString === '' || (authString.startsWith('$A$') && parseStoredCrypt(authString) !== undefined)
  },
}

/**
 * Computes the scramble of fast authentication: SHA256(password) XOR SHA256(SHA256(SHA256(password)) || nonce).
 *
 * Units: `nonce` is 20 bytes without the trailing NUL of the greeting (other lengths give what a client that hashes other
 * bytes would send); the result is 32 bytes, or none for an empty password.
 */
export function scrambleCachingSha2Password(password: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (password.length === 0) return new Uint8Array(0)
  const once = sha256(password)
  const scramble = scrambleCachingSha2Digest(once, nonce)
  wipe(once)
  return scramble
}

/** Computes the scramble from SHA256(password), which is all of the password that it needs; none for an empty one. */
export function scrambleCachingSha2Digest(once: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (once.length === 0) return new Uint8Array(0)
  const twice = sha256(once)
  const scramble = xor(once, sha256(twice, nonce))
  wipe(twice)
  return scramble
}

/** Whether a scramble is that of the password with this SHA256(SHA256(password)). */
export function verifyFastDigest(scramble: Uint8Array, nonce: Uint8Array, fastDigest: Uint8Array): boolean {
  const once = recoverDigest(scramble, nonce, fastDigest)
  if (once !== undefined) wipe(once)
  return once !== undefined
}

/** SHA256(password), if the scramble is that of the password with this SHA256(SHA256(password)). */
function recoverDigest(scramble: Uint8Array, nonce: Uint8Array, fastDigest: Uint8Array): Uint8Array | undefined {
  if (scramble.length !== scrambleLength || fastDigest.length !== scrambleLength) return undefined
  const once = xor(scramble, sha256Quick(fastDigest, nonce))
  if (equal(sha256Quick(once), fastDigest)) return once
  wipe(once)
  return undefined
}

/** The digest that the scramble proves. An empty one in `fastDigests` holds the place of one not known yet. */
function matchFastDigest(
  scramble: Uint8Array,
  nonce: Uint8Array,
  fastDigests: readonly Uint8Array[],
): { readonly credential: number; readonly once: Uint8Array } | undefined {
  // The same work for an account without a digest as for one with: which of them logged in lately is nobody's business.
  if (fastDigests.length === 0) verifyFastDigest(scramble, nonce, new Uint8Array(scrambleLength))
  for (const [credential, fastDigest] of fastDigests.entries()) {
    const once = recoverDigest(scramble, nonce, fastDigest)
    if (once !== undefined) return { credential, once }
  }
  return undefined
}

function* authenticateFully(proof: ServerProof): ServerDialogue {
  return yield* receivePassword(proof, yield Uint8Array.of(fullAuthentication), cachingSha2Rules)
}

const scrambleLength = 32
/** How the password crosses the wire. */
export const cachingSha2Rules: ExchangeRules = { keyRequest: 0x02, clearOn: new Set(['tls', 'unix-socket']) }
export const fastAuthSuccess = 0x03
export const fullAuthentication = 0x04
