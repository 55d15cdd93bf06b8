/**
 * SHOW CREATE USER and SHOW GRANTS. Everybody sees their own account; the others are for those who may read the tables
 * in which they are.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show-create-user.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show-grants.html
 */
import type { Account } from '../../accounts/account.ts'
import { serverError } from '../../errors/errors.ts'
import { printCreateUser, printGrants } from './print.ts'
import { type AccountContext, type AccountResult, isOwn, refuseFailed, resolve } from './session.ts'
import type { ShowCreateUser, ShowGrants } from './statements.ts'

export function showCreateUser(statement: ShowCreateUser, context: AccountContext): AccountResult {
  const identity = resolve(statement.user, context)
  const actor = context.actor.account
  const mayRead = mayReadMysql(actor)
  if (!mayRead && !isOwn(identity, context)) {
    throw serverError('ER_DBACCESS_DENIED_ERROR', actor.user, actor.host, 'mysql')
  }
  const account = context.accounts.read(identity.user, identity.host)
  if (account === undefined) refuseFailed('SHOW CREATE USER', [identity], 'does not exist')
  const rows = account === undefined ? [] : [[printCreateUser(account, mayRead ? 'with-credential' : 'without')]]
  return rowsOf(`CREATE USER for ${identity.user}@${identity.host}`, rows)
}

export function showGrants(statement: ShowGrants, context: AccountContext): AccountResult {
  const identity = resolve(statement.user, context)
  const { actor } = context
  if (!mayReadMysql(actor.account) && !isOwn(identity, context)) {
    throw serverError('ER_TABLEACCESS_DENIED_ERROR', 'SELECT', actor.user, actor.host, 'user')
  }
  const account = context.accounts.read(identity.user, identity.host)
  if (account === undefined) throw serverError('ER_NONEXISTING_GRANT', identity.user, identity.host)
  const rows = printGrants(account).map((line) => [line])
  return rowsOf(`Grants for ${identity.user}@${identity.host}`, rows)
}

function mayReadMysql(account: Account): boolean {
  return account.privileges.has('SELECT') || account.databases.get('mysql')?.has('SELECT') === true
}

function rowsOf(column: string, rows: readonly (readonly string[])[]): AccountResult {
  return { columns: [column], rows, warnings: [], ownPasswordChanged: false }
}
