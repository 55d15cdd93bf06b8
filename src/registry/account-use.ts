/**
 * Which accounts are used: logins and failures of each since the start, and the latest of them. Bounded; the account that was quiet for
 * longest goes first.
 */
import type { EndedHandshake } from './registry.ts'

export interface AccountUsed {
  logins: number
  failures: number
  /** Milliseconds since 1970. */
  lastLoginMs: number | undefined
  lastFailureMs: number | undefined
}

export class AccountUse {
  /** By `'user'@'host'`, in the order of use. */
  readonly #used = new Map<string, AccountUsed>()
  readonly #limit: number

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  add({ account, outcome, endedAtMs }: EndedHandshake): void {
    if (account === undefined) return
    const used = this.#used.get(account) ?? { logins: 0, failures: 0, lastLoginMs: undefined, lastFailureMs: undefined }
    if (outcome === 'admitted') {
      used.logins++
      used.lastLoginMs = endedAtMs
    } else {
      used.failures++
      used.lastFailureMs = endedAtMs
    }
    this.#used.delete(account)
    this.#used.set(account, used)
    if (this.#used.size <= this.#limit) return
    for (const oldest of this.#used.keys()) {
      this.#used.delete(oldest)
      return
    }
  }

  seen(): readonly (readonly [account: string, used: Readonly<AccountUsed>])[] {
    return [...this.#used]
  }
}

/** What several processes have, as one. */
export function usesTogether(all: ReturnType<AccountUse['seen']>[]): ReturnType<AccountUse['seen']> {
  const byAccount = new Map<string, AccountUsed>()
  for (const [account, used] of all.flat()) {
    const known = byAccount.get(account)
    byAccount.set(account, {
      logins: used.logins + (known?.logins ?? 0),
      failures: used.failures + (known?.failures ?? 0),
      lastLoginMs: latest(used.lastLoginMs, known?.lastLoginMs),
      lastFailureMs: latest(used.lastFailureMs, known?.lastFailureMs),
    })
  }
  return [...byAccount]
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}
