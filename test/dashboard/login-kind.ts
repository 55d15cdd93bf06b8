/** What one scripted login is: what its client does, and as what it must count. Known from the client's side and the manuals, not from a counter. */
import assert from 'node:assert/strict'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import { type Credentials, Stranger } from '../threats/stranger.ts'

/** The door as its clients know it. */
export interface ScriptedDoor {
  readonly port: number
  readonly socketPath: string
  /** KILL, by an administrator who is logged in. */
  kill(connectionId: number): Promise<void>
}

export type Channel = 'plaintext' | 'tls' | 'unix-socket'

/** One login that ended. */
export interface Counted {
  /** `undefined`: it was admitted. */
  readonly reason?: DenyReason
  /** It was a COM_CHANGE_USER. */
  readonly again?: true
  readonly plugin: string
  /** Chosen for the login: the user of an account for any host, or the whole name of another. */
  readonly account?: string
  readonly channel: Channel
  /** The version that was agreed on; `tried`: the client asked for TLS and there was none. */
  readonly tls?: 'TLSv1.2' | 'TLSv1.3' | 'tried'
  /** What was waited for in it, each once. */
  readonly phases: readonly string[]
  /** The error that the client read; `undefined`: it saw none, or did not stay to look. */
  readonly code?: number
  /** The session that it ended in, or came from, ended without COM_QUIT. */
  readonly aborts?: true
  /** Not from 127.0.0.1, of which the host cache keeps nothing: what is counted there. */
  readonly host?: { readonly address: string; readonly counter: string }
}

export interface Kind {
  readonly name: string
  /** How many of all are of this kind. */
  readonly weight: number
  /** Resolves when the client has left. Rejects when it saw anything else than this kind of login does. */
  run(door: ScriptedDoor): Promise<readonly Counted[]>
}

/** `undefined`: closed without a word; 0: OK. */
export type Answer = number | undefined

/** A kind whose logins all count as the same. The last of them is answered as `act` says. */
export function kind(
  name: string,
  weight: number,
  counted: Counted | readonly Counted[],
  act: (door: ScriptedDoor) => Promise<Answer>,
): Kind {
  const all = Array.isArray(counted) ? (counted as readonly Counted[]) : [counted as Counted]
  const last = all.at(-1)
  const expected = last?.reason === undefined ? 0 : last.code
  return {
    name,
    weight,
    run: async (door) => {
      assert.equal(await act(door), expected, name)
      return all
    },
  }
}

const greeted = ['accepted', 'greeting', 'login']
const said = [...greeted, 'account']
const encrypted = [...greeted, 'tls', 'login-over-tls']

/** What logins wait for, by how far they come. */
export const way = {
  turnedAway: ['accepted'],
  greeted,
  /** The login names the account's plugin, and brings what decides. */
  said,
  /** The account has another plugin. */
  switched: [...said, 'auth-switch-answer'],
  /** Asked for more than the scramble, and gone. */
  asked: [...said, 'auth-answer'],
  /** The password itself was sent, after the scramble. */
  full: [...said, 'auth-answer', 'secret-check'],
  askedForTls: [...greeted, 'tls'],
  encrypted,
  switchedOverTls: [...encrypted, 'account', 'auth-switch-answer'],
  fastOverTls: [...encrypted, 'account'],
  fullOverTls: [...encrypted, 'account', 'auth-answer', 'secret-check'],
  /** sha256_password, to which clients have to be switched, and which has no scramble. */
  secretOverTls: [...encrypted, 'account', 'auth-switch-answer', 'secret-check'],
  secretByRsa: [...said, 'auth-switch-answer', 'auth-answer', 'secret-check'],
  /** COM_CHANGE_USER always switches. */
  changed: ['account', 'auth-switch-answer'],
  changedInVain: ['account'],
} as const

export const password = 'pw-right'
export const native = 'mysql_native_password'
export const sha2 = 'caching_sha2_password'
export const sha256 = 'sha256_password'

export interface Login extends Credentials {
  readonly over?: Channel
  readonly tls?: 'TLSv1.2' | 'TLSv1.3'
  readonly leaves?: 'quit' | 'abruptly'
}

/** Logs in, and leaves. */
export function logsIn({ over = 'plaintext', tls = 'TLSv1.3', leaves = 'quit', ...credentials }: Login) {
  return (door: ScriptedDoor): Promise<Answer> =>
    greeting(door, over, async (stranger) => {
      if (over === 'tls') await stranger.startTls({ minVersion: tls, maxVersion: tls })
      const answer = answerOf(await stranger.login(credentials))
      if (answer === 0 && leaves === 'quit') await quit(stranger)
      return answer
    })
}

/** Takes the greeting and does as it is told; gone afterwards, whatever happens. */
export async function greeting(
  door: ScriptedDoor,
  over: Channel,
  act: (stranger: Stranger) => Promise<Answer>,
): Promise<Answer> {
  const stranger = await Stranger.greeted(over === 'unix-socket' ? door.socketPath : door.port)
  try {
    return await act(stranger)
  } finally {
    stranger.destroy()
  }
}

/** The door closes first: were something unread here, a FIN would become a RST, and the goodbye be lost. */
export async function quit(stranger: Stranger): Promise<void> {
  assert.equal(await stranger.run(1), undefined, 'the door closes after COM_QUIT')
}

/** Of an ERR packet, or of a connection that ends. */
export async function refusal(stranger: Stranger): Promise<Answer> {
  const packet = await stranger.packet()
  if (packet === undefined) return undefined
  assert.equal(packet.payload[0], 0xff, packet.payload.toString('hex'))
  return packet.payload.readUInt16LE(1)
}

export function answerOf(verdict: Awaited<ReturnType<Stranger['login']>>): Answer {
  if (verdict.ok) return 0
  return verdict.code === 0 ? undefined : verdict.code
}
