/**
 * Accounts that have the same password, as far as stored credentials tell: without a salt, equal passwords are stored equally, and
 * whoever reads the table sees it too.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html
 */
import type { Account, Credential } from './account.ts'
import { accountKey } from './account-key.ts'

/** Stored without a salt. */
const unsalted: ReadonlySet<string> = new Set(['mysql_native_password', 'ed25519'])

/** For each account, by `accountKey`, the others that store the same credential. Accounts that share nothing are not in it. */
export function sharedPasswords(accounts: readonly Account[]): ReadonlyMap<string, readonly Account[]> {
  const owners = new Map<string, Account[]>()
  for (const account of accounts) {
    for (const credential of new Set(unsaltedOf(account))) {
      const before = owners.get(credential)
      if (before === undefined) owners.set(credential, [account])
      else before.push(account)
    }
  }
  const shared = new Map<string, Account[]>()
  for (const group of owners.values()) {
    if (group.length === 1) continue
    for (const account of group) {
      const key = accountKey(account.user, account.host)
      const others = group.filter((other) => other !== account)
      shared.set(key, [...new Set([...(shared.get(key) ?? []), ...others])])
    }
  }
  return shared
}

function unsaltedOf({ plugin, authString, retainedAuthString, alternatives, factors }: Account): string[] {
  const own: Credential[] = [{ plugin, authString }, ...alternatives, ...factors]
  if (retainedAuthString !== undefined) own.push({ plugin, authString: retainedAuthString })
  return own
    .filter((one) => unsalted.has(one.plugin) && one.authString !== '')
    .map((one) => `${one.plugin} ${one.authString.toUpperCase()}`)
}
