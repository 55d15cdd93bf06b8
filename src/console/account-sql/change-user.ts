/**
 * CREATE USER, ALTER USER and SET PASSWORD: the statements that write credentials and account options.
 *
 * Hashing takes time and comes first. The store is changed afterwards in one synchronous transaction, which looks at every
 * account again and fails those that somebody else changed meanwhile.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/alter-user.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/set-password.html
 */

import { accountName } from '../../accounts/account.ts'
import { account } from '../../accounts/defaults.ts'
import { serverError } from '../../errors/errors.ts'
import { withOptions } from './account-options.ts'
import {
  type NewCredential,
  type NewFactor,
  newCredential,
  newFactors,
  passwordPlugin,
  withCredential,
  withFactors,
  withPassword,
} from './credential.ts'
import {
  type AccountContext,
  type AccountIdentity,
  type AccountResult,
  done,
  isOwn,
  logChange,
  refuseFailed,
  requireCreateUser,
  resolve,
  type Warning,
  warning,
} from './session.ts'
import type { AccountOptions, AlterUser, CreateUser, FactorChange, Identification, SetPassword } from './statements.ts'

/** What is to become of one account; without its credentials one cannot be stored, or the account is not there to be altered. */
interface Change extends AccountIdentity {
  readonly identification: Identification | undefined
  readonly credential: NewCredential | undefined
  readonly factors: readonly NewFactor[] | undefined
}

export async function createUser(statement: CreateUser, context: AccountContext): Promise<AccountResult> {
  requireCreateUser(context)
  const changes: Change[] = []
  for (const { user, identification, factors } of statement.users) {
    const identity = resolve(user, context)
    const exists = context.accounts.read(identity.user, identity.host) !== undefined
    const credential = exists ? undefined : await newCredential(identification, context.defaultPlugin, context)
    const others = exists ? undefined : await newFactors(factors, context)
    changes.push({ ...identity, identification, credential, factors: others })
  }
  const { kept, passedOver } = context.accounts.transact((edit) => {
    const kept: Change[] = []
    const passedOver: Change[] = []
    const existing: Change[] = []
    for (const change of changes) {
      const { user, host, credential, factors } = change
      const exists = edit.read(user, host) !== undefined
      if (exists && statement.ifNotExists) passedOver.push(change)
      else if (exists) existing.push(change)
      else if (credential === undefined || factors === undefined) refuseFailed('CREATE USER', [change])
      else {
        const { plugin, authString = '', alternatives = [] } = credential
        const created = account({ user, host, plugin, authString, alternatives, passwordChangedMs: context.nowMs })
        edit.put(withOptions(withFactors(created, factors), statement.options))
        kept.push(change)
      }
    }
    refuseFailed('CREATE USER', existing, 'already exists')
    return { kept, passedOver }
  })
  const notes = passedOver.map((change) => warning('Note', 'ER_USER_ALREADY_EXISTS', accountName(change)))
  logChange(context, 'CREATE USER', kept)
  return result(kept, notes, context)
}

export async function alterUser(statement: AlterUser, context: AccountContext): Promise<AccountResult> {
  const changes: Change[] = []
  for (const { user, identification, factors } of statement.users) {
    if (factors !== undefined) requireCreateUser(context)
    authorise(resolve(user, context), identification, statement.options, context)
  }
  if (context.actor.mustChangePassword && !setsOwnPassword(statement, context)) {
    throw serverError('ER_MUST_CHANGE_PASSWORD')
  }
  for (const { user, identification, factors } of statement.users) {
    changes.push(await prepare(resolve(user, context), identification, factors, context))
  }
  const { kept, passedOver } = alter('ALTER USER', changes, statement.options, statement.ifExists, context)
  const { locked, failedLoginAttempts, passwordLockTimeDays } = statement.options
  if (locked === false || failedLoginAttempts !== undefined || passwordLockTimeDays !== undefined) {
    for (const { user, host } of kept) context.onUnlock(user, host)
  }
  if (statement.options.limits !== undefined) for (const change of kept) context.onLimits?.(change)
  const notes = passedOver.map((change) => warning('Note', 'ER_USER_DOES_NOT_EXIST', accountName(change)))
  return result(kept, notes, context)
}

