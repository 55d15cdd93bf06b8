/**
 * The accounts of a backend as they were at one reading: rows, of which the few that a login asks for become accounts.
 *
 * A table of a million rows is read without holding up anybody: nothing is sorted, rows are only kept, and every few thousand of them
 * others get their turn.
 */
import { setImmediate } from 'node:timers/promises'
import type { Account, PeerHost } from '../accounts/account.ts'
import { AccountTable } from '../accounts/account-table.ts'
import { type ColumnValue, rowToAccount } from '../accounts/columns.ts'
import { ComparablePeer, compileHostPattern, type HostPattern } from '../accounts/host-pattern.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { accountColumns, mostAccounts } from './account-view.ts'

/** Characters of all rows. */
const mostCharacters = 1 << 29

/** Rows between two turns of others. */
const rowsAtOnce = 500

/** Users whose accounts are kept ready. */
const mostReady = 10_000

const columns = [...accountColumns, 'default_lifetime'] as const

export class AccountRows {
  /** A row, in JSON, and the number of the reading's change that brought it: the credentialVersion of its account. */
  readonly #versions = new Map<string, number>()
  readonly #byUser = new Map<string, string[]>()
  readonly #patterns = new Map<string, HostPattern>()
  /** Of users that were asked for, with the anonymous accounts beside them. */
  readonly #ready = new Map<string, AccountTable>()
  #pluginCounts: ReadonlyMap<string, number> = new Map()
  #lastVersion = 0

