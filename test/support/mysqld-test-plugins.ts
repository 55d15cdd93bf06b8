/** The plugins of mysqld's own test suite that some captured accounts have: what their server halves ask and accept. */
import { mysqlClearPassword } from '../../src/auth/mysql-clear-password.ts'
import type { AuthPlugin, ServerProof, Verdict } from '../../src/auth/plugin.ts'

/** By the name that accounts use. All take the password in clear on any channel. */
export const mysqldTestPlugins: ReadonlyMap<string, AuthPlugin> = new Map([
  ['cleartext_plugin_server', testPlugin('mysql_clear_password', undefined, [])],
  ['two_questions', testPlugin('dialog', '\x04Password, please:', [['\x03Are you sure ?', 'yes, of course']])],
  ['three_attempts', testPlugin('dialog', '\x04Password, please:', [])],
])

/** `more` are questions behind the password, with the answer that is right. */
function testPlugin(
  name: string,
  opening: string | undefined,
  more: readonly (readonly [question: string, answer: string])[],
): AuthPlugin {
  return {
    ...mysqlClearPassword,
    name,
    secrets: 'never-sent',
    ...(opening !== undefined && { opening: Buffer.from(opening) }),
    *server({ answer, authStrings }: ServerProof): Generator<Uint8Array, Verdict, Uint8Array> {
      if (text(answer) !== `${authStrings[0]}\0`) return { verdict: 'deny', reason: 'secret-mismatch' }
      for (const [question, right] of more) {
        if (text(yield Buffer.from(question)) !== `${right}\0`) return { verdict: 'deny', reason: 'secret-mismatch' }
      }
      return { verdict: 'accept', credential: 0 }
    },
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
