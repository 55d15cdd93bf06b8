/**
 * What an account is when nobody says otherwise: what `CREATE USER name` makes.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import type { Account } from './account.ts'

/**
 * Completes an account: any host, `caching_sha2_password`, no password, nothing required, no privileges.
 *
 * Throws: `ConfigurationError` when the user name is longer than 32 characters or the host longer than 255.
 */
export function account(known: Partial<Account> & Pick<Account, 'user'>): Account {
  const completed: Account = { ...defaults, ...known }
  if ([...completed.user].length > 32) {
    throw new ConfigurationError(`the user name '${completed.user}' is longer than 32 characters: shorten it`)
  }
  if (completed.host.length > 255) {
    throw new ConfigurationError(`the host of '${completed.user}' is longer than 255 characters: use a pattern`)
  }
  return completed
}

/** Everything but the name. */
export const defaults: Omit<Account, 'user'> = {
  host: '%',
  plugin: 'caching_sha2_password',
  authString: '',
  retainedAuthString: undefined,
  alternatives: [],
  factors: [],
  credentialVersion: 0,
  locked: false,
  passwordExpired: false,
  passwordLifetimeDays: undefined,
  passwordChangedMs: 0,
  require: { kind: 'none' },
  limits: { maxQueriesPerHour: 0, maxUpdatesPerHour: 0, maxConnectionsPerHour: 0, maxUserConnections: 0 },
  failedLoginAttempts: 0,
  passwordLockTimeDays: 0,
  privileges: new Set(),
  databases: new Map(),
  comment: undefined,
}