export async function setPassword(statement: SetPassword, context: AccountContext): Promise<AccountResult> {
  const identity = resolve(statement.user, context)
  const { account: own } = context.actor
  const mayUpdate = own.privileges.has('UPDATE') || own.databases.get('mysql')?.has('UPDATE') === true
  if (isOwn(identity, context)) authorise(identity, statement.identification, {}, context)
  else if (!mayUpdate) throw serverError('ER_DBACCESS_DENIED_ERROR', own.user, own.host, 'mysql')
  if (context.accounts.read(identity.user, identity.host) === undefined) throw serverError('ER_PASSWORD_NO_MATCH')
  const change = await prepare(identity, statement.identification, undefined, context)
  const { kept } = alter('SET PASSWORD', [change], {}, false, context)
  return result(kept, [], context)
}

function setsOwnPassword({ users }: AlterUser, context: AccountContext): boolean {
  return users.every(
    ({ user, identification }) => isOwn(resolve(user, context), context) && setsPassword(identification),
  )
}

/** Whether an IDENTIFIED clause gives the account a new credential, which is what ends the expiry of the old one. */
function setsPassword(identification: Identification | undefined): boolean {
  const by = identification?.by
  return by === 'password' || by === 'random-password' || by === 'stored'
}

/**
 * CREATE USER for everything, except that everybody may change their own password; keeping the old one beside it asks for
 * APPLICATION_PASSWORD_ADMIN.
 */
function authorise(
  identity: AccountIdentity,
  identification: Identification | undefined,
  options: AccountOptions,
  context: AccountContext,
): void {
  const own = isOwn(identity, context)
  if (own && identity.user === '' && setsPassword(identification)) throw serverError('ER_PASSWORD_ANONYMOUS_USER')
  const { privileges } = context.actor.account
  if (privileges.has('CREATE USER')) return
  const by = identification?.by
  const onlyPassword =
    by === 'discard-old' || ((by === 'password' || by === 'random-password') && identification?.plugin === undefined)
  if (!own || !onlyPassword || Object.keys(options).length > 0) requireCreateUser(context)
  if ((by === 'discard-old' || retains(identification)) && !privileges.has('APPLICATION_PASSWORD_ADMIN')) {
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'CREATE USER or APPLICATION_PASSWORD_ADMIN')
  }
}

function retains(identification: Identification | undefined): boolean {
  return identification !== undefined && 'retain' in identification && identification.retain
}

async function prepare(
  identity: AccountIdentity,
  identification: Identification | undefined,
  changes: readonly FactorChange[] | undefined,
  context: AccountContext,
): Promise<Change> {
  const current = context.accounts.read(identity.user, identity.host)
  const credential = current && (await newCredential(identification, passwordPlugin(current), context))
  const factors = current && (await newFactors(changes, context))
  return { ...identity, identification, credential, factors }
}

function alter(
  operation: 'ALTER USER' | 'SET PASSWORD',
  changes: readonly Change[],
  options: AccountOptions,
  ifExists: boolean,
  context: AccountContext,
): { kept: Change[]; passedOver: Change[] } {
  const altered = context.accounts.transact((edit) => {
    const kept: Change[] = []
    const passedOver: Change[] = []
    const missing: Change[] = []
    for (const change of changes) {
      const current = edit.read(change.user, change.host)
      const { credential, identification, factors } = change
      if (current === undefined && ifExists) passedOver.push(change)
      else if (current === undefined) missing.push(change)
      else if (credential === undefined || factors === undefined) refuseFailed(operation, [change])
      else if (credential.madeFor !== undefined && credential.madeFor !== passwordPlugin(current)) {
        refuseFailed(operation, [change])
      } else {
        const give = operation === 'SET PASSWORD' ? withPassword : withCredential
        const altered = give(current, credential, identification, context.nowMs)
        edit.put(withOptions(withFactors(altered, factors), options))
        kept.push(change)
      }
    }
    refuseFailed(operation, missing, 'does not exist')
    return { kept, passedOver }
  })
  logChange(context, operation, altered.kept)
  return altered
}

function result(kept: readonly Change[], notes: readonly Warning[], context: AccountContext): AccountResult {
  const ownPasswordChanged = kept.some((change) => isOwn(change, context) && setsPassword(change.identification))
  const row = ({ user, host }: Change, credential: NewCredential | undefined, factor: number) =>
    credential?.generated === undefined ? [] : [[user, host, credential.generated, String(factor)]]
  const rows = [
    ...kept.flatMap((change) => row(change, change.credential, 1)),
    ...kept.flatMap((change) =>
      (change.factors ?? []).flatMap(({ factor, credential }) => row(change, credential, factor)),
    ),
  ]
  if (rows.length === 0) return done(notes, ownPasswordChanged)
  return { columns: ['user', 'host', 'generated password', 'auth_factor'], rows, warnings: notes, ownPasswordChanged }
}