  /**
   * Takes in the rows of one reading, each with the columns of `accountsStatement`. An account whose row is as `before` keeps its
   * credentialVersion; any other gets one that none had before.
   *
   * Throws: what `rows` throws; `ConfigurationError` when there are none, too many, or something else.
   */
  static async read(rows: AsyncIterable<unknown>, before = new AccountRows()): Promise<AccountRows> {
    const read = new AccountRows()
    read.#lastVersion = before.#lastVersion
    const counts = new Map<string, number>()
    let characters = 0
    for await (const cells of rows) {
      const text = textOf(cells)
      characters += text.length
      if (read.#versions.size >= mostAccounts || characters > mostCharacters) {
        throw new ConfigurationError(`the backend has more than ${mostAccounts} accounts, or very long ones: too many`)
      }
      const asked = read.#add(text, cells as Cells, before)
      counts.set(asked, (counts.get(asked) ?? 0) + 1)
      if (read.#versions.size % rowsAtOnce === 0) await setImmediate()
    }
    // A server has accounts of its own: a view that shows none is not what it should be.
    if (read.#versions.size === 0) throw new ConfigurationError('the view of accounts is empty')
    read.#pluginCounts = sameCounts(counts, before.#pluginCounts) ? before.#pluginCounts : counts
    return read
  }

  /** Accounts. */
  get size(): number {
    return this.#versions.size
  }

  find(user: string, peer: PeerHost): Account | undefined {
    return this.#tableOf(user).find(user, peer)
  }

  read(user: string, host: string): Account | undefined {
    return this.#tableOf(user).read(user, host)
  }

  admitsHost(peer: PeerHost): boolean {
    if (peer.address === undefined || this.#patterns.has('%') || this.#patterns.has('')) return true
    const comparable = new ComparablePeer(peer)
    return this.#patterns.values().some((pattern) => pattern.matches(comparable))
  }

  pluginCounts(): ReadonlyMap<string, number> {
    return this.#pluginCounts
  }

  /** Whether a login as this user could be judged otherwise than by `before`. */
  differsFor(user: string, before = new AccountRows()): boolean {
    return [user, ''].some((name) => {
      const now = this.#byUser.get(name) ?? []
      const then = before.#byUser.get(name) ?? []
      return now.length !== then.length || now.some((row) => !before.#versions.has(row))
    })
  }

  /** Returns what a client is asked for. */
  #add(text: string, cells: Cells, before: AccountRows): string {
    const row = rowOf(cells)
    const user = String(row.user)
    const host = String(row.host)
    this.#versions.set(text, before.#versions.get(text) ?? ++this.#lastVersion)
    const rows = this.#byUser.get(user)
    if (rows === undefined) this.#byUser.set(user, [text])
    else rows.push(text)
    if (!this.#patterns.has(host)) this.#patterns.set(host, compileHostPattern(host))
    return row.auth_or === null ? String(row.plugin) : askedOf(accountOf(row, 0))
  }

  #tableOf(user: string): AccountTable {
    const name = this.#byUser.has(user) ? user : ''
    const ready = this.#ready.get(name)
    if (ready !== undefined) return ready
    const texts = new Set([...(this.#byUser.get(name) ?? []), ...(this.#byUser.get('') ?? [])])
    const table = new AccountTable(
      Array.from(texts, (text) => accountOf(rowOf(JSON.parse(text)), this.#versions.get(text) ?? 0)),
    )
    if (this.#ready.size >= mostReady) this.#ready.clear()
    this.#ready.set(name, table)
    return table
  }
}

type Cells = readonly (string | number | null)[]

type ViewRow = Readonly<Record<(typeof columns)[number], string | number | null>>

/** Makes the account of a row. What cannot be read locks it; what is the backend's to judge (limits, privileges) is left to it. */
export function accountOf(row: ViewRow, credentialVersion: number): Account {
  const [first, ...further] = alternativesOf(row)
  const attributes = {
    ...(row.additional_password !== null && { additional_password: textOfHex(row.additional_password) }),
    ...(row.multi_factor_authentication !== null && {
      multi_factor_authentication: parsed(row.multi_factor_authentication),
    }),
    ...(row.failed_login_attempts !== null && {
      Password_locking: {
        failed_login_attempts: Number(row.failed_login_attempts),
        password_lock_time_days: Number(row.password_lock_time_days),
      },
    }),
    ...(further.length > 0 && { auth_or: further }),
  }
  const { user, host, account_locked, password_expired, ssl_type } = row
  const made = rowToAccount(
    {
      ...{ User: user, Host: host, ...first, account_locked, password_expired, ssl_type },
      ssl_cipher: textOfHex(row.ssl_cipher),
      x509_issuer: textOfHex(row.x509_issuer),
      x509_subject: textOfHex(row.x509_subject),
      User_attributes: JSON.stringify(attributes),
    },
    { db: [], globalGrants: [] },
    credentialVersion,
  )
  return {
    ...made,
    passwordChangedMs: Number(row.password_changed) * 1000,
    // The backend's own default, not the gateway's.
    passwordLifetimeDays: row.password_changed === null ? 0 : Number(row.password_lifetime ?? row.default_lifetime),
  }
}

interface Stored {
  readonly plugin: ColumnValue
  readonly authentication_string: ColumnValue
}

/** In the order in which they are tried: `{}` in MariaDB's list stands for the credential that is outside of it. */
function alternativesOf(row: ViewRow): readonly [Stored, ...unknown[]] {
  const own = { plugin: row.plugin, authentication_string: textOfHex(row.authentication_string) }
  if (row.auth_or === null) return [own]
  const listed = parsed(row.auth_or)
  const [first, ...further] = Array.isArray(listed) ? listed.map((one) => (isEmptyObject(one) ? own : one)) : []
  return typeof first?.plugin === 'string' ? [first, ...further] : [own, unreadable]
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** No credential, and no list of such: an account that has it is locked. */
const unreadable = 'unreadable'

function parsed(json: string | number | null): unknown {
  try {
    return JSON.parse(String(json))
  } catch {
    return unreadable
  }
}

function textOfHex(digits: string | number | null): string {
  return Buffer.from(String(digits ?? ''), 'hex').toString('utf8')
}

function askedOf({ plugin, alternatives }: Account): string {
  return [plugin, ...alternatives.map((alternative) => alternative.plugin)].join(' OR ')
}

function rowOf(cells: Cells): ViewRow {
  return Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? null])) as ViewRow
}

/** Throws: `ConfigurationError` for what is not a row of the view. */
function textOf(cells: unknown): string {
  const fits = Array.isArray(cells) && cells.length === columns.length
  if (fits && cells.every((cell) => cell === null || typeof cell === 'string' || typeof cell === 'number')) {
    return JSON.stringify(cells)
  }
  throw new ConfigurationError('the view of accounts has other columns than it should: set it up again')
}

function sameCounts(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  return one.size === other.size && [...one].every(([plugin, count]) => other.get(plugin) === count)
}
