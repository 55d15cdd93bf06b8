/**
 * The cache behind fast authentication: for each account, SHA256(SHA256(password)) of credentials that passed full
 * authentication. An entry counts only for the credential version that it was learned from, so a changed password makes
 * it void at the moment the change is visible. Entries never leave the process.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html
 */
import type { Account } from '../accounts/account.ts'
import { accountKey } from '../accounts/account-key.ts'

const none: readonly Uint8Array[] = []

export class FastDigests {
  readonly #entries = new Map<string, { readonly version: number; readonly digests: (Uint8Array | undefined)[] }>()
  readonly #limit: number

  /** At most `limit` accounts; the one that was learned first makes room. */
  constructor(limit: number) {
    this.#limit = limit
  }

  of(account: Account): readonly Uint8Array[] {
    const entry = this.#entries.get(accountKey(account.user, account.host))
    if (entry === undefined || entry.version !== account.credentialVersion) return none
    return entry.digests.filter((digest) => digest !== undefined)
  }

  /** `credential` is 0 for the current password and 1 for the retained one. */
  learn(account: Account, credential: number, digest: Uint8Array): void {
    const key = accountKey(account.user, account.host)
    const known = this.#entries.get(key)
    const entry =
      known?.version === account.credentialVersion ? known : { version: account.credentialVersion, digests: [] }
    entry.digests[credential] = digest
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#limit) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
  }

  forget(user: string, host: string): void {
    this.#entries.delete(accountKey(user, host))
  }

  clear(): void {
    this.#entries.clear()
  }
}
