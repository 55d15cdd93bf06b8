/** Puts accounts that were made elsewhere, in memory or on another server, into the store: all in one transaction. */
import type { Account } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/source.ts'

export type Adoption = 'added' | 'replaced' | 'kept'

/**
 * Adopts the accounts. `kept`: one with that name existed and stays as it was, which `replace` changes; what a statement
 * cannot say of the old account, such as its password history, goes with it.
 */
export function adopt(
  accounts: AccountStore,
  newcomers: readonly Account[],
  { replace, dryRun }: { readonly replace: boolean; readonly dryRun: boolean },
): readonly Adoption[] {
  return accounts.transact((edit) =>
    newcomers.map((newcomer) => {
      const exists = edit.read(newcomer.user, newcomer.host) !== undefined
      if (exists && !replace) return 'kept'
      if (!dryRun) {
        edit.delete(newcomer.user, newcomer.host)
        edit.put(newcomer)
      }
      return exists ? 'replaced' : 'added'
    }),
  )
}
