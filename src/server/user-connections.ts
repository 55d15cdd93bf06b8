/**
 * How many connections each account has open, and how many it opened within the hour: what MAX_USER_CONNECTIONS,
 * MAX_CONNECTIONS_PER_HOUR and the global max_user_connections limit.
 *
 * An account is its user@host row, not the client: all clients that enter by one row share its limits. A refused
 * connection counts for nothing.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/user-resources.html
 */
import type { Account } from '../accounts/account.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'

/** What a refusal needs: 1203 takes the user only, 1226 also `resource` and `currentValue`, which is the limit itself. */
export interface LimitReached {
  readonly reason: Extract<DenyReason, 'user-connections' | 'account-connections' | 'account-connections-per-hour'>
  readonly resource: 'max_user_connections' | 'max_connections_per_hour'
  readonly currentValue: number
}

type Limited = Pick<Account, 'user' | 'host' | 'limits'>

/** Bounded: by the connections that are open, and by 100,000 accounts with an hour under way. */
export class UserConnections {
  readonly #open = new Map<string, number>()
  /** Oldest window first. */
  readonly #hours = new Map<string, Hour>()

  /**
   * Counts one more connection of `account`, unless a limit stands against it. As in mysqld, an account with its own
   * MAX_USER_CONNECTIONS is not held to the global one, and its hour starts with the first connection after the last hour.
   *
   * Units: `maxUserConnections` is the global max_user_connections (0: no limit); `nowMs` any steady clock.
   * After: `'ok'` must be given back by one `release`; a refusal must not.
   */
  admit(account: Limited, maxUserConnections: number, nowMs: number): 'ok' | LimitReached {
    const { limits } = account
    const key = keyOf(account)
    const open = this.#open.get(key) ?? 0
    if (limits.maxUserConnections === 0 && maxUserConnections > 0 && open >= maxUserConnections) {
      return { reason: 'user-connections', resource: 'max_user_connections', currentValue: maxUserConnections }
    }
    if (limits.maxUserConnections > 0 && open >= limits.maxUserConnections) {
      return {
        reason: 'account-connections',
        resource: 'max_user_connections',
        currentValue: limits.maxUserConnections,
      }
    }
    if (limits.maxConnectionsPerHour > 0) {
      const hour = this.#hourOf(key, nowMs)
      if (hour.connections >= limits.maxConnectionsPerHour) {
        return {
          reason: 'account-connections-per-hour',
          resource: 'max_connections_per_hour',
          currentValue: limits.maxConnectionsPerHour,
        }
      }
      hour.connections += 1
    }
    this.#open.set(key, open + 1)
    return 'ok'
  }

  /** Ends one admitted connection of the account. */
  release(account: Pick<Account, 'user' | 'host'>): void {
    const key = keyOf(account)
    const open = this.#open.get(key) ?? 0
    if (open > 1) this.#open.set(key, open - 1)
    else this.#open.delete(key)
  }

  /** Connections that the account has open. */
  count(account: Pick<Account, 'user' | 'host'>): number {
    return this.#open.get(keyOf(account)) ?? 0
  }

  /** After ALTER USER has set a limit: the hour of the account begins anew. */
  forgetHour(account: Pick<Account, 'user' | 'host'>): void {
    this.#hours.delete(keyOf(account))
  }

  /** FLUSH PRIVILEGES. */
  forgetHours(): void {
    this.#hours.clear()
  }

  /** Accounts remembered, because they are connected or because their hour is not over: for the proof of the bound. */
  get size(): number {
    return new Set([...this.#open.keys(), ...this.#hours.keys()]).size
  }

  #hourOf(key: string, nowMs: number): Hour {
    const running = this.#hours.get(key)
    if (running !== undefined && nowMs - running.startMs < hourMs) return running
    this.#hours.delete(key)
    for (const [oldest, { startMs }] of this.#hours) {
      if (nowMs - startMs < hourMs && this.#hours.size < maxHours) break
      this.#hours.delete(oldest)
    }
    const hour = { startMs: nowMs, connections: 0 }
    this.#hours.set(key, hour)
    return hour
  }
}

interface Hour {
  readonly startMs: number
  connections: number
}

/** A NUL cannot be part of either name. */
function keyOf({ user, host }: Pick<Account, 'user' | 'host'>): string {
  return `${user}\0${host}`
}

const hourMs = 3_600_000

/** Only accounts that logged in have an hour, so this is out of reach unless an account source makes accounts up. */
const maxHours = 100_000
