/**
 * An account: who may enter, from where, and what is asked of them. Field by field the row of `mysql.user`; the columns
 * are in `columns.ts`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html
 */
import type { Privilege } from './privileges.ts'

export interface Account {
  /** '' is the anonymous user. At most 32 characters. */
  readonly user: string
  /** A host pattern: name, address, `%` and `_` wildcards, netmask, CIDR, or '%'. See host-pattern.ts. */
  readonly host: string
  readonly plugin: string
  /** The stored credential in the plugin's own format; '' means "no password". */
  readonly authString: string
  /** The retained credential of a dual password. */
  readonly retainedAuthString: string | undefined
  /**
   * What would do in the place of `plugin` and `authString`, in the order in which it is tried behind them: MariaDB's
   * IDENTIFIED VIA ... OR ...
   */
  readonly alternatives: readonly Credential[]
  /** The second factor and the third, asked for once the first is proven: MySQL's IDENTIFIED ... AND IDENTIFIED ... */
  readonly factors: readonly Credential[]
  /** Grows with every change of a stored credential of this account: what was learned from an older one is void. */
  readonly credentialVersion: number
  readonly locked: boolean
  readonly passwordExpired: boolean
  /** Days; `undefined`: default_password_lifetime decides; 0: never. */
  readonly passwordLifetimeDays: number | undefined
  /** Milliseconds since 1970. */
  readonly passwordChangedMs: number
  readonly require: TlsRequirement
  readonly limits: AccountLimits
  /** Wrong passwords in a row that block the account; 0: never. */
  readonly failedLoginAttempts: number
  /** -1: until unlocked; 0: never. */
  readonly passwordLockTimeDays: number
  readonly privileges: ReadonlySet<Privilege>
  /** Database pattern (as in mysql.db: `%` and `_` are wildcards) -> privileges on it. */
  readonly databases: ReadonlyMap<string, ReadonlySet<Privilege>>
  readonly comment: string | undefined
}

/** A stored credential and who understands it. */
export interface Credential {
  readonly plugin: string
  readonly authString: string
}

/** The REQUIRE clause; `specified` demands each of the fields that is set. */
export type TlsRequirement =
  | { readonly kind: 'none' }
  | { readonly kind: 'any' }
  | { readonly kind: 'x509' }
  | {
      readonly kind: 'specified'
      readonly cipher?: string
      readonly issuer?: string
      readonly subject?: string
    }

/** 0 means "no limit". */
export interface AccountLimits {
  readonly maxQueriesPerHour: number
  readonly maxUpdatesPerHour: number
  readonly maxConnectionsPerHour: number
  readonly maxUserConnections: number
}

/** Where a client comes from, as accounts see it. */
export interface PeerHost {
  /** IPv4 or IPv6 address in canonical text (IPv4-mapped IPv6 as IPv4); `undefined` on a unix socket. */
  readonly address: string | undefined
  /** The validated host name; `localhost` on a unix socket and, with names resolved, on loopback. */
  readonly name: string | undefined
}

/** 'user'@'host' as MySQL quotes it in messages and SHOW statements. */
export function accountName(account: Pick<Account, 'user' | 'host'>): string {
  return `'${account.user}'@'${account.host}'`
}
