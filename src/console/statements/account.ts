/**
 * The statements about accounts: the console's session in the terms of `account-sql`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-management-statements.html
 */
import type { Account } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/source.ts'
import { serverError } from '../../errors/errors.ts'
import type { Administered } from '../../server/administered.ts'
import type { Column, SingleResult } from '../../server/query.ts'
import { execute } from '../account-sql/execute.ts'
import { parseAccountStatement } from '../account-sql/parser.ts'
import type { AccountStatement, NamedAccount } from '../account-sql/statements.ts'
import type { ConsoleContext } from '../context.ts'
import { accountStore } from '../tables/accounts-seen.ts'

/**
 * On an administrator's console a name means an account of the gateway; USER() and CURRENT_USER(), and what is understood without a name,
 * mean the administrator's own, which is in a store of its own. The two cannot meet in one statement (1235).
 *
 * After: a changed password of one's own has lifted the sandbox. Throws: what MySQL answers.
 */
export async function accountStatement(context: ConsoleContext, sql: string): Promise<SingleResult> {
  const { home, session } = context
  const statement = parseAccountStatement(sql)
  const door = doorOf(context, statement)
  const result = await execute(statement, {
    accounts: accountStore(door.realm.accounts) ?? onlyOwn(door === home ? session.account : undefined),
    actor: {
      ...{ user: session.user, host: session.host, account: session.account },
      ...{ mustChangePassword: session.mustChangePassword, isElsewhere: door !== home },
    },
    database: session.database,
    defaultPlugin: door.settings.get('default_authentication_plugin'),
    nowMs: door.now(),
    hashPassword: context.hashPassword,
    onUnlock: (user, host) => door.realm.failedLogins.unlock(user, host),
    onRename: (from, to) => door.realm.failedLogins.rename(from, to),
    onLimits: (account) => door.userConnections.forgetHour(account),
    log: (line) => door.log.info({ connection: session.id }, line),
  })
  session.warnings = result.warnings
  if (result.ownPasswordChanged) session.mustChangePassword = false
  if ('rows' in result) {
    const columns = result.columns.map((name): Column => (name === 'auth_factor' ? { ...count, name } : { name }))
    return { columns, rows: result.rows }
  }
  return { affectedRows: 0 }
}

/** The one column of an account statement that is no text. */
const count = { type: 'LONGLONG', unsigned: true } as const

/** The door whose accounts a statement is about. */
function doorOf({ door, home }: ConsoleContext, statement: AccountStatement): Administered {
  if (door === home) return door
  const names = namedIn(statement)
  const own = names.filter((name) => name === 'current-user').length
  if (own > 0 && own < names.length) {
    throw serverError('ER_NOT_SUPPORTED_YET', 'a statement about the own account and one of the gateway')
  }
  return own > 0 ? home : door
}

function namedIn(statement: AccountStatement): readonly NamedAccount[] {
  switch (statement.statement) {
    case 'CREATE USER':
    case 'ALTER USER':
      return statement.users.map(({ user }) => user)
    case 'RENAME USER':
      return statement.pairs.flatMap(({ from, to }) => [from, to])
    case 'SET PASSWORD':
    case 'SHOW CREATE USER':
    case 'SHOW GRANTS':
      return [statement.user]
    default:
      return statement.users
  }
}

/** What an account source without statements still allows: to look at oneself. */
function onlyOwn(account: Account | undefined): AccountStore {
  const refuse = () => {
    throw serverError('ER_OPTION_PREVENTS_STATEMENT', '--skip-grant-tables')
  }
  return {
    find: () => undefined,
    list: () => (account === undefined ? [] : [account]),
    read: (user, host) => (user === account?.user && host === account.host ? account : undefined),
    transact: refuse,
    refresh: refuse,
    close: () => {},
  }
}
