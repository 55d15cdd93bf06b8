/**
 * The watch over one backend. With an account of its own it keeps one connection, and asks on it, again and again, what the server knows of
 * itself. Without, it watches from outside: at the start, and while the backend is down, it logs in as nobody, which a server that lives
 * refuses by 1045; while the backend is up it leaves it alone, since each such login counts as an aborted one there.
 *
 * A server counts connections that end before the login did, and blocks a host for too many of them (`max_connect_errors`). So a look
 * that has reached the server is waited for, long after it was too late for the verdict; wrong passwords do not count.
 */
import { connectWith } from '../client/connect.ts'
import type { Connection } from '../client/connection.ts'
import { type Identity, identityOf, type Settings, settle } from '../client/settings.ts'
import type { LoginStep } from '../machine/login-steps.ts'
import type { Log } from '../server/log.ts'
import type { BackendFacts, BackendOptions } from './backend.ts'
import type { GroupView } from './health-group-replication.ts'
import { type RoleQuestion, type RoleSeen, type Run, roleQuestion } from './health-roles.ts'
import { type Failure, judge } from './health-verdict.ts'
import { proxyHeader } from './proxy-header.ts'

/** The verdict of one look. */
export interface Seen {
  readonly state: 'up' | 'down'
  /** As before when left out. */
  readonly role?: RoleSeen['role']
  /** Why it is down or in doubt, or what else is wrong. */
  readonly reason?: string
  /** It answers, and has no room. */
  readonly full?: true
  readonly view?: GroupView
}

/** Who is watched, and is told. */
export interface Watched {
  readonly name: string
  readonly options: BackendOptions
  readonly state: 'unknown' | 'up' | 'down'
  readonly doubted: boolean
  onSeen(seen: Seen): void
  onGreeting(facts: BackendFacts): void
  /** The watch's own connection is gone: a new look follows at once. */
  onDoubt(reason: string): void
}

export interface WatchHow {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly log: Log
}

export class Watch {
  /** It has an account, and so can ask. */
  readonly asks: boolean
  readonly #backend: Watched
  readonly #how: WatchHow
  readonly #settings: Settings
  readonly #identity: Identity
  #connection: Connection | undefined = undefined
  #question: RoleQuestion | undefined = undefined
  /** Of the login at hand: whether the server has been reached, and how to give it up. */
  #reached = false
  #abort = new AbortController()
  #lookedMs = Number.NEGATIVE_INFINITY
  #late = false
  /** The look at hand was ended on this side: how it fails says nothing about the server. */
  #gaveUp = false
  /** A look was asked for since the last one began. */
  #wanted = false
  #anew = false
  #wake: () => void = () => {}
  /** Between looks that a misconfiguration makes fail; 0 for none. Units: milliseconds. */
  #patienceMs = 0
  #warned: string | undefined = undefined
  #closed = false
  readonly #first = Promise.withResolvers<void>()
  #ended: Promise<void> | undefined = undefined
  #left: Promise<void> | undefined = undefined

  /** Throws: `ConfigurationError`. */
  constructor(backend: Watched, how: WatchHow) {
    const { connect } = backend.options
    this.#backend = backend
    this.#how = how
    this.asks = connect.user !== undefined
    const { database: _, ...account } = this.asks ? connect : { ...connect, user: nobody, password: '' }
    const { connectAttributes } = connect
    const preamble = proxyHeader(backend.options, undefined)
    const settings = settle({
      ...account,
      connectAttributes: connectAttributes !== false && { ...connectAttributes, program_name: nobody },
      connectTimeoutMs: loginTimeoutMs,
      compress: [],
      rowsAs: 'object',
      bigint: 'bigint',
      onStep: this.#onStep,
    })
    this.#settings = preamble === undefined ? settings : { ...settings, preamble }
    this.#identity = identityOf(account)
  }

  /** Begins. Resolves at the first verdict, which comes after `timeoutMs` at the latest. */
  start(): Promise<void> {
    this.#ended ??= this.#run()
    return this.#first.promise
  }

  /** Looks as soon as may be, however often it is called. `by a new login`: that the kept connection lives is not enough. */
  lookNow(how?: 'by a new login'): void {
    this.#wanted = true
    this.#anew ||= how !== undefined
    this.#wake()
  }

