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
 * `host` is the client as errors show it; `values` fill the text of every error but 1045, which is filled from the state.
 */
export function publicError(
  reason: DenyReason,
  state: ServerState,
  host: string,
  symbol: ServerErrorSymbol | undefined = denyReasons[reason].error,
  values: readonly string[] = [],
): MysqlError | undefined {
  if (symbol !== 'ER_ACCESS_DENIED_ERROR') return symbol && serverError(symbol, ...values)
  const attempt = 'attempt' in state ? state.attempt : undefined
  const user = attempt?.login.user ?? ('login' in state ? state.login.user : '')
  return accessDenied(user, host, attempt?.usedPassword ?? false)
}

/** The public answer to every failed proof. mysqld cuts the user name in it to 48 characters. */
export function accessDenied(user: string, host: string, usedPassword: boolean): MysqlError {
  return serverError('ER_ACCESS_DENIED_ERROR', user.slice(0, 48), host, usedPassword ? 'YES' : 'NO')
}
