/**
 * The accounts of a backend as an account source: read through a view by the gateway's own account, kept in memory, and read again every
 * now and then. Nothing of a login reaches the backend by this: the statement is a constant, and who asks for whom stays here.
 *
 * A password that was just changed there is right at once: after a refusal the table is read once more. While the backend is away, the
 * table of the last reading stays good for a bounded time; then nobody gets in by it.
 */
import type { Account, PeerHost } from '../accounts/account.ts'
import type { AccountSource } from '../accounts/source.ts'
import { connect } from '../client/connect.ts'
import type { ConnectOptions } from '../client/options.ts'
import { ConfigurationError, MysqlError } from '../errors/errors.ts'
import type { Log } from '../server/log.ts'
import { AccountRows } from './account-rows.ts'
import { accountsStatement } from './account-view.ts'

export interface BackendAccountsOptions {
  /** How to log in as the gateway's own account; asked at each reading, and may name another backend than before. A throw fails the reading. */
  readonly from: () => ConnectOptions
  /** The schema of the view; `saltgate` when left out. */
  readonly schema?: string
  /** Between two readings; 60,000 when left out. Units: milliseconds. */
  readonly refreshMs?: number
  /** For how long a table is good; 600,000 when left out. Units: milliseconds. */
  readonly staleMs?: number
  /** From the login of one reading to its last row; 30,000 when left out. Units: milliseconds. */
  readonly readingMs?: number
  /** From the beginning of one reading to that of the next, whoever asks for it; 1000 when left out. Units: milliseconds. */
  readonly leastBetweenMs?: number
  readonly log: Log
}

export interface BackendAccountsStatus {
  readonly accounts: number
  /** Since the last reading that succeeded began; `undefined`: there was none. Units: milliseconds. */
  readonly ageMs: number | undefined
  /** Why the latest reading failed; for tables and the log, never for clients. `undefined`: it did not. */
  readonly failure: string | undefined
}

/** There is no table, or none that is recent enough: refuse the login. */
export class AccountsNotKnown extends MysqlError {
  constructor(options?: ErrorOptions) {
    super('SALTGATE_ACCOUNTS_NOT_KNOWN', 0, 'HY000', 'the accounts of the backend are not known at present', options)
  }
}

export class BackendAccounts implements AccountSource {
  readonly #options: Required<BackendAccountsOptions>
  readonly #statement: string
  #rows: AccountRows | undefined = undefined
  /** When the reading that made `#rows` began, and when the latest one did. */
  #rowsMs = Number.NEGATIVE_INFINITY
  #beganMs = Number.NEGATIVE_INFINITY
  #failure: unknown = undefined
  /** In a row. */
  #failures = 0
  #reading: Promise<void> | undefined = undefined
  /** Of those who wait for a reading that has not begun yet. */
  #wanted: PromiseWithResolvers<boolean> | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined
  readonly #closing = new AbortController()

  /** Throws: `ConfigurationError`. */
  constructor(options: BackendAccountsOptions) {
    this.#options = { ...defaults, ...options }
    for (const name of ['refreshMs', 'staleMs', 'readingMs', 'leastBetweenMs'] as const) {
      const ms = this.#options[name]
      if (!(ms > 0 && ms <= longestTimer)) {
        throw new ConfigurationError(`${name} is ${ms}; it takes 1 to ${longestTimer} ms`)
      }
    }
    this.#statement = accountsStatement(this.#options.schema)
  }

  /**
   * Reads the accounts, and goes on reading them.
   *
   * Throws (as a rejection): what the first reading failed for. It goes on trying all the same, less and less often; `reread` tries at once.
   */
  async start(): Promise<void> {
    if (!(await this.reread())) throw this.#failure
  }

  /**
   * A promise only while the first reading is under way.
   *
   * Throws: `AccountsNotKnown` when there is no table, or it is too old.
   */
  find(user: string, peer: PeerHost): Account | undefined | Promise<Account | undefined> {
    if (this.#rows === undefined && this.#reading !== undefined) {
      return this.#reading.then(() => this.#good.find(user, peer))
    }
    return this.#good.find(user, peer)
  }

  /** Of the table as it is, however old: what it is asked about was found in one that was good. */
  read(user: string, host: string): Account | undefined {
    return this.#rows?.read(user, host)
  }

  admitsHost(peer: PeerHost): boolean {
    return this.#rows?.admitsHost(peer) ?? true
  }

  pluginCounts(): ReadonlyMap<string, number> {
    return this.#rows?.pluginCounts() ?? noCounts
  }

