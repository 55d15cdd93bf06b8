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
const unknown = new Uint8Array(0)

export class FastDigests {
  readonly #entries = new Map<string, { readonly version: number; readonly digests: readonly Uint8Array[] }>()
  readonly #limit: number

  /** At most `limit` accounts; the one that was learned first makes room. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** By credential, as `ServerProof.fastDigests` wants them: an empty one where none is known. */
  of(account: Account): readonly Uint8Array[] {
    const entry = this.#entries.get(accountKey(account.user, account.host))
    if (entry === undefined || entry.version !== account.credentialVersion) return none
    return entry.digests
  }

  /** `credential` is 0 for the current password and 1 for the retained one. */
  learn(account: Account, credential: number, digest: Uint8Array): void {
    const key = accountKey(account.user, account.host)
    const digests = [...this.of(account)]
    while (digests.length < credential) digests.push(unknown)
    digests[credential] = digest
    this.#entries.delete(key)
    this.#entries.set(key, { version: account.credentialVersion, digests })
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
