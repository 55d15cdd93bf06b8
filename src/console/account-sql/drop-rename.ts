/**
 * DROP USER and RENAME USER.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/drop-user.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/rename-user.html
 */
import { accountName } from '../../accounts/account.ts'
import {
  type AccountContext,
  type AccountIdentity,
  type AccountResult,
  done,
  logChange,
  refuseFailed,
  requireCreateUser,
  resolve,
  warning,
} from './session.ts'
import type { DropUser, RenameUser } from './statements.ts'

export function dropUser(statement: DropUser, context: AccountContext): AccountResult {
  requireCreateUser(context)
  const users = statement.users.map((user) => resolve(user, context))
  const missing = context.accounts.transact((edit) => {
    const missing = users.filter(({ user, host }) => !edit.delete(user, host))
    if (!statement.ifExists) refuseFailed('DROP USER', missing, 'does not exist')
    return missing
  })
  const dropped = users.filter((user) => !missing.includes(user))
  for (const { user, host } of dropped) context.onUnlock(user, host)
  logChange(context, 'DROP USER', dropped)
  return done(missing.map((user) => warning('Note', 'ER_USER_DOES_NOT_EXIST', accountName(user))))
}

/** The pairs are renamed in order, so that names can be swapped by way of a third. */
export function renameUser(statement: RenameUser, context: AccountContext): AccountResult {
  requireCreateUser(context)
  const pairs = statement.pairs.map(({ from, to }) => ({ from: resolve(from, context), to: resolve(to, context) }))
  context.accounts.transact((edit) => {
    const failed: AccountIdentity[] = []
    for (const { from, to } of pairs) {
      const account = edit.read(from.user, from.host)
      if (account === undefined || edit.read(to.user, to.host) !== undefined) {
        failed.push(from)
      } else {
        edit.delete(from.user, from.host)
        edit.put({ ...account, user: to.user, host: to.host })
      }
    }
    refuseFailed('RENAME USER', failed)
  })
  for (const { from, to } of pairs) context.onRename?.(from, to)
  logChange(
    context,
    'RENAME USER',
    pairs.flatMap(({ from, to }) => [from, to]),
  )
  return done()
}
