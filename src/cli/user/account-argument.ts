/** Accounts as people write them in arguments: `app`, `app@10.0.0.%`, `'app'@'%'`. */
import { accountName } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/source.ts'
import { ConfigurationError, MysqlError } from '../../errors/errors.ts'

export interface NamedUser {
  readonly user: string
  readonly host: string
}

/** Parses a NAME; the last `@` separates. Throws: `ConfigurationError` when a part is too long or there is no name. */
export function parseName(text: string): NamedUser {
  const at = text.lastIndexOf('@')
  const user = unquoted(at === -1 ? text : text.slice(0, at))
  const host = at === -1 ? '%' : unquoted(text.slice(at + 1)).toLowerCase()
  if (text === '') throw new ConfigurationError('the name is empty: write @HOST for the anonymous user of a host')
  if ([...user].length > 32) throw new ConfigurationError(`the user name '${user}' is longer than 32 characters`)
  if (host.length > 255) throw new ConfigurationError(`the host of '${user}' is longer than 255 characters`)
  return { user, host }
}

/** Throws: `MysqlError` that names the accounts which may have been meant, when there is no such account. */
export function requireAccount(accounts: AccountStore, name: NamedUser): void {
  if (accounts.read(name.user, name.host) !== undefined) return
  const others = accounts.list().filter(({ user }) => user === name.user)
  const hint = others.length === 0 ? '' : `; there is ${others.map(accountName).join(', ')}`
  throw new MysqlError('ER_CANNOT_USER', 1396, 'HY000', `there is no account ${accountName(name)}${hint}`)
}

function unquoted(text: string): string {
  return /^(['"`])(.*)\1$/s.exec(text)?.[2] ?? text
}
