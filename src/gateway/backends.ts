/**
 * The backends of a gateway: what is known of each, and which of them the next session goes to. What is known comes from its watch
 * (`health.ts`) and from whoever uses it; nothing here speaks to a server.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Settings, settle } from '../client/settings.ts'
import { targetText } from '../client/target.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { Log } from '../server/log.ts'
import type { BackendFacts, BackendOptions } from './backend.ts'
import { bestOf } from './backend-choice.ts'
import { commonFacts } from './backend-facts.ts'
import { type Seen, Watch } from './health.ts'
import type { GroupView } from './health-group-replication.ts'
import { judge } from './health-verdict.ts'
import type { Route } from './rules.ts'

export interface BackendsHow {
  /** Between two looks. Default 500. Units: milliseconds. */
  readonly intervalMs?: number
  /** Without an answer a backend counts as down. Default 1000. Units: milliseconds. */
  readonly timeoutMs?: number
  readonly log: Log
}

/** What just happened to a backend. `doubted`: a connection to it was lost, or it has no room; it may still be up. */
export type BackendChange = 'up' | 'down' | 'doubted' | 'role' | 'added' | 'removed'

/** One server behind the gateway. Whoever opens connections to it counts them here, and says what came of them. */
export class Backend {
  readonly name: string
  /** As last given: weight, role and limits change with a reload. */
  options: BackendOptions
  /** For connections to it, whoever they log in as. */
  readonly settings: Settings
  /** Open connections and those being opened, its watch's own not counted. Kept by the pool. */
  connections = 0
  /** Clients that wait for a connection to it. Kept by the pool. */
  waiting = 0
  /** Since the gateway began. `connects` are logins that succeeded; `lost` connections that broke after. */
  readonly counters = { connects: 0, connectFailures: 0, lost: 0, looks: 0, failedLooks: 0 }
  /** When it was last chosen: a number that grows with each choice. */
  chosen = 0
  #state: 'unknown' | 'up' | 'down' = 'unknown'
  #role: 'primary' | 'replica' | 'unknown' = 'unknown'
  #reason: string | undefined = undefined
  #sinceMs = performance.now()
  #facts: BackendFacts | undefined = undefined
  #view: GroupView | undefined = undefined
  #suspected = false
  #fullUntilMs = 0
  /** Logins in a row that the server did not answer. */
  #failures = 0
  readonly #onChange: (backend: Backend, change: BackendChange) => void
  readonly #watch: Watch

  /** Throws: `ConfigurationError`. */
  constructor(
    options: BackendOptions,
    how: Required<BackendsHow>,
    onChange: (backend: Backend, change: BackendChange) => void,
  ) {
    this.settings = settle(options.connect)
    this.name = nameOf(options, this.settings)
    this.options = options
    this.#onChange = onChange
    this.#watch = new Watch(this, how)
  }

  get state(): 'unknown' | 'up' | 'down' {
    return this.#state
  }

  /** What is configured, or else what the server said of itself when it was last asked. */
  get role(): 'primary' | 'replica' | 'unknown' {
    return this.options.role ?? this.#role
  }

  /** `host:port`, or the path of its socket. */
  get address(): string {
    return targetText(this.settings.target)
  }

  /** Why it is down, or in doubt; for tables and the log, never for clients. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Since when it is in this state, on the clock of `performance.now`. */
  get sinceMs(): number {
    return this.#sinceMs
  }

  /** Of the last greeting; `undefined` before the first. */
  get facts(): BackendFacts | undefined {
    return this.#facts
  }

  /** The view of its group, as the server has it; `undefined` outside of a group. */
  get view(): GroupView | undefined {
    return this.#view
  }

  /** A connection was lost since it was last looked at, or it had no room a moment ago: others are preferred. */
  get doubted(): boolean {
    return this.#suspected || performance.now() < this.#fullUntilMs
  }

  /** Its role and its fitness are asked for, not only whether it answers. */
  get isAsked(): boolean {
    return this.#watch.asks
  }

