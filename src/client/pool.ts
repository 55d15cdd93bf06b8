/**
 * A pool of connections to one server as one user. It opens what is needed up to a limit, lends each connection to one borrower at a
 * time, cleans it between borrowers, and lets go of what nobody has used for long.
 */
import { ConfigurationError, clientError, type MysqlError } from '../errors/errors.ts'
import { connectWith } from './connect.ts'
import type { Abortable, Connection, QueryOptions } from './connection.ts'
import type { ConnectOptions } from './options.ts'
import type { Result, Row } from './result.ts'
import { identityOf, settle } from './settings.ts'
import { parseConnectionUri } from './uri.ts'

export interface PoolOptions extends ConnectOptions {
  /** Connections at most, those that are being opened included. Default 10. */
  readonly limit?: number
  /** Borrowers that may wait at once, those not counted for whom a connection is being opened; one more is refused. Default 1000. */
  readonly queueLimit?: number
  /** Milliseconds that a borrower waits for a connection. Default 10,000. */
  readonly acquireTimeoutMs?: number
  /** Milliseconds without a borrower after which a connection is closed. Default 60,000. */
  readonly idleTimeoutMs?: number
  /** Milliseconds after which a connection is not lent again. Default: no limit. */
  readonly maxLifetimeMs?: number
  /** Milliseconds of idleness after which a connection is asked whether it lives before it is lent. Default 1000. */
  readonly validateAfterMs?: number
  /** Whether a connection that comes back is reset (COM_RESET_CONNECTION). Default true. */
  readonly reset?: boolean
}

export interface PoolCounts {
  /** Open or being opened. */
  readonly all: number
  readonly idle: number
  readonly lent: number
  /** Borrowers that wait. */
  readonly waiting: number
}

/** A connection on loan. `release()`, or the end of its `await using` block, gives it back. */
export interface Lease extends AsyncDisposable {
  readonly connection: Connection
  /** `destroy`: the connection is in a state that nobody else should see. */
  release(how?: 'destroy'): void
}

interface Idle {
  readonly connection: Connection
  readonly sinceMs: number
}

/** How a connection began. */
interface Birth {
  readonly atMs: number
  readonly user: string
  readonly database: string | undefined
}

interface Borrower {
  readonly lease: PromiseWithResolvers<Lease>
  readonly timer: NodeJS.Timeout
}

/** Throws: `ConfigurationError`. */
export function createPool(options: PoolOptions | string): Pool {
  return new Pool(typeof options === 'string' ? parseConnectionUri(options) : options)
}

export class Pool implements AsyncDisposable {
  readonly #options: Required<Pick<PoolOptions, keyof typeof defaults>>
  readonly #open: () => Promise<Connection>
  /** The one used last is at the end, and goes out first: the others may then grow old enough to be closed. */
  readonly #idle: Idle[] = []
  readonly #births = new WeakMap<Connection, Birth>()
  readonly #borrowers: Borrower[] = []
  #opening = 0
  #lent = 0
  /** Back from a borrower, and being cleaned. */
  #cleaning = 0
  /** Idle for a while, and being asked whether they live. */
  #validating = 0
  /** Saying goodbye: until the socket is closed they count. */
  #leaving = 0
  #timer: NodeJS.Timeout | undefined = undefined
  #drained: PromiseWithResolvers<void> | undefined = undefined

  constructor(options: PoolOptions) {
    this.#options = { ...defaults, ...limitsOf(options) }
    const settings = settle(options)
    const identity = identityOf(options)
    this.#open = () => connectWith(settings, identity, undefined)
  }

