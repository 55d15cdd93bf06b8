/**
 * What every account statement asks of its session: who is meant by a name, who is the actor, may they do this.
 */
import { type Account, accountName } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/source.ts'
import type { ServerErrorSymbol } from '../../errors/codes.ts'
import { serverError } from '../../errors/errors.ts'
import type { NamedAccount } from './statements.ts'

export interface AccountContext {
  readonly accounts: AccountStore
  readonly actor: Actor
  /** The database of the session, for GRANT ... ON *. */
  readonly database?: string | undefined
  /** The plugin of an account that CREATE USER makes without naming one. */
  readonly defaultPlugin: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /**
   * Turns a password, which is never empty, into the stored credential of `plugin`; may take its time. Throws
   * `ConfigurationError` when the plugin cannot store it.
   */
  hashPassword(plugin: string, password: string): Promise<string>
  /** Called once the change is kept, for each account whose count of wrong passwords begins anew. */
  onUnlock(user: string, host: string): void
  /** Called once the change is kept, for each account that has another name now. */
  onRename?(from: AccountIdentity, to: AccountIdentity): void
  /** Called once the change is kept, for each account of which a resource limit was set: its hour begins anew. */
  onLimits?(account: AccountIdentity): void
  /** Called once a change is kept, with one line that holds no secret. */
  log?(line: string): void
}

/** Who asks: the names as given at login, and the account that let them in. */
export interface Actor {
  readonly user: string
  readonly host: string
  readonly account: Account
  /** The password has expired: until it is changed, nothing else is allowed. */
  readonly mustChangePassword: boolean
  /** The account is none of this store: nothing here is its own, whatever the names. */
  readonly isElsewhere?: boolean
}

export type AccountResult = {
  readonly warnings: readonly Warning[]
  /** The caller lifts the sandbox of an expired password. */
  readonly ownPasswordChanged: boolean
} & (
  | { readonly affectedRows: 0 }
  /** SHOW, and the generated passwords of RANDOM PASSWORD. */
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
)

export interface Warning {
  readonly level: 'Note' | 'Warning'
  readonly code: number
  readonly message: string
}

export type AccountIdentity = Pick<Account, 'user' | 'host'>

export function resolve(named: NamedAccount, { actor }: AccountContext): AccountIdentity {
  return named === 'current-user' ? { user: actor.account.user, host: actor.account.host } : named
}

export function isOwn(identity: AccountIdentity, { actor }: AccountContext): boolean {
  const { user, host } = actor.account
  return actor.isElsewhere !== true && identity.user === user && identity.host.toLowerCase() === host.toLowerCase()
}

/** Throws: `ServerError` 1227 when the actor lacks CREATE USER. */
export function requireCreateUser({ actor }: AccountContext): void {
  if (!actor.account.privileges.has('CREATE USER')) {
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'CREATE USER')
  }
}

/** Throws: `ServerError` 1396, naming the accounts, when there is one in `failed`. */
export function refuseFailed(operation: string, failed: readonly AccountIdentity[], why?: FailureReason): void {
  const reason = why === undefined ? '' : ` (User account ${why})`
  const names = failed.map((one) => accountName(one) + reason)
  if (failed.length > 0) throw serverError('ER_CANNOT_USER', operation, names.join(','))
}

/** What MySQL adds to 1396, where it does. */
export type FailureReason = 'already exists' | 'does not exist'

export function warning(level: Warning['level'], symbol: ServerErrorSymbol, ...values: string[]): Warning {
  const { code, message } = serverError(symbol, ...values)
  return { level, code, message }
}

export function done(warnings: readonly Warning[] = [], ownPasswordChanged = false): AccountResult {
  return { affectedRows: 0, warnings, ownPasswordChanged }
}

/** Writes the line for the log: what was done to whom by whom. */
export function logChange(context: AccountContext, what: string, to: readonly AccountIdentity[]): void {
  if (to.length > 0) context.log?.(`${what} ${to.map(accountName).join(',')} by ${accountName(context.actor.account)}`)
}