  /** Ends the watch and says goodbye. A login on its way gets `timeoutMs` to be done. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    const timer = setTimeout(() => {
      this.#abort.abort()
      this.#connection?.destroy()
    }, this.#how.timeoutMs)
    await this.#ended
    this.#leave()
    await this.#left
    clearTimeout(timer)
    this.#first.resolve()
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      this.#lookedMs = performance.now()
      this.#wanted = false
      await this.#look()
      await this.#pause()
    }
  }

  async #look(): Promise<void> {
    if (this.#anew) this.#leave()
    this.#anew = false
    this.#late = false
    this.#gaveUp = false
    const timer = setTimeout(this.#onLate, this.#how.timeoutMs)
    try {
      const seen = this.asks ? await this.#ask() : await this.#knock()
      this.#patienceMs = 0
      this.#warned = undefined
      this.#verdict(seen)
    } catch (error) {
      if (!this.#gaveUp) this.#onFailure(judge(error))
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(): Promise<Seen> {
    const connection = this.#connection ?? (await this.#connect())
    const run: Run = async (sql) => (await connection.query(sql)).rows
    this.#question ??= await roleQuestion(run)
    const { role, unfit, view } = await this.#question(run)
    return {
      state: unfit === undefined ? 'up' : 'down',
      role,
      ...(unfit !== undefined && { reason: unfit }),
      ...(view !== undefined && { view }),
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#login()
    this.#connection = connection
    this.#question = undefined
    void connection.closed.then((error) => {
      if (this.#connection !== connection) return
      this.#connection = undefined
      if (this.#closed) return
      this.#backend.onDoubt(error === undefined ? 'lost a connection' : judge(error).reason)
      this.lookNow()
    })
    return connection
  }

  async #knock(): Promise<Seen> {
    this.#connection = await this.#login()
    this.#leave()
    return { state: 'up', ...this.#unasked }
  }

  async #login(): Promise<Connection> {
    this.#reached = false
    this.#abort = new AbortController()
    return await connectWith(this.#settings, this.#identity, this.#abort.signal)
  }

  readonly #onStep = (step: LoginStep): void => {
    if (step.is === 'connected') this.#reached = true
    if (step.is !== 'greeting') return
    const { serverVersion, capabilities, mariadbCapabilities, collationId, plugin } = step
    this.#backend.onGreeting({
      serverVersion,
      capabilities,
      mariadbCapabilities,
      collationId,
      plugin: plugin ?? 'mysql_native_password',
    })
  }

  readonly #onLate = (): void => {
    this.#late = true
    this.#verdict({ state: 'down', reason: `silent: no answer within ${this.#how.timeoutMs} ms` })
    const connection = this.#connection
    this.#connection = undefined
    if (connection !== undefined) {
      this.#gaveUp = true
      return connection.destroy()
    }
    const abort = this.#abort
    // That the server was reached may wait in the event loop right behind this timer.
    setImmediate(() => {
      if (this.#reached || abort !== this.#abort) return
      this.#gaveUp = true
      abort.abort()
    })
  }

  #onFailure({ kind, reason }: Failure): void {
    const { intervalMs, log } = this.#how
    const answers = kind === 'denied' || kind === 'given-up'
    // What does not go away by itself, and what the server may count as an error, is tried less and less often.
    const lasting = kind === 'tls' || kind === 'protocol' || (answers && this.asks)
    this.#patienceMs = lasting ? Math.min(Math.max(this.#patienceMs * 2, intervalMs), longestPatienceMs) : 0
    const { name, state } = this.#backend
    if (kind === 'full') return this.#verdict({ state: 'up', full: true, reason, ...(state !== 'up' && this.#unasked) })
    if (!answers) {
      // Being late was told already, and is no consequence of itself.
      if (!this.#late) this.#verdict({ state: 'down', reason })
      return
    }
    if (!this.asks) return this.#verdict({ state: 'up', ...this.#unasked })
    if (this.#warned !== reason) log.warn({ backend: name, reason }, 'cannot ask a backend for its role')
    this.#warned = reason
    // A secret that nobody gave says nothing about the server.
    this.#verdict({ state: !this.#reached && state === 'down' ? state : 'up', reason, ...this.#unasked })
  }

  /** The role of a server that was not asked for it. */
  get #unasked(): { readonly role: RoleSeen['role'] } {
    return { role: this.asks ? 'unknown' : 'primary' }
  }

  #verdict(seen: Seen): void {
    // What the kept connection says does not count any more.
    const outdated = seen.state === 'up' && this.#anew
    if (this.#closed || outdated) return
    this.#backend.onSeen(seen)
    this.#first.resolve()
  }

  /** Until the next look is due. */
  async #pause(): Promise<void> {
    if (this.#closed) return
    const { state, doubted } = this.#backend
    const passive = !this.asks && state === 'up' && !doubted
    const usual = passive ? Number.POSITIVE_INFINITY : Math.max(this.#how.intervalMs, this.#patienceMs)
    for (;;) {
      const afterMs = this.#wanted ? Math.max(shortestPauseMs, this.#patienceMs) : usual
      const restMs = this.#lookedMs + afterMs - performance.now()
      if (this.#closed || restMs <= 0) return
      await new Promise<void>((resolve) => {
        const timer = restMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, restMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Says goodbye to the connection, if there is one, but not for ever. */
  #leave(): void {
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    const timer = setTimeout(() => connection.destroy(), this.#how.timeoutMs)
    const before = this.#left
    const left = connection.close().finally(() => clearTimeout(timer))
    this.#left = left.then(() => before)
  }
}

/** Who logs in from outside; 16 characters are as many as old servers take. Also the name by which servers list the watch's connection. */
const nobody = 'saltgate-monitor'

/** For a login that has reached the server: a process that hangs may go on. Units: milliseconds. */
const loginTimeoutMs = 60_000
const longestPatienceMs = 60_000

/** However many losses are told, looks begin at least this far apart. Units: milliseconds. */
const shortestPauseMs = 100
