/**
 * Runs hooks over a login that was recorded: plain data in, decisions out, no socket. For tests of hooks, and to learn from a trace what
 * they would have done.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import { type Log, silentLog } from '../server/log.ts'
import type { DecidingHook } from './hook-answers.ts'
import type { AuthResultSeen, ClientSeen, EndSeen, GreetingSeen, Hooks, LoginSeen } from './hooks.ts'
import { type Asked, HookRunner, type Outcome } from './hooks-runner.ts'

/** One connection as its packets show it, from whatever side. Only the `reason` of an error is in none: it is the recorder's reading. */
export interface RecordedLogin {
  /** As known at the end; before the login hooks do not see the TLS in it. */
  readonly client: ClientSeen
  /** `undefined`: refused, or lost, before it; `login` as well. */
  readonly greeting: GreetingSeen | undefined
  readonly login: LoginSeen | undefined
  /** Up to the verdict, in order. */
  readonly results: readonly AuthResultSeen[]
  /** Each COM_CHANGE_USER, with the packets up to its own verdict. */
  readonly changes?: readonly { readonly login: LoginSeen; readonly results: readonly AuthResultSeen[] }[]
  /** Milliseconds from accept to close. */
  readonly aliveMs: number
}

export interface ReplayedHook {
  readonly hook: keyof Hooks
  /** What the hook was asked about. */
  readonly seen: ClientSeen | GreetingSeen | LoginSeen | AuthResultSeen | EndSeen
  /** `undefined`: the connection goes on; always of `disconnect`. */
  readonly decision: Outcome<DecidingHook>
}

export interface ReplayOptions {
  /** Of each hook; 5000 when left out. */
  readonly timeoutMs?: number
  /** Learns why a hook failed. */
  readonly log?: Log
  /** Names of the backends; any name is one when left out. */
  readonly backends?: readonly string[]
}

/**
 * Asks every hook that there is, in the order of the connection. A refusal ends it, as in the gateway, and `disconnect` is told.
 *
 * Throws: `ConfigurationError` as `new HookRunner(...)`.
 */
export async function replayHooks(
  hooks: Hooks,
  recorded: RecordedLogin,
  { timeoutMs = 5000, log = silentLog, backends }: ReplayOptions = {},
): Promise<readonly ReplayedHook[]> {
  const runner = new HookRunner(hooks, { timeoutMs, log, knows: (name) => backends?.includes(name) ?? true })
  const replayed: ReplayedHook[] = []
  let user: string | undefined
  let backend: string | undefined
  let reason: DenyReason | undefined
  for (const { hook, seen, answer } of questions(runner, recorded)) {
    const decision = await answer
    if (runner.has(hook)) replayed.push({ hook, seen, decision })
    if (decision?.do === 'refuse') {
      reason = decision.reason
      break
    }
    if ('is' in seen && seen.is === 'ok') ({ user, backend } = seen)
    if ('is' in seen && seen.is === 'err') ({ reason } = seen)
  }
  const ended: EndSeen = { user, backend, reason, aliveMs: recorded.aliveMs }
  await runner.disconnect(ended, recorded.client)
  if (runner.has('disconnect')) replayed.push({ hook: 'disconnect', seen: ended, decision: undefined })
  return replayed
}

interface Question extends Pick<ReplayedHook, 'seen'> {
  readonly hook: DecidingHook
  readonly answer: Asked<DecidingHook>
}

/** Each is asked when it is taken, and not before. */
function* questions(runner: HookRunner, recorded: RecordedLogin): Generator<Question> {
  const { client, greeting, login, results, changes = [] } = recorded
  const stranger: ClientSeen = client.channel === 'tls' ? { ...client, channel: 'plaintext' } : client
  yield { hook: 'connectServer', seen: stranger, answer: runner.connectServer(stranger) }
  if (greeting === undefined) return
  yield { hook: 'readHandshake', seen: greeting, answer: runner.readHandshake(greeting, stranger) }
  if (login === undefined) return
  yield { hook: 'readAuth', seen: login, answer: runner.readAuth(login, client) }
  for (const seen of results) yield { hook: 'readAuthResult', seen, answer: runner.readAuthResult(seen, client) }
  for (const change of changes) {
    yield { hook: 'changeUser', seen: change.login, answer: runner.changeUser(change.login, client) }
    for (const seen of change.results) {
      yield { hook: 'readAuthResult', seen, answer: runner.readAuthResult(seen, client) }
    }
  }
}