  get status(): BackendAccountsStatus {
    const failure = this.#failure === undefined ? undefined : reasonOf(this.#failure)
    if (this.#rows === undefined) return { accounts: 0, ageMs: undefined, failure }
    return { accounts: this.#rows.size, ageMs: performance.now() - this.#rowsMs, failure }
  }

  /**
   * Reads the accounts by a reading that has not begun yet, so that what was changed before the call is seen. No two begin
   * within `leastBetweenMs`, and whoever asks meanwhile waits for the same one. Resolves to whether it succeeded.
   */
  reread(): Promise<boolean> {
    if (this.#closing.signal.aborted) return Promise.resolve(false)
    this.#wanted ??= Promise.withResolvers<boolean>()
    const { promise } = this.#wanted
    if (this.#reading === undefined) this.#schedule(0)
    return promise
  }

  /**
   * To be asked once per login, when its user is not known or its password was wrong. Resolves, after a new reading, to whether the
   * accounts of this user are others now, so that the login deserves to be judged again. Never rejects.
   */
  async afterRefusal(user: string): Promise<boolean> {
    const before = this.#rows
    return (await this.reread()) && this.#rows?.differsFor(user, before) === true
  }

  /** Reads no more; `find` goes on until the table is too old. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    this.#wanted?.resolve(false)
    this.#wanted = undefined
    await this.#reading
  }

  get #good(): AccountRows {
    const { staleMs } = this.#options
    if (this.#rows !== undefined && performance.now() - this.#rowsMs < staleMs) return this.#rows
    throw new AccountsNotKnown({ cause: this.#failure })
  }

  /** The next reading begins in so many milliseconds, or as soon as it may. */
  #schedule(inMs: number): void {
    clearTimeout(this.#timer)
    const waitMs = Math.max(inMs, this.#beganMs + this.#options.leastBetweenMs - performance.now())
    if (waitMs <= 0) this.#begin()
    else this.#timer = setTimeout(() => this.#begin(), waitMs)
    // Only for somebody who waits does it keep alive a process that has nothing else to do.
    if (this.#wanted === undefined) this.#timer?.unref()
  }

  #begin(): void {
    const wanted = this.#wanted
    this.#wanted = undefined
    this.#beganMs = performance.now()
    this.#reading = this.#read().then((succeeded) => {
      this.#reading = undefined
      wanted?.resolve(succeeded)
      if (this.#closing.signal.aborted) return
      const { refreshMs, leastBetweenMs } = this.#options
      // A backend that refuses the gateway's account is not to be asked every second for ever: it may count that.
      this.#failures = succeeded ? 0 : this.#failures + 1
      const pauseMs = succeeded ? refreshMs : Math.min(refreshMs, leastBetweenMs * 2 ** this.#failures)
      this.#schedule(this.#wanted === undefined ? pauseMs : 0)
    })
  }

  async #read(): Promise<boolean> {
    const { log } = this.#options
    const beganMs = this.#beganMs
    try {
      const rows = await this.#rowsNow()
      this.#rows = rows
      this.#rowsMs = beganMs
      if (this.#failure !== undefined)
        log.info({ accounts: rows.size }, 'the accounts of the backend can be read again')
      this.#failure = undefined
      return true
    } catch (error) {
      if (this.#closing.signal.aborted) return false
      const reason = reasonOf(error)
      if (this.#failure === undefined || reasonOf(this.#failure) !== reason) {
        log.warn({ reason }, 'the accounts of the backend cannot be read')
      }
      this.#failure = error
      return false
    }
  }

  async #rowsNow(): Promise<AccountRows> {
    const { from, readingMs } = this.#options
    const { database: _, ...options } = from()
    const connection = await connect({ ...options, maxAllowedPacket: longestRow, signal: this.#closing.signal })
    // Not a signal of its own: whoever gives up a statement kills it by a second login.
    const giveUp = () => connection.destroy()
    const timer = setTimeout(giveUp, Math.max(1, this.#beganMs + readingMs - performance.now()))
    this.#closing.signal.addEventListener('abort', giveUp, { once: true })
    try {
      const rows = connection.stream(this.#statement, undefined, { rowsAs: 'array', bigint: 'string' })
      return await AccountRows.read(rows, this.#rows)
    } finally {
      await connection.close()
      clearTimeout(timer)
      this.#closing.signal.removeEventListener('abort', giveUp)
    }
  }
}

const defaults = { schema: 'saltgate', refreshMs: 60_000, staleMs: 600_000, readingMs: 30_000, leastBetweenMs: 1000 }

/** What a timer of Node can be set to. Units: milliseconds. */
const longestTimer = 0x7fffffff

/** Bytes; an account with all its factors has less than a tenth of it. */
const longestRow = 1 << 16

const noCounts: ReadonlyMap<string, number> = new Map()

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
