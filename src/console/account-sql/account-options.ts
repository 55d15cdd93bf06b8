/**
 * Applies the options of CREATE USER and ALTER USER to an account; what a statement does not mention stays.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html
 */
import type { Account } from '../../accounts/account.ts'
import { serverError } from '../../errors/errors.ts'
import type { AccountOptions } from './statements.ts'

/** Throws: `ServerError` 3982 for an ATTRIBUTE that is no JSON object, 1235 for one that holds more than a comment. */
export function withOptions(current: Account, options: AccountOptions): Account {
  const { expire } = options
  return {
    ...current,
    require: options.require ?? current.require,
    limits: { ...current.limits, ...options.limits },
    passwordExpired: expire === 'now' || current.passwordExpired,
    passwordLifetimeDays: typeof expire === 'object' ? expire.lifetimeDays : current.passwordLifetimeDays,
    failedLoginAttempts: options.failedLoginAttempts ?? current.failedLoginAttempts,
    passwordLockTimeDays: options.passwordLockTimeDays ?? current.passwordLockTimeDays,
    locked: options.locked ?? current.locked,
    comment: comment(options, current.comment),
  }
}

/** The comment is the one attribute that is kept; as in MySQL, ATTRIBUTE changes its members and null removes one. */
function comment({ comment, attribute }: AccountOptions, current: string | undefined): string | undefined {
  if (comment !== undefined) return comment
  if (attribute === undefined) return current
  const members = jsonObject(attribute)
  if (!('comment' in members)) {
    if (Object.keys(members).length === 0) return current
    throw serverError('ER_NOT_SUPPORTED_YET', 'ATTRIBUTE')
  }
  const given = members.comment
  if (Object.keys(members).length > 1 || (given !== null && typeof given !== 'string')) {
    throw serverError('ER_NOT_SUPPORTED_YET', 'ATTRIBUTE')
  }
  return given ?? undefined
}

function jsonObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw serverError('ER_INVALID_USER_ATTRIBUTE_JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw serverError('ER_INVALID_USER_ATTRIBUTE_JSON')
  }
  return value as Record<string, unknown>
}
