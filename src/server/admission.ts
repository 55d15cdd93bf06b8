/**
 * What is asked of a login once its proof is settled, in the order of mysqld 9.7: block, offline mode, REQUIRE, lock,
 * transport, expiry, the last connection, limits, database. Authentication comes first, so whoever cannot prove the password
 * learns none of this.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-access.html
 */
import type { Account } from '../accounts/account.ts'
import { passwordOutlived } from '../accounts/password-age.ts'
import { isAdministrator } from '../accounts/privileges.ts'
import { isSecure } from '../auth/plugin.ts'
import { type DenyReason, denyReasons } from '../errors/deny-reasons.ts'
import { type MysqlError, serverError } from '../errors/errors.ts'
import { accessDenied } from '../machine/public-error.ts'
import type { Attempt, Proof } from '../machine/server-states.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Door } from './door.ts'
import type { Denial } from './passage.ts'
import type { Realm } from './realm.ts'
import type { TlsPeer } from './tls-context.ts'
import { judge } from './tls-requirement.ts'

export type Admission =
  | { readonly admitted: true; readonly account: Account; readonly mustChangePassword: boolean }
  | { readonly admitted: false; readonly reason: DenyReason; readonly error: MysqlError; readonly detail?: string }

/** What FAILED_LOGIN_ATTEMPTS counts. */
const wrongPassword: ReadonlySet<DenyReason> = new Set([
  'scramble-mismatch',
  'secret-mismatch',
  'password-not-empty',
  'no-password',
])

/** What holds for everybody, whom a backend is about to judge. Nobody is an administrator of the door there. */
export function refusalBeforeRelay(door: Door, { channel }: ConnectionRecord): Denial | undefined {
  const { settings, registry } = door
  if (settings.get('offline_mode')) return { reason: 'offline-mode' }
  if (settings.get('require_secure_transport') && !isSecure(channel)) return { reason: 'secure-transport-required' }
  const isFull = registry.live.size > settings.get('max_connections') && !door.makeRoom()
  return isFull ? { reason: 'too-many-connections' } : undefined
}
/**
 * Decides about one login, of an account of `realm`. `justFound`: the account was looked up in this very turn of the event loop.
 *
 * After: an admitted one is counted by `door.userConnections` and must be released there; a wrong password has been
 * counted by `realm.failedLogins`.
 */
export function admit(
  door: Door,
  realm: Realm,
  record: ConnectionRecord,
  attempt: Attempt,
  proof: Proof,
  peer: TlsPeer | undefined,
  justFound: boolean,
): Admission {
  const { login, candidate, usedPassword } = attempt
  const { settings } = door
  const denied = (reason: DenyReason, detail?: string): Admission => ({
    admitted: false,
    reason,
    error: accessDenied(login.user, record.host, usedPassword),
    ...(detail !== undefined && { detail }),
  })
  const refused = (reason: DenyReason, ...values: readonly (string | number)[]): Admission => {
    const symbol = denyReasons[reason].error
    const error =
      symbol === undefined ? accessDenied(login.user, record.host, usedPassword) : serverError(symbol, ...values)
    return { admitted: false, reason, error }
  }
  const nowMs = door.now()

  if (!proof.holds) {
    if (proof.reason === 'malformed-packet') return refused('malformed-packet')
    if (proof.reason === 'peer-identity') return refused('peer-identity', login.user, record.host)
    // Of an account with alternatives every one was a guess.
    if ([proof.reason, ...attempt.failed].some((reason) => wrongPassword.has(reason))) {
      const block = realm.failedLogins.onWrongPassword(candidate.account, nowMs)
      if (block.blocked) return blockedBy(candidate.account, login.user, record.host, block)
    }
    return denied(proof.reason, proof.detail)
  }

  const account = justFound ? candidate.account : asItIsNow(realm, candidate.account)
  if (account === undefined) return denied('unknown-account', 'dropped during the login')
  if (account.credentialVersion !== candidate.account.credentialVersion) {
    return denied('secret-mismatch', 'the password was changed during the login')
  }
  const block = realm.failedLogins.blocked(account, nowMs)
  if (block.blocked) return blockedBy(account, login.user, record.host, block)
  // A right password ends the count, whatever else keeps the login out.
  realm.failedLogins.onSuccess(account)
  const administrator = isAdministrator(account)
  if (!administrator && settings.get('offline_mode')) return refused('offline-mode')
  const tls = judge(account.require, peer)
  if (tls !== 'ok') return denied(tls.reason, tls.detail)
  if (account.locked) return refused('account-locked', login.user, record.host)
  if (settings.get('require_secure_transport') && !isSecure(record.channel)) return refused('secure-transport-required')

  const expired = account.passwordExpired || passwordOutlived(account, settings.get('default_password_lifetime'), nowMs)
  const canChange = has(login.capabilities, capability.CAN_HANDLE_EXPIRED_PASSWORDS)
  if (expired && !canChange && settings.get('disconnect_on_expired_password')) return refused('password-expired')

  // The connection that asks is already counted; one slot beyond the limit is kept for an administrator.
  if (!administrator && door.registry.live.size > settings.get('max_connections') && !door.makeRoom()) {
    return refused('too-many-connections')
  }

  const limit = door.userConnections.admit(account, settings.get('max_user_connections'), nowMs)
  if (limit !== 'ok') {
    if (limit.reason === 'user-connections') return refused(limit.reason, login.user)
    return refused(limit.reason, login.user, limit.resource, limit.currentValue)
  }

  // Behind a gate the databases are the backend's.
  const database = door.gate === undefined ? login.database : undefined
  if (database !== undefined) {
    const refusal = door.databases.judge(database, account)
    if (refusal !== undefined) {
      door.userConnections.release(account)
      return { admitted: false, ...refusal }
    }
  }
  return { admitted: true, account, mustChangePassword: expired }
}

/** The look-up may be seconds old, and the proof took its time: what was revoked meanwhile must not open. */
function asItIsNow({ accounts }: Realm, account: Account): Account | undefined {
  return accounts.read === undefined ? account : accounts.read(account.user, account.host)
}

function blockedBy(
  account: Account,
  user: string,
  host: string,
  block: { readonly daysRemaining: number | 'unlimited'; readonly failures: number },
): Admission {
  const days = account.passwordLockTimeDays < 0 ? 'unlimited' : account.passwordLockTimeDays
  const symbol = denyReasons['account-blocked'].error
  return {
    admitted: false,
    reason: 'account-blocked',
    error: serverError(symbol, user, host, days, block.daysRemaining, block.failures),
  }
}