  /** A greeting was seen. */
  onGreeting(facts: BackendFacts): void {
    // The same object as long as it says the same: what clients are greeted with is made of it.
    if (!isDeepStrictEqual(facts, this.#facts)) this.#facts = facts
  }

  /** A login succeeded. */
  onSuccess(): void {
    this.counters.connects++
    this.#failures = 0
    if (this.#state === 'down') this.#watch.lookNow()
  }

  /**
   * A connection could not be opened, or its login failed on the server's side. What it refuses for the client's sake (1045) is no word
   * against the server; three others in a row, and it is down until a new login of its watch succeeds. Not to be called where the client
   * of a relayed login was too slow.
   */
  onFailure(error: unknown): void {
    this.counters.connectFailures++
    const { kind, reason } = judge(error)
    if (kind === 'denied' || kind === 'given-up') {
      this.#failures = 0
      return
    }
    if (kind === 'full') return this.#onFull(reason)
    this.#failures++
    if (this.#failures >= failuresToBreak && this.#state === 'up') {
      this.#become('down', `${this.#failures} failures in a row: ${reason}`)
    } else this.onDoubt(reason)
    this.#watch.lookNow('by a new login')
  }

  /** A connection that was in is gone without a goodbye. */
  onLoss(error?: unknown): void {
    this.counters.lost++
    this.onDoubt(error === undefined ? 'lost a connection' : judge(error).reason)
    this.#watch.lookNow()
  }

  /** There is reason to prefer others until it was looked at, which somebody sees to. */
  onDoubt(reason: string): void {
    const news = !this.doubted
    this.#suspected = true
    this.#reason = reason
    if (news) this.#onChange(this, 'doubted')
  }

  /** What the watch saw. */
  onSeen(seen: Seen): void {
    this.counters.looks++
    if (seen.state === 'down') this.counters.failedLooks++
    else this.#failures = 0
    const roleBefore = this.role
    if (seen.role !== undefined) this.#role = seen.role
    this.#view = seen.view
    this.#suspected = false
    if (seen.full) this.#onFull(seen.reason ?? '')
    if (seen.state !== this.#state) return this.#become(seen.state, seen.reason)
    this.#reason = seen.reason
    if (this.role !== roleBefore) this.#onChange(this, 'role')
  }

  /** Looks at it as soon as may be. */
  lookNow(): void {
    this.#watch.lookNow()
  }

  /** Starts to watch it. Resolves at the first verdict. */
  watch(): Promise<void> {
    return this.#watch.start()
  }

  /** Watches it no more; it is not chosen again. */
  async close(): Promise<void> {
    this.#state = 'down'
    this.#reason = 'removed'
    await this.#watch.close()
  }

  /** A look over a connection that it has already proves nothing against it: it lasts a while. */
  #onFull(reason: string): void {
    const news = !this.doubted
    this.#fullUntilMs = performance.now() + fullMs
    this.#reason = reason
    if (news) this.#onChange(this, 'doubted')
  }

  #become(state: 'up' | 'down', reason: string | undefined): void {
    this.#state = state
    this.#reason = reason
    this.#sinceMs = performance.now()
    this.#onChange(this, state)
  }
}

export class Backends {
  /** Called after each change, in the order in which they were added. */
  readonly listeners = new Set<(backend: Backend, change: BackendChange) => void>()
  readonly #how: Required<BackendsHow>
  #all: readonly Backend[]
  #common: { readonly of: readonly BackendFacts[]; readonly common: BackendFacts | undefined } = {
    of: [],
    common: undefined,
  }
  #choices = 0
  #started = false

  /** Throws: `ConfigurationError` for options that cannot work, and for two backends of the same name. */
  constructor(options: readonly BackendOptions[], how: BackendsHow) {
    this.#how = { intervalMs: 500, timeoutMs: 1000, ...how }
    for (const [name, ms] of Object.entries({ intervalMs: this.#how.intervalMs, timeoutMs: this.#how.timeoutMs })) {
      if (!(ms > 0 && ms <= longestTimer)) {
        throw new ConfigurationError(`${name} is ${ms}; it takes 1 to ${longestTimer} ms`)
      }
    }
    this.#all = this.#made(options)
  }

  /** In the order in which they were given. */
  get all(): readonly Backend[] {
    return this.#all
  }

  /** Begins to watch all. Resolves when each was looked at once, or the time for that is over. */
  async start(): Promise<void> {
    this.#started = true
    await Promise.all(this.#all.map((backend) => backend.watch()))
  }

  /**
   * The backend for the next session: of those that are up and fit, the one with the fewest connections for its weight; of several such,
   * the one whose turn is longest ago. Those without room, those of weight 0 and those in doubt come after all others, in this order.
   * `undefined` when none will do.
   */
  choose(route: Route, except?: ReadonlySet<Backend>): Backend | undefined {
    const best = bestOf(this.#all, route, except)
    if (best !== undefined) best.chosen = ++this.#choices
    return best
  }

  /**
   * What a client may be told before it has a backend: what those that are not down have in common, or, when all are, all that were ever
   * seen. `undefined` when none was.
   */
  facts(): BackendFacts | undefined {
    const seen = this.#all.filter((backend) => backend.facts !== undefined)
    const alive = seen.filter((backend) => backend.state !== 'down')
    const facts = (alive.length > 0 ? alive : seen).flatMap(({ facts: one }) => one ?? [])
    const { of, common } = this.#common
    // Asked for at each greeting, and seldom another.
    if (facts.length !== of.length || facts.some((one, at) => one !== of[at])) {
      this.#common = { of: facts, common: commonFacts(facts) }
      return this.#common.common
    }
    return common
  }

  /**
   * Takes over new options. A backend of the same name and `connect` stays, with its connections and what is known of it; the rest of its
   * options may be new. What is removed is watched no more, and keeps the connections that it has; until what is added was looked at once,
   * all are as before. One reload is to end before the next begins.
   *
   * Throws (as a rejection): `ConfigurationError`, and then nothing is changed.
   */
  async reload(
    options: readonly BackendOptions[],
  ): Promise<{ readonly added: Backend[]; readonly removed: Backend[] }> {
    const made = this.#made(options)
    const before = this.#all
    const kept = new Map<Backend, Backend>()
    for (const backend of made) {
      const same = before.find(
        (old) => old.name === backend.name && isDeepStrictEqual(old.options.connect, backend.options.connect),
      )
      if (same !== undefined) kept.set(backend, same)
    }
    const added = made.filter((backend) => !kept.has(backend))
    for (const backend of added) this.#tell(backend, 'added')
    if (this.#started) await Promise.all(added.map((backend) => backend.watch()))
    for (const [backend, same] of kept) same.options = backend.options
    this.#all = made.map((backend) => kept.get(backend) ?? backend)
    const removed = before.filter((backend) => !this.#all.includes(backend))
    for (const backend of removed) {
      void backend.close()
      this.#tell(backend, 'removed')
    }
    return { added, removed }
  }

  /** Ends all watches. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((backend) => backend.close()))
  }

  #made(options: readonly BackendOptions[]): Backend[] {
    const made = options.map((one) => new Backend(checked(one), this.#how, this.#onChange))
    const twice = made.find(({ name }, at) => made.findIndex((other) => other.name === name) !== at)
    if (twice !== undefined) throw new ConfigurationError(`two backends are called ${twice.name}`)
    return made
  }

  readonly #onChange = (backend: Backend, change: BackendChange): void => {
    const { name, role, reason } = backend
    const level = change === 'down' ? 'warn' : change === 'doubted' ? 'debug' : 'info'
    this.#how.log[level](
      { backend: name, role, reason },
      change === 'role' ? 'backend has another role' : `backend ${change}`,
    )
    // Somebody else may be the primary now, and knows it.
    if (change === 'role' || (backend.role === 'primary' && (change === 'down' || change === 'doubted'))) {
      for (const other of this.#all) if (other !== backend && other.isAsked) other.lookNow()
    }
    this.#tell(backend, change)
  }

  #tell(backend: Backend, change: BackendChange): void {
    for (const listener of this.listeners) listener(backend, change)
  }
}

function nameOf({ name }: BackendOptions, { target }: Settings): string {
  return name ?? targetText(target)
}

function checked(options: BackendOptions): BackendOptions {
  const { name, weight = 1, role, sendProxy, maxConnections = 0 } = options
  const called = name === undefined ? 'a backend' : `backend ${name}`
  if (name === '') throw new ConfigurationError('the name of a backend is empty')
  if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
    throw new ConfigurationError(`weight of ${called} is ${weight}; it takes a number from 0 on`)
  }
  if (role !== undefined && role !== 'primary' && role !== 'replica') {
    throw new ConfigurationError(`role of ${called} is ${role}; it takes primary or replica`)
  }
  if (sendProxy !== undefined && sendProxy !== 'v1' && sendProxy !== 'v2') {
    throw new ConfigurationError(`sendProxy of ${called} is ${sendProxy}; it takes v1 or v2`)
  }
  if (!(Number.isInteger(maxConnections) && maxConnections >= 0)) {
    throw new ConfigurationError(`maxConnections of ${called} is ${maxConnections}; it takes a whole number from 0 on`)
  }
  return options
}

/** Units: milliseconds. */
const fullMs = 1000
const longestTimer = 0x7fffffff

const failuresToBreak = 3