  get counts(): PoolCounts {
    return { all: this.#all, idle: this.#idle.length, lent: this.#lent, waiting: this.#borrowers.length }
  }

  /**
   * Lends a connection: an idle one that lives, a new one, or the next that comes back.
   *
   * Throws: the error of a login that failed; `ClientError` CR_SERVER_GONE_ERROR when the pool is drained, the queue is full, or the wait
   * took too long.
   */
  async connection({ signal }: Abortable = {}): Promise<Lease> {
    signal?.throwIfAborted()
    if (this.#drained !== undefined) throw refusal('the pool is closed')
    const { acquireTimeoutMs, queueLimit, limit } = this.#options
    const free = this.#idle.length > 0 || this.#all < limit
    if (!free && this.#borrowers.length - this.#opening >= queueLimit) {
      throw refusal('too many wait for a connection of the pool')
    }
    const lease = Promise.withResolvers<Lease>()
    const leave = (error: unknown) => {
      const at = this.#borrowers.indexOf(borrower)
      if (at === -1) return
      this.#borrowers.splice(at, 1)
      lease.reject(error)
    }
    const late = () => leave(refusal(`no connection of the pool was free within ${acquireTimeoutMs} ms`))
    const borrower = { lease, timer: setTimeout(late, acquireTimeoutMs) }
    const onAbort = () => leave(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#borrowers.push(borrower)
    this.#serve()
    try {
      return await lease.promise
    } finally {
      clearTimeout(borrower.timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Runs one statement on a connection of the pool. */
  async query<R = Row>(sql: string, options: QueryOptions = {}): Promise<Result<R>> {
    return await this.#withLease(options, (connection) => connection.query<R>(sql, options))
  }

  /** Runs one prepared statement on a connection of the pool. */
  async execute<R = Row>(sql: string, values: readonly unknown[] = [], options: QueryOptions = {}): Promise<Result<R>> {
    return await this.#withLease(options, (connection) => connection.execute<R>(sql, values, options))
  }

  /** Lends no more, lets borrowers finish, and closes. Those that wait are refused. */
  async close(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>()
    for (const { lease } of this.#borrowers.splice(0)) lease.reject(refusal('the pool is closed'))
    for (const { connection } of this.#idle.splice(0)) this.#dismiss(connection)
    clearTimeout(this.#timer)
    this.#checkDrained()
    await this.#drained.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #withLease<T>(options: Abortable, use: (connection: Connection) => Promise<T>): Promise<T> {
    const lease = await this.connection(options)
    try {
      return await use(lease.connection)
    } finally {
      lease.release()
    }
  }

  get #all(): number {
    return this.#idle.length + this.#lent + this.#opening + this.#cleaning + this.#validating + this.#leaving
  }

  /** Gives waiting borrowers what there is, and opens what there may be. */
  #serve(): void {
    while (this.#borrowers.length > this.#validating) {
      const idle = this.#idle.pop()
      if (idle === undefined) break
      if (this.#mayLend(idle.connection)) this.#validate(idle)
      else this.#dismiss(idle.connection)
    }
    const wanted = this.#borrowers.length - this.#opening - this.#cleaning - this.#validating
    const room = this.#options.limit - this.#all
    for (let i = 0; i < Math.min(wanted, room); i++) this.#openOne()
  }

  #openOne(): void {
    this.#opening++
    this.#open().then(
      (connection) => {
        this.#opening--
        const { user, database } = connection.session
        this.#births.set(connection, { atMs: performance.now(), user, database })
        void connection.closed.then(() => this.#forget(connection))
        this.#offer(connection)
      },
      (error: unknown) => {
        this.#opening--
        // Whoever waits for longest learns why; others may still get what comes back.
        this.#borrowers.shift()?.lease.reject(error)
        this.#checkDrained()
        this.#serve()
      },
    )
  }

  /** A connection that was idle for a while may be dead without anybody knowing. */
  #validate({ connection, sinceMs }: Idle): void {
    if (performance.now() - sinceMs < this.#options.validateAfterMs) return this.#offer(connection)
    this.#validating++
    const timer = setTimeout(() => connection.destroy(), this.#options.acquireTimeoutMs)
    const validated = () => {
      clearTimeout(timer)
      this.#validating--
      this.#offer(connection)
    }
    // One that is dead is not lent: `open` tells.
    connection.ping().then(validated, validated)
  }

  /** A connection is free: the next borrower gets it, or it waits. */
  #offer(connection: Connection): void {
    if (!this.#mayLend(connection) || this.#drained !== undefined) return this.#dismiss(connection)
    const borrower = this.#borrowers.shift()
    if (borrower !== undefined) {
      this.#lent++
      return borrower.lease.resolve(this.#lease(connection))
    }
    this.#idle.push({ connection, sinceMs: performance.now() })
    this.#expire()
  }

  #lease(connection: Connection): Lease {
    let lent = true
    const release = (how?: 'destroy') => {
      if (!lent) return
      lent = false
      this.#lent--
      this.#takeBack(connection, how)
    }
    return { connection, release, [Symbol.asyncDispose]: async () => release() }
  }

  #takeBack(connection: Connection, how: 'destroy' | undefined): void {
    if (how === 'destroy') connection.destroy()
    if (!this.#options.reset || !connection.open) return this.#offer(connection)
    this.#cleaning++
    const timer = setTimeout(() => connection.destroy(), this.#options.acquireTimeoutMs)
    connection
      .resetConnection()
      .then(() => {
        // A reset keeps both, and nothing else brings a session back to no database.
        const { user, database } = connection.session
        const birth = this.#births.get(connection)
        if (user !== birth?.user || database !== birth.database) connection.destroy()
      })
      // A server that cannot reset (before 5.7.3) cannot be trusted with another borrower.
      .catch(() => connection.destroy())
      .finally(() => {
        clearTimeout(timer)
        this.#cleaning--
        this.#offer(connection)
      })
  }

  /** Lets go of a connection, whatever state it is in. */
  #dismiss(connection: Connection): void {
    this.#leaving++
    void connection.close().finally(() => {
      this.#leaving--
      this.#checkDrained()
      this.#serve()
    })
  }

  #forget(connection: Connection): void {
    const at = this.#idle.findIndex((idle) => idle.connection === connection)
    if (at !== -1) this.#idle.splice(at, 1)
    this.#checkDrained()
  }

  #mayLend(connection: Connection): boolean {
    const age = performance.now() - (this.#births.get(connection)?.atMs ?? 0)
    return connection.open && age < this.#options.maxLifetimeMs
  }

  /** Closes what was idle for too long; one timer, for the oldest. */
  #expire(): void {
    clearTimeout(this.#timer)
    const { idleTimeoutMs } = this.#options
    const nowMs = performance.now()
    while (this.#idle[0] !== undefined && nowMs - this.#idle[0].sinceMs >= idleTimeoutMs) {
      this.#dismiss((this.#idle.shift() as Idle).connection)
    }
    const oldest = this.#idle[0]
    if (oldest === undefined || idleTimeoutMs > longestTimer) return
    // Idle connections do not keep the process alive by this timer; their sockets do, until the pool is closed.
    this.#timer = setTimeout(() => this.#expire(), oldest.sinceMs + idleTimeoutMs - nowMs).unref()
  }

  #checkDrained(): void {
    if (this.#drained !== undefined && this.#all === 0) this.#drained.resolve()
  }
}

const defaults = {
  limit: 10,
  queueLimit: 1000,
  acquireTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  maxLifetimeMs: Number.POSITIVE_INFINITY,
  validateAfterMs: 1000,
  reset: true,
}

/** What a timer of Node can be set to. Units: milliseconds. */
const longestTimer = 0x7fffffff

function limitsOf(options: PoolOptions): Partial<typeof defaults> {
  const given = Object.entries(options).filter(([name, value]) => name in defaults && value !== undefined)
  for (const [name, value] of given) {
    if (name === 'reset') {
      if (typeof value !== 'boolean') throw new ConfigurationError(`reset is ${value}; it takes true or false`)
      continue
    }
    const least = name === 'limit' ? 1 : 0
    if (typeof value !== 'number' || !(value >= least) || (name === 'limit' && !Number.isInteger(value))) {
      throw new ConfigurationError(`${name} is ${value}; it takes a number from ${least} on`)
    }
    if (name === 'acquireTimeoutMs' && value > longestTimer) {
      throw new ConfigurationError(`${name} is ${value}; it takes ${longestTimer} at most`)
    }
  }
  return Object.fromEntries(given)
}

function refusal(why: string): MysqlError {
  const error = clientError('CR_SERVER_GONE_ERROR')
  error.message = `No connection: ${why}`
  return error
}
