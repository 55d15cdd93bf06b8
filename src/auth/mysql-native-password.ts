/**
 * mysql_native_password: the SHA-1 scramble of MySQL 4.1, still the default of MariaDB. Its stored credential is
 * `*` and 40 hex digits of SHA1(SHA1(password)).
 *
 * The scramble is SHA1(password) XOR SHA1(nonce || SHA1(SHA1(password))). Whoever knows the stored credential and sees one
 * login can compute SHA1(password), which is enough to log in: keep both secret.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_native_password_authentication.html
 */
import { decided, deny, judgeEmptyAnswer, recovered, unexpectedData } from './dialogues.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, ServerDialogue, ServerProof, Verdict } from './plugin.ts'
import { equal, sha1, sha1Quick, wipe, xor } from './primitives.ts'

export const mysqlNativePassword: AuthPlugin = {
  name: 'mysql_native_password',
  nonceLength: 20,
  secrets: 'never-sent',

  *client({ password, nonce }: ClientLogin): ClientDialogue {
    throw unexpectedData('mysql_native_password', yield scrambleNativePassword(password, nonce))
  },

  /** SHA1(SHA1(password)); none for an empty password, which proves nothing. */
  passwordHash({ password }: ClientLogin): Uint8Array {
    return password.length === 0 ? new Uint8Array(0) : sha1(sha1(password))
  },

  server(proof: ServerProof): ServerDialogue {
    return decided(judge(proof))
  },

  store(password: Uint8Array): string {
    return password.length === 0
      ? ''
      : `*${Buffer.from(sha1(sha1(password)))
          .toString('hex')
          .toUpperCase()}`
  },

  understands(authString: string): boolean {
    return authString === '' || storedFormat.test(authString)
  },
}

/**
 * Computes the scramble of a client.
 *
 * Units: `nonce` is 20 bytes without the trailing NUL of the greeting (other lengths give what a client that hashes other
 * bytes would send); the result is 20 bytes, or none for an empty password.
 */
export function scrambleNativePassword(password: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (password.length === 0) return new Uint8Array(0)
  const once = sha1(password)
  const scramble = scrambleNativeDigest(once, nonce)
  wipe(once)
  return scramble
}

/** Computes the scramble from SHA1(password), which is all of the password that it needs; none for an empty one. */
export function scrambleNativeDigest(once: Uint8Array, nonce: Uint8Array): Uint8Array {
  return once.length === 0 ? new Uint8Array(0) : xor(once, sha1(nonce, sha1(once)))
}

/** Whether a scramble is that of the password behind `authString`; `false` for "no password" and unknown formats. */
export function verifyNativePassword(scramble: Uint8Array, nonce: Uint8Array, authString: string): boolean {
  const once = recoverDigest(scramble, nonce, authString)
  if (once !== undefined) wipe(once)
  return once !== undefined
}

/** SHA1(password), if the scramble is that of the password behind `authString`. */
function recoverDigest(scramble: Uint8Array, nonce: Uint8Array, authString: string): Uint8Array | undefined {
  if (scramble.length !== scrambleLength || !storedFormat.test(authString)) return undefined
  const twice = Buffer.from(authString.slice(1), 'hex')
  const once = xor(scramble, sha1Quick(nonce, twice))
  if (equal(sha1Quick(once), twice)) return once
  wipe(once)
  return undefined
}

function judge({ answer, nonce, authStrings, recover }: ServerProof): Verdict {
  if (answer.length === 0) return judgeEmptyAnswer(authStrings, recover)
  // MariaDB answers 1043 to any other length, the single NUL of "no password" included.
  if (answer.length !== scrambleLength) return deny('malformed-packet')
  for (const [credential, authString] of authStrings.entries()) {
    const once = recoverDigest(answer, nonce, authString)
    if (once !== undefined) return { verdict: 'accept', credential, ...recovered(once, recover) }
  }
  if (authStrings[0] === '') return deny('password-not-empty')
  return deny(
    authStrings.some((authString) => storedFormat.test(authString))
      ? 'scramble-mismatch'
      : 'stored-credential-unusable',
  )
}

const scrambleLength = 20
const storedFormat = /^\*[0-9A-Fa-f]{40}$/
