/**
 * Which databases there are, and who may use them. The console has four of its own; an embedder names more.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/request-access.html
 */
import type { Account } from '../accounts/account.ts'
import { databasePrivileges, type Privilege } from '../accounts/privileges.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { type MysqlError, serverError } from '../errors/errors.ts'

export const consoleDatabases = ['information_schema', 'mysql', 'performance_schema', 'saltgate'] as const

/** Open to every account, as in MySQL; what they show depends on the viewer. */
const openToAll: readonly string[] = ['information_schema', 'performance_schema']

const longestName = 64

export class Databases {
  readonly #names: ReadonlySet<string>
  readonly #any: boolean

  /** `any`: every name is that of a database, for handlers that do not care. */
  constructor(names: readonly string[] | 'any') {
    this.#any = names === 'any'
    this.#names = new Set(names === 'any' ? consoleDatabases : [...consoleDatabases, ...names])
  }

  /** Every database that has a name here, sorted, whoever asks. */
  list(): readonly string[] {
    return [...this.#names].sort()
  }

  visibleTo(account: Account): readonly string[] {
    return this.list().filter((name) => mayUse(name, account))
  }

  /** Why this account may not use the database, or `undefined` when it may. Names of the console ignore case. */
  judge(name: string, account: Account): { readonly reason: DenyReason; readonly error: MysqlError } | undefined {
    if ([...name].length > longestName) {
      return { reason: 'database-name-too-long', error: serverError('ER_TOO_LONG_IDENT', name) }
    }
    if (!mayUse(name, account)) {
      const error = serverError('ER_DBACCESS_DENIED_ERROR', account.user, account.host, name)
      return { reason: 'database-denied', error }
    }
    if (!this.#any && !this.#names.has(name) && !this.#names.has(name.toLowerCase())) {
      return { reason: 'database-unknown', error: serverError('ER_BAD_DB_ERROR', name) }
    }
    return undefined
  }
}

function mayUse(name: string, account: Account): boolean {
  if (openToAll.includes(name.toLowerCase())) return true
  if (databasePrivileges.some((privilege: Privilege) => account.privileges.has(privilege))) return true
  for (const [pattern, privileges] of account.databases) {
    if (privileges.size > 0 && likeDatabase(pattern, name)) return true
  }
  return false
}

/** mysql.db holds patterns: `%` and `_` are wildcards, a backslash takes their meaning away. */
function likeDatabase(pattern: string, name: string): boolean {
  let expression = ''
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string
    if (character === '\\' && i + 1 < pattern.length) expression += literal(pattern[++i] as string)
    else if (character === '%') expression += '[^]*'
    else if (character === '_') expression += '[^]'
    else expression += literal(character)
  }
  return new RegExp(`^${expression}$`, 'u').test(name)
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/, '\\$&')
}
