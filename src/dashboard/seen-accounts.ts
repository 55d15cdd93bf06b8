/** The accounts as the dashboard tells them: when each was used, whether it can get in, and what is weak about it. Never a credential. */
import { type Account, accountName } from '../accounts/account.ts'
import { accountKey } from '../accounts/account-key.ts'
import { listedAccounts } from '../accounts/source.ts'
import type { AccountSeen, Weakness } from './contract.ts'
import type { Watched } from './watched.ts'

/** What is known of the use of an account, over restarts. */
export interface KnownUse {
  accountUse(name: string): {
    readonly logins: number
    readonly failures: number
    readonly lastLoginMs: number | undefined
    readonly lastFailureMs: number | undefined
    /** Counted since then. */
    readonly sinceMs: number
  }
}

/** None where the accounts cannot be listed: they are somebody else's. */
export function accountsSeen({ administered }: Watched, known: KnownUse): AccountSeen[] {
  const { accounts, failedLogins } = administered.realm
  const blocks = new Map(failedLogins.blocks())
  return (listedAccounts(accounts) ?? []).map((account) => {
    const { user, host, locked, passwordExpired, passwordLockTimeDays, require } = account
    const name = accountName(account)
    const use = known.accountUse(name)
    const block = blocks.get(accountKey(user, host))
    const untilMs =
      block && (passwordLockTimeDays < 0 ? Number.MAX_SAFE_INTEGER : block.sinceMs + passwordLockTimeDays * dayMs)
    return {
      ...{ name, locked, passwordExpired, logins: use.logins, failures: use.failures, sinceMs: use.sinceMs },
      plugins: [account, ...account.alternatives, ...account.factors].map(({ plugin }) => plugin),
      lockedUntilMs: untilMs !== undefined && untilMs > administered.now() ? untilMs : null,
      requiresTls: require.kind !== 'none',
      lastLoginMs: use.lastLoginMs ?? null,
      lastFailureMs: use.lastFailureMs ?? null,
      weaknesses: weaknessesOf(account, use.lastLoginMs),
    }
  })
}

function weaknessesOf(account: Account, lastLoginMs: number | undefined): Weakness[] {
  const { plugin, authString, alternatives, factors, host, require } = account
  const credentials = [{ plugin, authString }, ...alternatives]
  const uses = (name: string) => [...credentials, ...factors].some((one) => one.plugin === name)
  const found: Weakness[] = []
  // Of plugins that keep a secret with the account.
  if (credentials.some((one) => one.authString === '' && storing.has(one.plugin))) found.push('empty-password')
  if (uses('mysql_native_password')) found.push('native-password')
  if (uses('mysql_clear_password')) found.push('clear-password')
  if (host === '%' && require.kind === 'none') found.push('any-host')
  if (lastLoginMs === undefined && !account.locked) found.push('never-used')
  return found
}

const storing: ReadonlySet<string> = new Set([
  ...['caching_sha2_password', 'mysql_native_password', 'sha256_password', 'client_ed25519', 'ed25519', 'parsec'],
])
const dayMs = 86_400_000
