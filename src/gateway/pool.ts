/**
 * Logged-in connections to backends, kept to be used again. One is handed over only to a client that has proven itself as who it is logged in
 * as: the key names the backend, its user, the version of the credential, how the legs are protected, and all that was negotiated.
 *
 * A link comes back with nothing under way, and is reset before anybody else gets it: transactions, locks, variables, temporary tables and
 * prepared statements are gone. What a reset leaves, the default database and the character set, is put right for the next one.
 *
 * In transaction mode a client between two transactions rests: it keeps its link until somebody else wants one (`sharing.ts`).
 *
 * Spec: https://dev.mysql.com/doc/c-api/9.7/en/mysql-reset-connection.html
 */
import { type MysqlError, ServerError, serverError } from '../errors/errors.ts'
import type { Log } from '../server/log.ts'
import type { Backend } from './backends.ts'
import type { Link, SessionStart } from './link.ts'
import { fits, setUp, track, undo } from './link-setup.ts'

export interface PoolLimits {
  /** Open links of one identity to one backend; 0: no limit. */
  readonly maxPerIdentity: number
  /** Of those, the ones that may be idle. */
  readonly maxIdle: number
  /** An idle link is closed after so long; 0: never. Units: ms. */
  readonly idleTimeoutMs: number
  /** A link is not used again when it is so old; 0: always. Units: ms. */
  readonly lifetimeMs: number
  /** A client waits so long for a link. Units: ms. */
  readonly queueMs: number
  /** Clients that may wait, of all identities. */
  readonly maxWaiting: number
}

export const defaultLimits: PoolLimits = {
  maxPerIdentity: 0,
  maxIdle: 100,
  idleTimeoutMs: 60_000,
  lifetimeMs: 3_600_000,
  queueMs: 10_000,
  maxWaiting: 1000,
}

/** What a client needs. */
export interface LinkWish {
  readonly backend: Backend
  readonly key: string
  readonly start: SessionStart
  /** Of transaction mode: the server is to tell what statements change. */
  readonly tracked?: boolean
  /** Logs in anew. */
  open(): Promise<Link>
  /** Makes a session without a default database of a link that has one: COM_CHANGE_USER. */
  renew(link: Link): Promise<void>
}

interface Waiter {
  readonly wish: LinkWish
  readonly sinceMs: number
  readonly give: (link: Promise<Link>) => void
  readonly fail: (error: MysqlError) => void
}

/** Who has a link that it could do without for the moment. */
export interface Holder {
  /** Parts with its link, on which nothing is under way; `undefined` when it needs it after all. */
  giveUp(): Link | undefined
}

interface Shelf {
  open: number
  idle: Link[]
  /** Who rests has had its last answer longest ago, if it comes first. */
  readonly resting: Map<Link, { readonly holder: Holder; readonly keptUntilMs: number }>
  waiting: Waiter[]
}

export class Pool {
  limits: PoolLimits
  readonly counters = { handedOver: 0, reclaimed: 0, opened: 0, reset: 0, queued: 0, timedOut: 0, discarded: 0 }
  readonly #log: Log
  readonly #shelves = new Map<string, Shelf>()
  readonly #links = new Set<Link>()
  #allGone: PromiseWithResolvers<void> | undefined = undefined
  readonly #sweep: NodeJS.Timeout
  /** Runs while somebody waits for a link that a resting client may keep a little longer. */
  #retry: NodeJS.Timeout | undefined = undefined
  #waiting = 0
  #closed = false

  constructor(limits: PoolLimits, log: Log) {
    this.limits = limits
    this.#log = log
    this.#sweep = setInterval(() => this.#expire(), 1000)
    this.#sweep.unref()
  }

  get waiting(): number {
    return this.#waiting
  }

