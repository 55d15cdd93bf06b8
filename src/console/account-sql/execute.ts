/**
 * Carries out account statements on an account store, with MySQL's privilege checks, errors and notes. A statement is
 * done wholly or not at all, as in MySQL since 8.0.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-management-statements.html
 */
import { serverError } from '../../errors/errors.ts'
import { alterUser, createUser, setPassword } from './change-user.ts'
import { dropUser, renameUser } from './drop-rename.ts'
import { grant, revoke, revokeAll } from './grant.ts'
import { type AccountContext, type AccountResult, isOwn, resolve } from './session.ts'
import { showCreateUser, showGrants } from './show.ts'
import type { AccountStatement } from './statements.ts'

/**
 * Executes a statement.
 *
 * Throws: `ServerError` as MySQL answers; nothing was changed then.
 */
export async function execute(statement: AccountStatement, context: AccountContext): Promise<AccountResult> {
  if (context.actor.mustChangePassword && !mayRunExpired(statement, context)) {
    throw serverError('ER_MUST_CHANGE_PASSWORD')
  }
  switch (statement.statement) {
    case 'CREATE USER':
      return createUser(statement, context)
    case 'ALTER USER':
      return alterUser(statement, context)
    case 'SET PASSWORD':
      return setPassword(statement, context)
    case 'DROP USER':
      return dropUser(statement, context)
    case 'RENAME USER':
      return renameUser(statement, context)
    case 'GRANT':
      return grant(statement, context)
    case 'REVOKE':
      return revoke(statement, context)
    case 'REVOKE ALL':
      return revokeAll(statement, context)
    case 'SHOW CREATE USER':
      return showCreateUser(statement, context)
    case 'SHOW GRANTS':
      return showGrants(statement, context)
  }
}

/** ALTER USER looks for itself, as in MySQL after it has looked at the privileges. */
function mayRunExpired(statement: AccountStatement, context: AccountContext): boolean {
  if (statement.statement === 'SET PASSWORD') return isOwn(resolve(statement.user, context), context)
  return statement.statement === 'ALTER USER'
}
