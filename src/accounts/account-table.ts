/**
 * An immutable, sorted set of accounts: the one place that chooses the account of a login. A login holds on to what it
 * found; a change of accounts makes a new table.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-access.html
 */
import type { Account, PeerHost } from './account.ts'
import { accountKey } from './account-key.ts'
import { ComparablePeer, compareSpecificity, compileHostPattern, type HostPattern } from './host-pattern.ts'

export class AccountTable {
  readonly #sorted: readonly Account[]
  readonly #byKey = new Map<string, Account>()
  readonly #byUser = new Map<string, Entry[]>()
  readonly #anonymous: readonly Entry[]
  readonly #patterns: readonly HostPattern[]
  readonly #anyHost: boolean
  readonly #pluginCounts = new Map<string, number>()

  /** Of two accounts with the same name, the later one counts. */
  constructor(accounts: Iterable<Account>) {
    for (const account of accounts) this.#byKey.set(accountKey(account.user, account.host), account)
    const patterns = new Map<string, HostPattern>()
    const entries = [...this.#byKey.values()].map((account) => {
      const pattern = patterns.get(account.host) ?? compileHostPattern(account.host)
      patterns.set(account.host, pattern)
      return { account, pattern, rank: 0 }
    })
    entries.sort(compareEntries)
    for (const [rank, entry] of entries.entries()) {
      entry.rank = rank
      const { user } = entry.account
      const asked = askedFor(entry.account)
      const rows = this.#byUser.get(user)
      if (rows === undefined) this.#byUser.set(user, [entry])
      else rows.push(entry)
      this.#pluginCounts.set(asked, (this.#pluginCounts.get(asked) ?? 0) + 1)
    }
    this.#sorted = entries.map((entry) => entry.account)
    this.#anonymous = this.#byUser.get('') ?? []
    this.#patterns = [...patterns.values()]
    this.#anyHost = patterns.has('%') || patterns.has('')
  }

  /**
   * Chooses the account: the most specific host that matches, then the named user before the anonymous one. So
   * ''@'localhost' hides 'u'@'%' from a client on localhost, as in mysqld. A name that no account can have matches none,
   * not even the anonymous account: it is never truncated.
   */
  find(user: string, peer: PeerHost): Account | undefined {
    const named = user === '' ? undefined : this.#byUser.get(user)
    if (named === undefined && this.#anonymous.length === 0) return undefined
    if (user.length > MAX_USER_LENGTH && [...user].length > MAX_USER_LENGTH) return undefined
    const comparable = new ComparablePeer(peer)
    const own = firstMatch(named ?? [], comparable)
    const anonymous = firstMatch(this.#anonymous, comparable)
    return (own !== undefined && (anonymous === undefined || own.rank < anonymous.rank) ? own : anonymous)?.account
  }

  /** Whether any account could match this host. Always true for a unix socket, which mysqld never answers with 1130. */
  admitsHost(peer: PeerHost): boolean {
    if (this.#anyHost || peer.address === undefined) return true
    const comparable = new ComparablePeer(peer)
    return this.#patterns.some((pattern) => pattern.matches(comparable))
  }

  /** The account of exactly this name; no pattern is applied. */
  read(user: string, host: string): Account | undefined {
    return this.#byKey.get(accountKey(user, host))
  }

  /** Most specific first. */
  list(): readonly Account[] {
    return this.#sorted
  }

  /** As `AccountSource.pluginCounts`: the weights by which an unknown user gets a plausible plugin. */
  pluginCounts(): ReadonlyMap<string, number> {
    return this.#pluginCounts
  }
}

/** The plugin, or all of an account with alternatives: a stranger sees each of them fail. */
function askedFor({ plugin, alternatives }: Account): string {
  if (alternatives.length === 0) return plugin
  return [plugin, ...alternatives.map((alternative) => alternative.plugin)].join(' OR ')
}

interface Entry {
  readonly account: Account
  readonly pattern: HostPattern
  rank: number
}

function firstMatch(entries: readonly Entry[], peer: ComparablePeer): Entry | undefined {
  for (const entry of entries) {
    if (entry.pattern.matches(peer)) return entry
  }
  return undefined
}

function compareEntries(a: Entry, b: Entry): number {
  return (
    compareSpecificity(a.pattern, b.pattern) ||
    Number(a.account.user === '') - Number(b.account.user === '') ||
    b.account.host.length - a.account.host.length ||
    compareText(a.account.host.toLowerCase(), b.account.host.toLowerCase()) ||
    compareText(a.account.user, b.account.user)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

const MAX_USER_LENGTH = 32
