/**
 * mysql_clear_password: the client sends the password and a NUL. MySQL has only the client half, for servers whose plugin
 * hands the password on (PAM, LDAP, IAM tokens); the server half here compares it with a stored credential in the format
 * of caching_sha2_password, or leaves it to the account source. Who may run it where is `machine/channel-policy.ts`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/cleartext-pluggable-authentication.html
 */
import { cachingSha2Password } from './caching-sha2-password.ts'
import { decided, deny, isEmptyAnswer } from './dialogues.ts'
import { deliver, withNul } from './password-exchange.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, ServerDialogue, ServerProof } from './plugin.ts'

export const mysqlClearPassword: AuthPlugin = {
  name: 'mysql_clear_password',
  nonceLength: 0,
  secrets: 'sent-in-clear',

  client({ password }: ClientLogin): ClientDialogue {
    return deliver(this.name, withNul(password))
  },

  server({ answer }: ServerProof): ServerDialogue {
    // Without exception: an account source may ask an LDAP server, and for LDAP an empty password is an anonymous bind.
    if (isEmptyAnswer(answer)) return decided(deny('no-password'))
    // Trilogy leaves the NUL out.
    const secret = answer.at(-1) === 0 ? answer : withNul(answer)
    return decided({ verdict: 'check-secret', secret, form: 'clear' })
  },

  store: cachingSha2Password.store,
  understands: cachingSha2Password.understands,
}
