/**
 * The statements about accounts: the console's session in the terms of `account-sql`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-management-statements.html
 */
import type { AccountStore } from '../../accounts/source.ts'
import { serverError } from '../../errors/errors.ts'
import type { Column, Session, SingleResult } from '../../server/query.ts'
import { execute } from '../account-sql/execute.ts'
import { parseAccountStatement } from '../account-sql/parser.ts'
import type { ConsoleContext } from '../context.ts'
import { accountStore } from '../tables/accounts-seen.ts'

/** After: a changed password of one's own has lifted the sandbox. Throws: what MySQL answers. */
export async function accountStatement(context: ConsoleContext, sql: string): Promise<SingleResult> {
  const { door, session } = context
  const statement = parseAccountStatement(sql)
  const result = await execute(statement, {
    accounts: accountStore(door.realm.accounts) ?? onlyOwn(session),
    actor: session,
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

/** What an account source without statements still allows: to look at oneself. */
function onlyOwn({ account }: Session): AccountStore {
  const refuse = () => {
    throw serverError('ER_OPTION_PREVENTS_STATEMENT', '--skip-grant-tables')
  }
  return {
    find: () => undefined,
    list: () => [account],
    read: (user, host) => (user === account.user && host === account.host ? account : undefined),
    transact: refuse,
    refresh: refuse,
    close: () => {},
  }
}
