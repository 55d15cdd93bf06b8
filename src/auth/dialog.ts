/**
 * dialog: a conversation between the server's plugin and a person, such as PAM wants it. The server asks, the client answers
 * with text and a NUL; the byte before each question says of what kind it is, and whether it is the last.
 *
 *     0x02  a question, what is typed may be seen       0x03  the same, the last one
 *     0x04  a question for a password                   0x05  the same, the last one
 *
 * MariaDB's `pam` opens without a question and takes the password. MySQL has the client half, for plugins that others write.
 *
 * Spec: https://mariadb.com/kb/en/authentication-plugin-pam/
 */
import { unexpectedData } from './dialogues.ts'
import { mysqlClearPassword } from './mysql-clear-password.ts'
import { deliver, withNul } from './password-exchange.ts'
import type { AuthPlugin, ClientDialogue, ClientLogin, Question } from './plugin.ts'
import { wipe } from './primitives.ts'

export const dialog: AuthPlugin = {
  name: 'dialog',
  nonceLength: 0,
  opening: Buffer.from('\x04Password: '),
  secrets: 'sent-in-clear',
  speaksBare: true,

  /** The first question for a password is answered with the one that the caller gave; a person answers all others. */
  *client({ password, nonce }: ClientLogin): ClientDialogue {
    let passwordIsDue = password.length > 0
    let asked = nonce.length === 0 ? unspoken : parseQuestion(nonce)
    for (;;) {
      const { question, last } = asked
      let answer = password
      if (question.echo || !passwordIsDue) answer = yield question
      else passwordIsDue = false
      const packet = withNul(answer)
      if (last) return yield* deliver(this.name, packet)
      try {
        asked = parseQuestion(yield packet)
      } finally {
        wipe(packet)
      }
    }
  },

  meaningOf(data: Uint8Array): string | undefined {
    const kind = kinds.get(data[0])
    return kind && `${kind.last ? 'the last' : 'a'} question${kind.echo ? '' : ' for a password'}`
  },

  // One question, and the answer to it is a password like any other.
  server: mysqlClearPassword.server,
  store: mysqlClearPassword.store,
  understands: mysqlClearPassword.understands,
}

interface Asked {
  readonly question: Question
  readonly last: boolean
}

/** Throws: `ProtocolViolation` for a kind that does not exist. */
function parseQuestion(data: Uint8Array): Asked {
  const kind = kinds.get(data[0])
  if (kind === undefined) throw unexpectedData('dialog', data, 'a question')
  return { question: { ask: printable(data.subarray(1)), echo: kind.echo }, last: kind.last }
}

/**
 * The words of a server that may be anybody, for a terminal: no control characters, nothing that turns the direction of writing,
 * one line. Longer questions are cut at 1 KiB.
 */
function printable(text: Uint8Array): string {
  return utf8
    .decode(text.subarray(0, maxQuestion))
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    .trim()
}

const kinds: ReadonlyMap<number | undefined, { readonly echo: boolean; readonly last: boolean }> = new Map([
  [0x02, { echo: true, last: false }],
  [0x03, { echo: true, last: true }],
  [0x04, { echo: false, last: false }],
  [0x05, { echo: false, last: true }],
])
/** What a server means that says nothing: PAM may have more to ask. */
const unspoken: Asked = { question: { ask: 'Password:', echo: false }, last: false }
const maxQuestion = 1024
const utf8 = new TextDecoder()
