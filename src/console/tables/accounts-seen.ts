/**
 * The accounts behind the grant tables, as far as the account source can list them.
 */
import type { Account } from '../../accounts/account.ts'
import type { AccountSource, AccountStore } from '../../accounts/source.ts'
import type { Viewer } from './table.ts'
import { mayReadSchema } from './visible.ts'

/** All of them for who may read the grant tables, else the viewer's own. */
export function accountsSeen({ door, home, session }: Viewer): readonly Account[] {
  if (!mayReadSchema('mysql', session.account)) return [session.account]
  return accountStore(door.realm.accounts)?.list() ?? (door === home ? [session.account] : [])
}

/** The account source, if statements can change it. */
export function accountStore(accounts: AccountSource): AccountStore | undefined {
  return 'transact' in accounts ? (accounts as AccountStore) : undefined
}
