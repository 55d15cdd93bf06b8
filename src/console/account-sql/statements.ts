/**
 * What an account statement says, after parsing and before anything was looked up.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-management-statements.html
 */
import type { AccountLimits, TlsRequirement } from '../../accounts/account.ts'

export type AccountStatement =
  | CreateUser
  | AlterUser
  | DropUser
  | RenameUser
  | SetPassword
  | Grant
  | Revoke
  | RevokeAll
  | ShowCreateUser
  | ShowGrants

/** An account by name, or the account of this session (CURRENT_USER, USER()). The host is in lower case. */
export type NamedAccount = { readonly user: string; readonly host: string } | 'current-user'

export interface CreateUser {
  readonly statement: 'CREATE USER'
  readonly ifNotExists: boolean
  readonly users: readonly UserSpecification[]
  readonly options: AccountOptions
}

export interface AlterUser {
  readonly statement: 'ALTER USER'
  readonly ifExists: boolean
  readonly users: readonly UserSpecification[]
  readonly options: AccountOptions
}

export interface DropUser {
  readonly statement: 'DROP USER'
  readonly ifExists: boolean
  readonly users: readonly NamedAccount[]
}

export interface RenameUser {
  readonly statement: 'RENAME USER'
  readonly pairs: readonly { readonly from: NamedAccount; readonly to: NamedAccount }[]
}

export interface SetPassword {
  readonly statement: 'SET PASSWORD'
  readonly user: NamedAccount
  readonly identification: Identification
}

export interface Grant {
  readonly statement: 'GRANT'
  readonly privileges: PrivilegeList
  readonly level: PrivilegeLevel
  readonly users: readonly NamedAccount[]
  readonly withGrantOption: boolean
}

export interface Revoke {
  readonly statement: 'REVOKE'
  readonly privileges: PrivilegeList
  readonly level: PrivilegeLevel
  readonly users: readonly NamedAccount[]
  readonly ifExists: boolean
  readonly ignoreUnknownUser: boolean
}

/** REVOKE ALL PRIVILEGES, GRANT OPTION FROM ...: on every level. */
export interface RevokeAll {
  readonly statement: 'REVOKE ALL'
  readonly users: readonly NamedAccount[]
  readonly ignoreUnknownUser: boolean
}

export interface ShowCreateUser {
  readonly statement: 'SHOW CREATE USER'
  readonly user: NamedAccount
}

export interface ShowGrants {
  readonly statement: 'SHOW GRANTS'
  readonly user: NamedAccount
}

export interface UserSpecification {
  readonly user: NamedAccount
  /** Of the first factor. */
  readonly identification: Identification | undefined
  /** Of the others; AND IDENTIFIED ... of CREATE USER adds the second, and so on. */
  readonly factors?: readonly FactorChange[]
}

export type FactorChange =
  | { readonly change: 'ADD' | 'MODIFY'; readonly factor: number; readonly identification: Identification }
  | { readonly change: 'DROP'; readonly factor: number }

/**
 * The IDENTIFIED clause. `plugin` is absent where the statement leaves it open; `alternatives` are what follows OR, each with a
 * plugin.
 */
export type Identification = (
  | { readonly by: 'password'; readonly plugin?: string; readonly password: string; readonly retain: boolean }
  | { readonly by: 'random-password'; readonly plugin?: string; readonly retain: boolean }
  | { readonly by: 'stored'; readonly plugin: string; readonly authString: string; readonly retain: boolean }
  | { readonly by: 'plugin'; readonly plugin: string }
  | { readonly by: 'discard-old' }
) & { readonly alternatives?: readonly Identification[] }

/** Only what the statement mentions is there. */
export interface AccountOptions {
  readonly require?: TlsRequirement
  readonly limits?: Partial<AccountLimits>
  /** PASSWORD EXPIRE: at once, or the lifetime in days (`undefined`: default_password_lifetime, 0: never). */
  readonly expire?: 'now' | { readonly lifetimeDays: number | undefined }
  readonly failedLoginAttempts?: number
  /** Days; -1 is UNBOUNDED. */
  readonly passwordLockTimeDays?: number
  readonly locked?: boolean
  readonly comment?: string
  /** The text of a JSON object. */
  readonly attribute?: string
}

/** Names in upper case, one space between words; a single word that is no static privilege is a dynamic one. */
export type PrivilegeList = 'ALL' | readonly string[]

/** `current-database` is ON *. */
export type PrivilegeLevel =
  | { readonly on: 'global' }
  | { readonly on: 'current-database' }
  | { readonly on: 'database'; readonly database: string }
