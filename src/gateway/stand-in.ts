/** The account of a client whom a backend judges: nothing is known of the real one but its name. */
import type { Account } from '../accounts/account.ts'
import { defaults } from '../accounts/defaults.ts'

/** One for all connections of a user; those that were made first go first. */
const known = new Map<string, Account>()
const mostKnown = 1000

export function standIn(user: string): Account {
  const before = known.get(user)
  if (before !== undefined) return before
  const made: Account = { ...defaults, user }
  known.set(user, made)
  if (known.size > mostKnown) known.delete(known.keys().next().value as string)
  return made
}
