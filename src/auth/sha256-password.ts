/**
 * sha256_password, the deprecated predecessor of caching_sha2_password: every login sends the password itself, in clear on
 * a secure channel and sealed with RSA on a plaintext one. Its stored credential is `$5$`, 20 bytes of salt, `$` and a
 * SHA-256 crypt of 5000 rounds.
 *
 * Spec: https://dev.mysql.com/doc/refman/8.4/en/sha256-pluggable-authentication.html
 */
import { decided, isEmptyAnswer, judgeEmptyAnswer } from './dialogues.ts'
import {
  deliver,
  describeKey,
  type ExchangeRules,
  receivePassword,
  refuseNul,
  sendPassword,
} from './password-exchange.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, ServerDialogue, ServerProof } from './plugin.ts'
import { formatSha256Password, parseStoredCrypt, sha256Crypt, sha256PasswordRounds } from './sha256-crypt.ts'

export const sha256Password: AuthPlugin = {
  name: 'sha256_password',
  nonceLength: 20,
  secrets: 'sent-encrypted-or-on-secure-channel',

  client(login: ClientLogin): ClientDialogue {
    return login.password.length === 0
      ? deliver(this.name, new Uint8Array(1))
      : sendPassword(this.name, login, sha256Rules)
  },

  meaningOf: describeKey,

  server(proof: ServerProof): ServerDialogue {
    return isEmptyAnswer(proof.answer)
      ? decided(judgeEmptyAnswer(proof.authStrings))
      : receivePassword(proof, proof.answer, sha256Rules)
  },

  /** The format has no place for `rounds`: they are always 5000. */
  store(password: Uint8Array, salt: Uint8Array): string {
    if (password.length === 0) return ''
    refuseNul(password)
    const hash = sha256Crypt(password, salt, sha256PasswordRounds)
    return formatSha256Password({ rounds: sha256PasswordRounds, salt, hash })
  },

  understands(authString: string): boolean {
    return authString === '' || (authString.startsWith('$5$') && parseStoredCrypt(authString) !== undefined)
  },
}

/** A unix socket is no secure channel for this plugin: mysqld 9.7 and libmysqlclient use the RSA key there. */
/** How the password crosses the wire. */
export const sha256Rules: ExchangeRules = { keyRequest: 0x01, clearOn: new Set(['tls']) }
