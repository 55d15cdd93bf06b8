/**
 * FAILED_LOGIN_ATTEMPTS and PASSWORD_LOCK_TIME: how many wrong passwords in a row each account has seen, and which accounts
 * are blocked for it. Kept in memory as in mysqld: a restart and FLUSH PRIVILEGES forget it.
 *
 * mysqld counts PASSWORD_LOCK_TIME in calendar days; here a day is 24 hours from the failure that blocked the account.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/password-management.html
 */
import type { Account } from './account.ts'
import { accountKey } from './account-key.ts'

export interface LoginBlock {
  readonly blocked: boolean
  /** Days that begin or go on until the account opens; 0 when it is not blocked. */
  readonly daysRemaining: number | 'unlimited'
  /** Wrong passwords in a row. */
  readonly failures: number
}

export interface FailedLoginBlock {
  /** Milliseconds since 1970. */
  readonly sinceMs: number
  readonly failures: number
}

/** Times are milliseconds since 1970. */
export class FailedLogins {
  readonly #counting = new Map<string, number>()
  readonly #blocked = new Map<string, FailedLoginBlock>()
  readonly #limit: number

  /** `limit`: accounts of each kind that are remembered; beyond it the longest known one is forgotten. */
  constructor(limit = 100_000) {
    this.#limit = limit
  }

  /** Counts a wrong password. The failure that reaches the limit is answered as blocked already. */
  onWrongPassword(account: Account, nowMs: number): LoginBlock {
    if (!isTracked(account)) return open(0)
    const before = this.blocked(account, nowMs)
    if (before.blocked) return before
    const key = accountKey(account.user, account.host)
    const failures = before.failures + 1
    this.#counting.delete(key)
    if (failures < account.failedLoginAttempts) {
      remember(this.#counting, key, failures, this.#limit)
      return open(failures)
    }
    remember(this.#blocked, key, { sinceMs: nowMs, failures }, this.#limit)
    return this.blocked(account, nowMs)
  }

  /** Asked before a right password is let in: a blocked account refuses it too. Opens the account when its time is over. */
  blocked(account: Account, nowMs: number): LoginBlock {
    if (!isTracked(account)) return open(0)
    const key = accountKey(account.user, account.host)
    const block = this.#blocked.get(key)
    if (block === undefined) return open(this.#counting.get(key) ?? 0)
    const { failures } = block
    const lockDays = account.passwordLockTimeDays
    if (lockDays < 0) return { blocked: true, daysRemaining: 'unlimited', failures }
    // A clock that was set back must not make the lock longer than it is.
    const days = Math.min(lockDays, Math.ceil((block.sinceMs + lockDays * DAY_MS - nowMs) / DAY_MS))
    if (days > 0) return { blocked: true, daysRemaining: days, failures }
    this.#blocked.delete(key)
    return open(0)
  }

  /** Who was blocked, by `accountKey`, and when; some of them may be open again by now. */
  blocks(): readonly (readonly [key: string, block: FailedLoginBlock])[] {
    return [...this.#blocked]
  }

  /** After a right password, whether it was let in or not: the count starts again. */
  onSuccess(account: Account): void {
    if (isTracked(account)) this.#counting.delete(accountKey(account.user, account.host))
  }

  /** RENAME USER: count and block go with the account. */
  rename(from: Pick<Account, 'user' | 'host'>, to: Pick<Account, 'user' | 'host'>): void {
    const [before, after] = [accountKey(from.user, from.host), accountKey(to.user, to.host)]
    for (const map of [this.#counting, this.#blocked] as Map<string, unknown>[]) {
      if (map.has(before)) map.set(after, map.get(before))
      map.delete(before)
    }
  }

  /** ALTER USER ... ACCOUNT UNLOCK; also after DROP USER, and when either option is set anew. */
  unlock(user: string, host: string): void {
    const key = accountKey(user, host)
    this.#counting.delete(key)
    this.#blocked.delete(key)
  }

  /** FLUSH PRIVILEGES. */
  clear(): void {
    this.#counting.clear()
    this.#blocked.clear()
  }
}

/** Both options must be set, or nothing is counted. */
function isTracked(account: Account): boolean {
  return account.failedLoginAttempts > 0 && account.passwordLockTimeDays !== 0
}

function open(failures: number): LoginBlock {
  return { blocked: false, daysRemaining: 0, failures }
}

function remember<T>(map: Map<string, T>, key: string, value: T, limit: number): void {
  map.set(key, value)
  if (map.size <= limit) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

const DAY_MS = 86_400_000
