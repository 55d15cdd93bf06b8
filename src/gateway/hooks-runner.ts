/**
 * Asks the hooks, and fails closed. A hook that answers at once costs no promise; one that takes its time has a deadline; what throws,
 * rejects, stays silent or answers with something else than a decision refuses the connection, and only the log learns why.
 *
 * Hooks get frozen copies: they decide by what they answer, never by what they change.
 */
import { ConfigurationError } from '../errors/errors.ts'
import { didYouMean } from '../errors/nearest-name.ts'
import type { Log } from '../server/log.ts'
import { checkAnswer, type DecidingHook, type Decisions, type Refusal, type Subject } from './hook-answers.ts'
import type { AuthResultSeen, ClientSeen, EndSeen, GreetingSeen, Hooks, LoginSeen } from './hooks.ts'

export interface HookSurroundings {
  /** Of each promise; above 0. */
  readonly timeoutMs: number
  readonly log: Log
  /** Whether there is a backend of this name. */
  readonly knows: (backend: string) => boolean
}

/** What a hook decided; `undefined`: go on as without it. */
export type Outcome<H extends DecidingHook> = Decisions[H] | Refusal | undefined

/** The answer, or its promise, which never rejects and is kept before the deadline. */
export type Asked<H extends DecidingHook> = Outcome<H> | Promise<Outcome<H>>

/**
 * The hooks of one configuration. A connection keeps the runner that it began with; a reload makes a new one for those that come after.
 */
export class HookRunner {
  readonly #hooks: Hooks
  readonly #timeoutMs: number
  readonly #log: Log
  readonly #knows: (backend: string) => boolean
  /** Ids of the connections that `disconnect` is owed. */
  readonly #begun = new Set<number>()

  /** Throws: `ConfigurationError` when there is no hook of a name, a hook is no function, or the time is none. */
  constructor(hooks: Hooks, { timeoutMs, log, knows }: HookSurroundings) {
    if (!(timeoutMs > 0 && timeoutMs <= longestTimerMs)) {
      throw new ConfigurationError(`hooks have more than 0 and at most ${longestTimerMs} ms, not ${timeoutMs}`)
    }
    this.#hooks = taken(hooks)
    this.#timeoutMs = timeoutMs
    this.#log = log
    this.#knows = knows
  }

  /** Whether anybody is asked by this name: what a hook would see need not be put together for nobody. */
  has(name: keyof Hooks): boolean {
    return this.#hooks[name] !== undefined || (name === 'changeUser' && this.#hooks.readAuth !== undefined)
  }

