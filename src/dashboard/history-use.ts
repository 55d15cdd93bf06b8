/**
 * How often accounts were used, over restarts: what the file had, and what the registry has counted since. Dropped accounts are forgotten
 * when nobody has used them for 30 days.
 */

import { setImmediate as turn } from 'node:timers/promises'
import { accountName } from '../accounts/account.ts'
import { type AccountSource, listedAccounts } from '../accounts/source.ts'
import type { AccountUse, AccountUsed } from '../registry/account-use.ts'
import type { HistoryFile } from './history-file.ts'

export interface UseSince extends Readonly<AccountUsed> {
  /** Counted since then; ms since 1970. */
  readonly sinceMs: number
}

export class HistoryUse {
  readonly #counting: Pick<AccountUse, 'seen'>
  readonly #accounts: AccountSource
  readonly #sinceMs: number
  /** What is in the file. */
  readonly #kept: Map<string, AccountUsed>
  /** What of the registry's counts is in `#kept`. */
  #added = new Map<string, AccountUsed>()
  /** As of this turn of the event loop: whoever asks for one account asks for all. */
  #now: ReadonlyMap<string, Readonly<AccountUsed>> | undefined

  constructor(
    counting: Pick<AccountUse, 'seen'>,
    accounts: AccountSource,
    file: HistoryFile | undefined,
    startedMs: number,
  ) {
    this.#counting = counting
    this.#accounts = accounts
    this.#sinceMs = file?.useSinceMs ?? startedMs
    this.#kept = new Map(file?.uses())
  }

  /** `account` as its name is written: `'app'@'%'`. */
  of(account: string): UseSince {
    if (this.#now === undefined) {
      this.#now = new Map(this.#counting.seen())
      setImmediate(() => {
        this.#now = undefined
      })
    }
    const more = without(this.#now.get(account) ?? unused, this.#added.get(account))
    return { ...plus(this.#kept.get(account) ?? unused, more), sinceMs: this.#sinceMs }
  }

  /** Writes what is new, in steps of a millisecond. Throws: as `HistoryFile.addUses`; what is not written is new the next time. */
  async write(file: HistoryFile): Promise<void> {
    const seen = this.#counting.seen().map(([account, used]) => [account, { ...used }] as const)
    const fresh = seen.filter(([account, { logins, failures }]) => {
      const added = this.#added.get(account)
      return logins !== added?.logins || failures !== added.failures
    })
    for (let from = 0; from < fresh.length; from += AT_A_TIME) {
      if (from > 0) await turn()
      const some = fresh.slice(from, from + AT_A_TIME)
      const more = some.map(([account, used]) => [account, without(used, this.#added.get(account))] as const)
      file.addUses(more)
      for (const [account, used] of more) this.#kept.set(account, plus(this.#kept.get(account) ?? unused, used))
      for (const [account, used] of some) this.#added.set(account, used)
    }
    // The registry gives up accounts of which it has too many; when they are used again, it begins with them anew.
    const known = new Map(seen)
    for (const account of this.#added.keys()) if (!known.has(account)) this.#added.delete(account)
  }

  /** Forgets who was dropped, a few at a time. Throws: as `HistoryFile.forgetUses`. */
  forget(file: HistoryFile, nowMs: number): void {
    const listed = new Set(listedAccounts(this.#accounts)?.map(accountName))
    const dropped: string[] = []
    for (const [account, { lastLoginMs = 0, lastFailureMs = 0 }] of this.#kept) {
      if (dropped.length === AT_A_TIME) break
      if (!listed.has(account) && Math.max(lastLoginMs, lastFailureMs) < nowMs - FORGOTTEN_MS) dropped.push(account)
    }
    if (dropped.length === 0) return
    file.forgetUses(dropped)
    for (const account of dropped) this.#kept.delete(account)
  }
}

const unused: Readonly<AccountUsed> = { logins: 0, failures: 0, lastLoginMs: undefined, lastFailureMs: undefined }

function plus(a: Readonly<AccountUsed>, b: Readonly<AccountUsed>): AccountUsed {
  return {
    logins: a.logins + b.logins,
    failures: a.failures + b.failures,
    lastLoginMs: later(a.lastLoginMs, b.lastLoginMs),
    lastFailureMs: later(a.lastFailureMs, b.lastFailureMs),
  }
}

/** A count that is smaller than before has begun anew. */
function without(now: Readonly<AccountUsed>, before: Readonly<AccountUsed> = unused): AccountUsed {
  const anew = now.logins < before.logins || now.failures < before.failures
  const { logins, failures } = anew ? unused : before
  return { ...now, logins: now.logins - logins, failures: now.failures - failures }
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

const AT_A_TIME = 100
const FORGOTTEN_MS = 30 * 24 * 3600 * 1000
