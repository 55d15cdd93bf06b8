/**
 * SQLite's errors -> MySQL's.
 *
 * Spec: https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html
 */
import { type ServerError, serverError } from '../../errors/errors.ts'
import { syntaxError, type Token } from '../sql/lexer.ts'
import type { Translation } from './translation.ts'
import { noArguments } from './words.ts'

/** `piece`: index of the token with the syntax error, where it is one. */
export function mysqlError(
  sql: string,
  message: string,
  piece: number | undefined,
  translation: Translation,
): ServerError {
  if (piece !== undefined) return syntaxError(sql, tokenAt(translation, piece))
  const quotedName = (pattern: RegExp) =>
    pattern
      .exec(message)?.[1]
      ?.replaceAll('"', '')
      .replace(/ - should .*$/, '')
  const clauseOf = (name: string) =>
    translation.clauses.get((name.split('.').at(-1) ?? '').toLowerCase()) ?? 'field list'
  const column = quotedName(/^no such column: (.*)$/)
  if (column?.includes('.') === true && translation.tables.length === 0) {
    return serverError('ER_UNKNOWN_TABLE', column.replace(/\.[^.]*$/, ''), clauseOf(column))
  }
  if (column !== undefined) return serverError('ER_BAD_FIELD_ERROR', column, clauseOf(column))
  const ambiguous = quotedName(/^ambiguous column name: (.*)$/)
  if (ambiguous !== undefined) return serverError('ER_NON_UNIQ_ERROR', ambiguous, clauseOf(ambiguous))
  const miscounted = quotedName(/^wrong number of arguments to function (.*)\(\)$/)
  if (miscounted !== undefined) return serverError('ER_WRONG_PARAMCOUNT_TO_NATIVE_FCT', miscounted)
  if (message === 'no tables specified') return serverError('ER_NO_TABLES_USED')
  const operands = /^(?:sub-select returns \d+ columns - expected (\d+)|row value misused)/.exec(message)
  if (operands !== null) return serverError('ER_OPERAND_COLUMNS', operands[1] ?? 1)
  if (message.startsWith('misuse of aggregate') || message.startsWith('misuse of window function')) {
    return serverError('ER_INVALID_GROUP_FUNC_USE')
  }
  if (message.includes('do not have the same number of result columns')) {
    return serverError('ER_WRONG_NUMBER_OF_COLUMNS_IN_SELECT')
  }
  return serverError('ER_UNKNOWN_ERROR', `This SELECT cannot be run: ${message}`)
}

/** A call with too few or too many arguments: 1064 where the grammar knows that there are none, else 1582. */
export function miscounted(sql: string, called: Token, argument: Token | undefined): ServerError {
  if (noArguments.test(called.text.toLowerCase())) return syntaxError(sql, argument)
  return serverError('ER_WRONG_PARAMCOUNT_TO_NATIVE_FCT', called.text)
}

/** A piece may have been made up; then the token behind it is meant. */
function tokenAt({ pieces }: Translation, piece: number) {
  return pieces.slice(piece).find(({ token }) => token !== undefined)?.token
}
