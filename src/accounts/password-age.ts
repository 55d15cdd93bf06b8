/**
 * Whether a password is older than it may get.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/password-management.html
 */
import type { Account } from './account.ts'

const dayMs = 86_400_000

/** Units: `defaultDays` is default_password_lifetime, where 0 is "for ever"; `nowMs` is the wall clock. */
export function passwordOutlived(account: Account, defaultDays: number, nowMs: number): boolean {
  const days = account.passwordLifetimeDays ?? defaultDays
  return days > 0 && nowMs - account.passwordChangedMs > days * dayMs
}