  /** Call it for each connection, hook or not: it is what `disconnect` is counted by. */
  connectServer(client: ClientSeen): Asked<'connectServer'> {
    if (this.#hooks.disconnect !== undefined) this.#begun.add(client.connectionId)
    const hook = this.#hooks.connectServer
    return hook && this.#ask('connectServer', client, undefined, () => hook(clientCopy(client)))
  }

  readHandshake(greeting: GreetingSeen, client: ClientSeen): Asked<'readHandshake'> {
    const hook = this.#hooks.readHandshake
    return (
      hook &&
      this.#ask('readHandshake', client, undefined, () => hook(Object.freeze({ ...greeting }), clientCopy(client)))
    )
  }

  readAuth(login: LoginSeen, client: ClientSeen): Asked<'readAuth'> {
    const hook = this.#hooks.readAuth
    return hook && this.#ask('readAuth', client, login, () => hook(loginCopy(login), clientCopy(client)))
  }

  readAuthResult(result: AuthResultSeen, client: ClientSeen): Asked<'readAuthResult'> {
    const hook = this.#hooks.readAuthResult
    return (
      hook &&
      this.#ask('readAuthResult', client, undefined, () => hook(Object.freeze({ ...result }), clientCopy(client)))
    )
  }

  changeUser(login: LoginSeen, client: ClientSeen): Asked<'changeUser'> {
    const hook = this.#hooks.changeUser ?? this.#hooks.readAuth
    return hook && this.#ask('changeUser', client, login, () => hook(loginCopy(login), clientCopy(client)))
  }

  /**
   * Tells the end, the first time that it is called for a connection. The promise never rejects; whoever ends the process waits for
   * it, nobody else needs to.
   */
  disconnect(ended: EndSeen, client: ClientSeen): void | Promise<void> {
    const hook = this.#hooks.disconnect
    if (hook === undefined || !this.#begun.delete(client.connectionId)) return
    try {
      const answer: unknown = hook(Object.freeze({ ...ended }), clientCopy(client))
      if (!isThenable(answer)) return
      return this.#inTime(answer).then(
        () => {},
        (error: unknown) => this.#logFailure('disconnect', client, error),
      )
    } catch (error) {
      this.#logFailure('disconnect', client, error)
    }
  }

  #ask<H extends DecidingHook>(
    name: H,
    client: ClientSeen,
    login: LoginSeen | undefined,
    call: () => unknown,
  ): Asked<H> {
    const host = client.hostName ?? client.address ?? 'localhost'
    const subject = { host, user: login?.user, database: login?.database }
    try {
      const answer = call()
      if (!isThenable(answer)) return this.#check(name, answer, subject)
      return this.#inTime(answer)
        .then((late) => this.#check(name, late, subject))
        .catch((error: unknown) => this.#failed(name, client, error))
    } catch (error) {
      return this.#failed(name, client, error)
    }
  }

  #check<H extends DecidingHook>(name: H, answer: unknown, subject: Subject): Outcome<H> {
    return answer === undefined ? undefined : checkAnswer(name, answer, subject, this.#knows)
  }

  /** What comes after the deadline, be it an answer or a rejection, is nobody's. */
  #inTime(answer: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new ConfigurationError(`no answer within ${this.#timeoutMs} ms`))
      const timer = setTimeout(late, this.#timeoutMs)
      Promise.resolve(answer)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }

  #failed(name: DecidingHook, client: ClientSeen, error: unknown): Refusal {
    this.#logFailure(name, client, error)
    return { do: 'refuse', reason: 'hook-failed', detail: `${name} failed: the log has the error` }
  }

  #logFailure(hook: keyof Hooks, { connectionId }: ClientSeen, error: unknown): void {
    this.#log.error({ err: error, connection: connectionId, hook }, 'a hook failed')
  }
}

/** The hooks as they are now: a member that is replaced later changes nothing for those who are asked already. */
function taken(hooks: Hooks): Hooks {
  for (const [name, value] of Object.entries(hooks)) {
    // A misspelt hook would never be asked, and never refuse. Other data is a hook's own.
    if (typeof value === 'function' && !(names as readonly string[]).includes(name)) {
      throw new ConfigurationError(`hooks: there is no hook '${name}'${didYouMean(name, names)}`)
    }
  }
  const bound = names.flatMap((name) => {
    const hook = hooks[name]
    if (hook === undefined) return []
    if (typeof hook !== 'function') throw new ConfigurationError(`hooks.${name} must be a function`)
    return [[name, hook.bind(hooks)]]
  })
  return Object.fromEntries(bound)
}

function clientCopy({ connectionId, address, port, hostName, channel, proxyTlvs }: ClientSeen): ClientSeen {
  const tlvs = proxyTlvs && new Map(Array.from(proxyTlvs, ([type, value]) => [type, new Uint8Array(value)]))
  return Object.freeze({ connectionId, address, port, hostName, channel, proxyTlvs: tlvs })
}

function loginCopy(login: LoginSeen): LoginSeen {
  const { certificate } = login
  return Object.freeze({
    ...login,
    attributes: new Map(login.attributes),
    certificate: certificate && Object.freeze({ ...certificate }),
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

const names = [
  'connectServer',
  'readHandshake',
  'readAuth',
  'readAuthResult',
  'changeUser',
  'disconnect',
] as const satisfies readonly (keyof Hooks)[]

/** What `setTimeout` can count. */
const longestTimerMs = 0x7fffffff
