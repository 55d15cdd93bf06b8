/**
 * caching_sha2_password, MySQL's default since 8.0. Fast authentication proves the password by a scramble against a
 * SHA256(SHA256(password)) that the server remembers from an earlier login; full authentication sends the password itself
 * and compares it with the stored credential: `$A$`, the rounds, 20 bytes of salt and a SHA-256 crypt.
 *
 * Which odd answer gets which error is as measured on MySQL 9.7: all of them 1045, none of them "malformed".
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import { decided, deny, isEmptyAnswer, judgeEmptyAnswer, unexpectedData } from './dialogues.ts'
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
    yield* sendPassword(this.name, login, rules)
  },

  meaningOf(data: Uint8Array): string | undefined {
    if (data.length === 1 && data[0] === fastAuthSuccess) return 'fast authentication succeeded'
    if (data.length === 1 && data[0] === fullAuthentication) return 'full authentication is wanted'
    return describeKey(data)
  },

  server(proof: ServerProof): ServerDialogue {
    const { answer, nonce, authStrings, fastDigests } = proof
    if (isEmptyAnswer(answer)) return decided(judgeEmptyAnswer(authStrings))
    if (answer.length !== scrambleLength) return decided(deny('scramble-malformed'))
    const credential = matchFastDigest(answer, nonce, fastDigests)
    if (credential === -1) return authenticateFully(proof)
    return decided({ verdict: 'accept', last: Uint8Array.of(fastAuthSuccess), credential })
  },

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
  const twice = sha256(once)
  const scramble = xor(once, sha256(twice, nonce))
  wipe(once, twice)
  return scramble
}

/** Whether a scramble is that of the password with this SHA256(SHA256(password)). */
export function verifyFastDigest(scramble: Uint8Array, nonce: Uint8Array, fastDigest: Uint8Array): boolean {
  if (scramble.length !== scrambleLength || fastDigest.length !== scrambleLength) return false
  const once = xor(scramble, sha256Quick(fastDigest, nonce))
  const matches = equal(sha256Quick(once), fastDigest)
  wipe(once)
  return matches
}

/** The index of the digest that the scramble proves, or -1. An empty digest holds the place of one not known yet. */
function matchFastDigest(scramble: Uint8Array, nonce: Uint8Array, fastDigests: readonly Uint8Array[]): number {
  // The same work for an account without a digest as for one with: which of them logged in lately is nobody's business.
  if (fastDigests.length === 0) verifyFastDigest(scramble, nonce, new Uint8Array(scrambleLength))
  return fastDigests.findIndex((fastDigest) => verifyFastDigest(scramble, nonce, fastDigest))
}

function* authenticateFully(proof: ServerProof): ServerDialogue {
  return yield* receivePassword(proof, yield Uint8Array.of(fullAuthentication), rules)
}

const scrambleLength = 32
const rules: ExchangeRules = { keyRequest: 0x02, clearOn: new Set(['tls', 'unix-socket']) }
const fastAuthSuccess = 0x03
const fullAuthentication = 0x04
