/**
 * From the one true reason of a refusal to the public error that the client is told, and no more.
 */
import type { ServerErrorSymbol } from '../errors/codes.ts'
import { type DenyReason, denyReasons } from '../errors/deny-reasons.ts'
import { type MysqlError, serverError } from '../errors/errors.ts'
import type { ServerState } from './server-states.ts'

/**
 * Builds the error that a refusal in this state sends; `undefined` when the connection just ends.
 *
 * `host` is the client as errors show it; `values` fill the text of every error but 1045 and 1698, which are filled from
 * the state.
 */
export function publicError(
  reason: DenyReason,
  state: ServerState,
  host: string,
  symbol: ServerErrorSymbol | undefined = denyReasons[reason].error,
  values: readonly string[] = [],
): MysqlError | undefined {
  const attempt = 'attempt' in state ? state.attempt : undefined
  const user = attempt?.login.user ?? ('login' in state ? state.login.user : '')
  if (symbol === 'ER_ACCESS_DENIED_ERROR') return accessDenied(user, host, attempt?.usedPassword ?? false)
  if (symbol === 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR') return serverError(symbol, shown(user), host)
  return symbol && serverError(symbol, ...values)
}

/** The public answer to every failed proof. */
export function accessDenied(user: string, host: string, usedPassword: boolean): MysqlError {
  return serverError('ER_ACCESS_DENIED_ERROR', shown(user), host, usedPassword ? 'YES' : 'NO')
}

/** mysqld cuts a user name in a text to 48 characters: never between the two halves of one. */
function shown(user: string): string {
  return user.length <= 48 ? user : [...user.slice(0, 96)].slice(0, 48).join('')
}
