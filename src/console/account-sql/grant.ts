/**
 * GRANT and REVOKE of privileges on *.* and on databases.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/grant.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/revoke.html
 */
import type { Account } from '../../accounts/account.ts'
import {
  type DynamicPrivilege,
  databasePrivileges,
  dynamicPrivileges,
  allPrivileges as everyPrivilege,
  type Privilege,
  privilegeColumns,
} from '../../accounts/privileges.ts'
import { serverError } from '../../errors/errors.ts'
import {
  type AccountContext,
  type AccountIdentity,
  type AccountResult,
  done,
  logChange,
  requireCreateUser,
  resolve,
  type Warning,
  warning,
} from './session.ts'
import type { Grant, PrivilegeLevel, PrivilegeList, Revoke, RevokeAll } from './statements.ts'

export function grant(statement: Grant, context: AccountContext): AccountResult {
  const database = databaseOf(statement.level, context)
  const named = privilegesOf(statement.privileges, database)
  // The option of a dynamic privilege is its own; it must not become that of all others.
  const withOption = statement.withGrantOption && (named.length === 0 || !named.every(isDynamic))
  const granted: readonly Privilege[] = withOption ? [...named, 'GRANT OPTION'] : named
  authorise(named, database, context)
  const users = statement.users.map((user) => resolve(user, context))
  context.accounts.transact((edit) => {
    for (const { user, host } of users) {
      const account = edit.read(user, host)
      if (account === undefined) throw serverError('ER_CANT_CREATE_USER_WITH_GRANT')
      edit.put(withPrivileges(account, database, new Set([...held(account, database), ...granted])))
    }
  })
  logChange(context, 'GRANT', users)
  return done(superIsDeprecated(statement.privileges))
}

export function revoke(statement: Revoke, context: AccountContext): AccountResult {
  const database = databaseOf(statement.level, context)
  const revoked = new Set(privilegesOf(statement.privileges, database))
  authorise([...revoked], database, context)
  const { changed, warnings } = revokeFrom(statement, context, (account) => {
    const before = held(account, database)
    const after = withPrivileges(account, database, new Set([...before].filter((privilege) => !revoked.has(privilege))))
    // As in MySQL, to revoke what is not held is an error on a database, and none on *.*
    const isHeld =
      statement.privileges === 'ALL' ? before.size > 0 : [...revoked].every((privilege) => before.has(privilege))
    return { after, complete: database === undefined || isHeld }
  })
  logChange(context, 'REVOKE', changed)
  return done([...warnings, ...superIsDeprecated(statement.privileges)])
}

export function revokeAll(statement: RevokeAll, context: AccountContext): AccountResult {
  requireCreateUser(context)
  const { changed, warnings } = revokeFrom(statement, context, (account) => ({
    after: { ...account, privileges: new Set(), databases: new Map() },
    complete: true,
  }))
  logChange(context, 'REVOKE ALL', changed)
  return done(warnings)
}

function revokeFrom(
  statement: Revoke | RevokeAll,
  context: AccountContext,
  change: (account: Account) => { readonly after: Account; readonly complete: boolean },
): { changed: readonly AccountIdentity[]; warnings: readonly Warning[] } {
  const users = statement.users.map((user) => resolve(user, context))
  return context.accounts.transact((edit) => {
    const changed: AccountIdentity[] = []
    const warnings: Warning[] = []
    for (const identity of users) {
      const { user, host } = identity
      const account = edit.read(user, host)
      if (account === undefined) {
        if (!statement.ignoreUnknownUser) {
          throw statement.statement === 'REVOKE ALL'
            ? serverError('ER_REVOKE_GRANTS')
            : serverError('ER_NONEXISTING_GRANT', user, host)
        }
        warnings.push(warning('Warning', 'ER_USER_DOES_NOT_EXIST', user))
        continue
      }
      const { after, complete } = change(account)
      if (!complete) {
        if (statement.statement === 'REVOKE ALL' || !statement.ifExists) {
          throw serverError('ER_NONEXISTING_GRANT', user, host)
        }
        warnings.push(warning('Warning', 'ER_NONEXISTING_GRANT', user, host))
      }
      edit.put(after)
      changed.push(identity)
    }
    return { changed, warnings }
  })
}

/** The name of the database, or `undefined` for *.*. */
function databaseOf(level: PrivilegeLevel, context: AccountContext): string | undefined {
  if (level.on === 'database') return level.database
  if (level.on === 'global') return undefined
  if (context.database === undefined) throw serverError('ER_NO_DB_ERROR')
  return context.database
}

function privilegesOf(list: PrivilegeList, database: string | undefined): readonly Privilege[] {
  if (list === 'ALL') {
    const all: readonly Privilege[] = database === undefined ? everyPrivilege : databasePrivileges
    return all.filter((privilege) => privilege !== 'GRANT OPTION')
  }
  return list.filter((name) => name !== 'USAGE').map((name) => privilegeNamed(name, database))
}

function privilegeNamed(name: string, database: string | undefined): Privilege {
  if (name in privilegeColumns) {
    if (database !== undefined && !databasePrivileges.some((privilege) => privilege === name)) {
      throw serverError('ER_WRONG_USAGE', 'DB GRANT', 'GLOBAL PRIVILEGES')
    }
    return name as Privilege
  }
  if (database !== undefined) throw serverError('ER_ILLEGAL_PRIVILEGE_LEVEL', name)
  if (!isDynamic(name)) throw serverError('ER_DYNAMIC_PRIVILEGE_NOT_REGISTERED', name)
  return name
}

/** Nobody gives or takes what they do not hold themselves, with GRANT OPTION on the same level. */
function authorise(privileges: readonly Privilege[], database: string | undefined, context: AccountContext): void {
  const own = context.actor.account
  const holds = (privilege: Privilege) =>
    own.privileges.has(privilege) || (database !== undefined && own.databases.get(database)?.has(privilege) === true)
  const lacking = ['GRANT OPTION' as const, ...privileges].find((privilege) => !holds(privilege))
  if (lacking === undefined) return
  if (database !== undefined) throw serverError('ER_DBACCESS_DENIED_ERROR', own.user, own.host, database)
  if (isDynamic(lacking) || (privileges.length > 0 && privileges.every(isDynamic))) {
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'GRANT OPTION')
  }
  throw serverError('ER_ACCESS_DENIED_ERROR', own.user, own.host, own.authString === '' ? 'NO' : 'YES')
}

function held(account: Account, database: string | undefined): ReadonlySet<Privilege> {
  return database === undefined ? account.privileges : (account.databases.get(database) ?? new Set())
}

function withPrivileges(account: Account, database: string | undefined, privileges: ReadonlySet<Privilege>): Account {
  if (database === undefined) return { ...account, privileges }
  const databases = new Map(account.databases)
  if (privileges.size === 0) databases.delete(database)
  else databases.set(database, privileges)
  return { ...account, databases }
}

function superIsDeprecated(privileges: PrivilegeList): readonly Warning[] {
  if (privileges === 'ALL') return []
  return privileges.filter((name) => name === 'SUPER').map(() => warning('Warning', 'ER_WARN_DEPRECATED_SUPER'))
}

function isDynamic(name: string): name is DynamicPrivilege {
  return dynamicPrivileges.some((privilege) => privilege === name)
}
