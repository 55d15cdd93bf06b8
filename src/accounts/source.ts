/**
 * Where accounts come from. `AccountSource` is what a login needs and all that an embedder must write;
 * `AccountStore` adds what CREATE USER and its family need.
 */
import type { Account, PeerHost } from './account.ts'

export interface AccountSource {
  /**
   * Chooses the account for a login. Called once per login and once per COM_CHANGE_USER, after the client has named its
   * user and before any proof was checked. May be slow (a promise counts against connect_timeout); a throw refuses the
   * login (`verifier-failed`). Return `undefined` for an unknown user: the caller plays out a decoy by itself.
   */
  find(user: string, peer: PeerHost): Account | undefined | Promise<Account | undefined>
  /** Whether any account could match this host; `false` refuses before the greeting (1130). Left out: any host may try. */
  admitsHost?(peer: PeerHost): boolean
  /**
   * The account of exactly this name as it is now. Asked once more before a login is let in, so that what was dropped, locked or
   * changed while the password was checked does not open. Left out: what `find` said stands.
   */
  read?(user: string, host: string): Account | undefined
  /**
   * How many accounts have each plugin; unknown users pretend to have one of them, in this proportion. Alternatives count
   * as one, joined by ` OR `: `ed25519 OR mysql_native_password`. The same map as long as it is true. Left out: every
   * unknown user pretends the default plugin.
   */
  pluginCounts?(): ReadonlyMap<string, number>
  /**
   * Judges a clear password instead of the built-in check against the stored credential. Called at most once for each
   * alternative and factor of a login, only with plugins that obtain the password. `factor` is 1 for the first: whoever gives an
   * account more factors must not take the password of one for that of another. Never log `password`; it is wiped after
   * the call. A throw refuses.
   */
  checkPassword?(account: Account, password: Uint8Array, factor: number): boolean | Promise<boolean>
}

/** An account source that statements can change. Every change is durable when the call returns. */
export interface AccountStore extends AccountSource {
  /** Every account, most specific first (the order in which mysqld would try them). */
  list(): readonly Account[]
  read(user: string, host: string): Account | undefined
  /** Runs `change` as one transaction: all of its puts and deletes are kept or none. */
  transact<T>(change: (edit: AccountEdit) => T): T
  /** Reads again what other processes may have written (FLUSH PRIVILEGES). */
  refresh(): void
  close(): void
}

/** All that a source has, most specific first; `undefined` of one that cannot list them. */
export function listedAccounts(source: AccountSource): readonly Account[] | undefined {
  return 'list' in source && typeof source.list === 'function' ? source.list() : undefined
}

export interface AccountEdit {
  read(user: string, host: string): Account | undefined
  list(): readonly Account[]
  /** Inserts or replaces; bumps `credentialVersion` when a stored credential or the plugin differs. */
  put(account: Account): void
  /** Returns whether there was such an account. */
  delete(user: string, host: string): boolean
}