  /** For tables: one entry per identity and backend. */
  shelves(): {
    readonly key: string
    readonly open: number
    readonly idle: number
    readonly resting: number
    readonly waiting: number
  }[] {
    return [...this.#shelves].map(([key, { open, idle, resting, waiting }]) => ({
      ...{ key, open },
      idle: idle.length,
      resting: resting.size,
      waiting: waiting.length,
    }))
  }

  /**
   * A link for one client; without a promise where one lies ready as it is needed.
   *
   * Throws, or rejects with: what `open` rejects with; ER_CON_COUNT_ERROR when the limits leave no room in time.
   */
  acquire(wish: LinkWish): Link | Promise<Link> {
    const shelf = this.#shelf(wish.key)
    const link = this.#take(shelf, wish.start)
    if (link !== undefined) return this.#handOver(link, wish)
    if (this.#hasRoom(shelf, wish.backend)) return this.#open(shelf, wish)
    return this.#queue(shelf, wish)
  }

  /**
   * Takes a link back, with nothing under way: it is reset, and then the next one's. `keep` false: it is closed. `known`: the link itself says
   * what state it is in, and need not be reset.
   */
  release(link: Link, keep: boolean, known = false): void {
    link.takeBack()
    if (!keep || this.#closed || !link.usable || this.#isOld(link) || this.#shelves.get(link.key) === undefined) {
      return link.close()
    }
    // Who logs in and leaves again, as checks of whether a server is there do, leaves nothing.
    if (known || link.untouched) return this.#shelve(link)
    this.counters.reset++
    undo(link).then(
      () => {
        link.untouched = true
        this.#shelve(link)
      },
      () => {
        this.counters.discarded++
        link.destroy()
      },
    )
  }

  /**
   * A client could do without its link from now on, or after `keptMs`: whoever waits gets it now, others when they need it. The link says
   * what state it is in.
   */
  rest(link: Link, holder: Holder, keptMs: number): void {
    const shelf = this.#shelves.get(link.key)
    if (shelf === undefined) return
    link.idleSinceMs = performance.now()
    shelf.resting.set(link, { holder, keptUntilMs: keptMs === 0 ? 0 : link.idleSinceMs + keptMs })
    if (this.#waiting > 0) this.#serveByResting()
  }

  /** The client needs its link again. */
  wake(link: Link): void {
    this.#shelves.get(link.key)?.resting.delete(link)
  }

  /** A link that was opened by `LinkWish.open` is gone. */
  readonly onEnd = (link: Link): void => {
    link.backend.connections--
    this.#links.delete(link)
    if (this.#links.size === 0) this.#allGone?.resolve()
    const shelf = this.#shelves.get(link.key)
    if (shelf === undefined) return
    shelf.open--
    const at = shelf.idle.indexOf(link)
    if (at !== -1) shelf.idle.splice(at, 1)
    shelf.resting.delete(link)
    this.#serveNext(link.key, shelf)
    if (link.backend.waiting === 0) return
    for (const [key, other] of this.#shelves) this.#serveNext(key, other)
  }

  /** Closes what is idle and would fit nobody any more. */
  discard(fits: (link: Link) => boolean): void {
    for (const shelf of this.#shelves.values()) {
      for (const link of shelf.idle.filter((one) => !fits(one))) link.close()
    }
  }

  /** After: every link is gone. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    clearTimeout(this.#retry)
    for (const shelf of this.#shelves.values()) {
      for (const link of shelf.idle) link.close()
      for (const { fail } of shelf.waiting.splice(0)) fail(serverError('ER_SERVER_SHUTDOWN'))
    }
    this.#waiting = 0
    if (this.#links.size === 0) return
    this.#allGone = Promise.withResolvers()
    const limit = setTimeout(() => {
      for (const link of this.#links) link.destroy()
    }, goodbyeMs)
    await this.#allGone.promise
    clearTimeout(limit)
  }

  #shelf(key: string): Shelf {
    let shelf = this.#shelves.get(key)
    if (shelf === undefined) {
      shelf = { open: 0, idle: [], resting: new Map(), waiting: [] }
      this.#shelves.set(key, shelf)
    }
    return shelf
  }

  /** The idle one used last, for the others may then grow old, or one of a client that rests; rather one that needs nothing more. */
  #take(shelf: Shelf, start: SessionStart): Link | undefined {
    const { idle } = shelf
    for (let i = idle.length - 1; i >= 0; i--) {
      const link = idle[i] as Link
      if (link.usable && fits(link, start)) return idle.splice(i, 1)[0]
    }
    const fitting = this.#reclaim(shelf, (link) => fits(link, start))
    if (fitting !== undefined) return fitting
    for (;;) {
      const link = idle.pop()
      if (link === undefined) return this.#reclaim(shelf, () => true)
      if (link.usable) return link
    }
  }

  /** A link of a client that rests. After: it is nobody's. */
  #reclaim({ resting }: Shelf, suits: (link: Link) => boolean): Link | undefined {
    const now = performance.now()
    let looks = mostLooks
    for (const [link, { holder, keptUntilMs }] of resting) {
      if (looks-- === 0) return undefined
      if (keptUntilMs > now || !suits(link)) continue
      resting.delete(link)
      if (holder.giveUp() === undefined) continue
      this.counters.reclaimed++
      link.takeBack()
      if (!this.#isOld(link)) return link
      link.close()
    }
    return undefined
  }

  /** Those who wait get what clients that rest may be asked for by now. */
  #serveByResting(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    let kept = false
    for (const shelf of this.#shelves.values()) {
      while (shelf.waiting.length > 0 && shelf.resting.size > 0) {
        const link = this.#reclaim(shelf, () => true)
        if (link === undefined) {
          kept ||= shelf.resting.size > 0
          break
        }
        this.#shelve(link)
      }
    }
    if (kept && !this.#closed) this.#retry = setTimeout(() => this.#serveByResting(), retryMs)
  }

  #hasRoom(shelf: Shelf, backend: Backend): boolean {
    const { maxPerIdentity } = this.limits
    const { maxConnections = 0 } = backend.options
    if (maxPerIdentity > 0 && shelf.open >= maxPerIdentity) return false
    return maxConnections === 0 || backend.connections < maxConnections || this.#evict(backend)
  }

  /** A link of somebody else that is idle, or could be done without, makes room. */
  #evict(backend: Backend): boolean {
    const isThere = (link: Link) => link.backend === backend
    for (const shelf of this.#shelves.values()) {
      const at = shelf.idle.findIndex(isThere)
      const link = at === -1 ? this.#reclaim(shelf, isThere) : shelf.idle.splice(at, 1)[0]
      if (link === undefined) continue
      link.close()
      return true
    }
    return false
  }

  async #open(shelf: Shelf, wish: LinkWish): Promise<Link> {
    shelf.open++
    wish.backend.connections++
    let link: Link
    try {
      link = await wish.open()
    } catch (error) {
      shelf.open--
      wish.backend.connections--
      this.#serveNext(wish.key, shelf)
      throw error
    }
    this.counters.opened++
    this.#links.add(link)
    return wish.tracked === true ? this.#prepare(link, wish) : link
  }

  #handOver(link: Link, wish: LinkWish): Link | Promise<Link> {
    this.counters.handedOver++
    return fits(link, wish.start) ? link : this.#prepare(link, wish)
  }

  async #prepare(link: Link, { start, renew, tracked = false }: LinkWish): Promise<Link> {
    try {
      if (tracked && !link.tracks) await track(link)
      if (!fits(link, start)) await setUp(link, start, renew)
      return link
    } catch (error) {
      // Whatever it was, the link is not in the state that its next user counts on.
      link.close()
      throw error
    }
  }

  #queue(shelf: Shelf, wish: LinkWish): Promise<Link> {
    if (this.#waiting >= this.limits.maxWaiting) return Promise.reject(poolFull())
    this.counters.queued++
    this.#waiting++
    wish.backend.waiting++
    const { promise, resolve, reject } = Promise.withResolvers<Link>()
    shelf.waiting.push({ wish, sinceMs: performance.now(), give: resolve, fail: reject })
    if (shelf.resting.size > 0) this.#retry ??= setTimeout(() => this.#serveByResting(), retryMs)
    return promise
  }

  #shelve(link: Link): void {
    const shelf = this.#shelves.get(link.key)
    if (shelf === undefined || this.#closed || !link.usable) return link.close()
    const waiter = this.#nextWaiter(shelf)
    if (waiter !== undefined) return waiter.give(Promise.resolve(this.#handOver(link, waiter.wish)))
    if (shelf.idle.length >= this.limits.maxIdle) return link.close()
    link.idleSinceMs = performance.now()
    shelf.idle.push(link)
  }

  #nextWaiter(shelf: Shelf): Waiter | undefined {
    const waiter = shelf.waiting.shift()
    if (waiter === undefined) return undefined
    this.#waiting--
    waiter.wish.backend.waiting--
    return waiter
  }

  #serveNext(key: string, shelf: Shelf): void {
    const [first] = shelf.waiting
    if (first !== undefined && this.#hasRoom(shelf, first.wish.backend)) {
      const waiter = this.#nextWaiter(shelf)
      waiter?.give(this.#open(shelf, waiter.wish))
    } else if (shelf.open === 0 && shelf.waiting.length === 0) this.#shelves.delete(key)
  }

  #isOld(link: Link): boolean {
    const { lifetimeMs } = this.limits
    return lifetimeMs > 0 && performance.now() - link.createdMs > lifetimeMs
  }

  #expire(): void {
    const now = performance.now()
    const { idleTimeoutMs, queueMs } = this.limits
    for (const shelf of this.#shelves.values()) {
      for (const link of shelf.idle.filter(
        (one) => this.#isOld(one) || (idleTimeoutMs > 0 && now - one.idleSinceMs > idleTimeoutMs),
      )) {
        link.close()
      }
      if (idleTimeoutMs > 0) {
        for (const _ of shelf.resting) this.#reclaim(shelf, (one) => now - one.idleSinceMs > idleTimeoutMs)?.close()
      }
      while (shelf.waiting[0] !== undefined && now - shelf.waiting[0].sinceMs > queueMs) {
        this.counters.timedOut++
        this.#nextWaiter(shelf)?.fail(poolFull())
      }
    }
    if (this.#waiting > 0) this.#log.debug({ waiting: this.#waiting }, 'clients wait for a connection to a backend')
  }
}

/** A backend that does not take a goodbye is left without one. Units: ms. */
const goodbyeMs = 1000

/** Between two looks at clients that rest, while others wait. Units: ms. */
const retryMs = 20

/** So many clients that rest are looked at, at most. */
const mostLooks = 64

/** Whether it was the pool itself that had no link to give, and no backend that refused. */
export function isPoolFull(error: unknown): boolean {
  return error instanceof ServerError && error.cause === full
}

function poolFull(): MysqlError {
  const error = serverError('ER_CON_COUNT_ERROR')
  error.cause = full
  return error
}

const full = 'the limits of the pool'
