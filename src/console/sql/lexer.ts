/**
 * The tokens of the console's statements: what `account-sql/lexer.ts` cuts, put together to numbers, variables and
 * operators, which account statements do not have. A syntax error is reported in terms of these tokens.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/language-structure.html
 */
import type { IToken } from 'chevrotain'
import { type ServerError, serverError } from '../../errors/errors.ts'
import { tokens } from '../account-sql/lexer.ts'
import { At, HexText, Hostname, Invalid, QuotedIdentifier, signs, Text } from '../account-sql/tokens.ts'

export interface Token {
  readonly kind: TokenKind
  /** Words and signs as typed; names and strings decoded; hexadecimal literals as bytes in latin1; variables by name. */
  readonly text: string
  /** A word in upper case, a sign as it is; empty for everything else, so that a quoted name is never a keyword. */
  readonly word: string
  /** Of `@@scope.name`, in lower case. */
  readonly scope?: VariableScope
  readonly start: number
  readonly end: number
}

export type TokenKind =
  | 'word'
  | 'name'
  | 'text'
  | 'hex'
  | 'number'
  | 'system-variable'
  | 'user-variable'
  | 'placeholder'
  | 'sign'
  | 'invalid'

export type VariableScope = 'global' | 'session' | 'persist' | 'persist_only'

/** Cuts a text into tokens; never fails. With ANSI_QUOTES, "x" is a name. */
export function lex(sql: string, ansiQuotes = false): Token[] {
  const source = [...tokens(sql)]
  const result: Token[] = []
  let i = 0

  const push = (kind: TokenKind, text: string, end: number, scope?: VariableScope) => {
    const { startOffset: start } = source[i] as IToken
    const word = kind === 'word' ? text.toUpperCase() : kind === 'sign' ? text : ''
    result.push({ kind, text, word, start, end, ...(scope !== undefined && { scope }) })
    // At least one: the rest of an unterminated comment has no length.
    do i++
    while (i < source.length && (source[i] as IToken).startOffset < end)
  }

  while (i < source.length) {
    const token = source[i] as IToken
    const { tokenType: type, startOffset: start } = token
    const end = (token.endOffset as number) + 1
    const payload = (token.payload as string | undefined) ?? token.image
    const number = numberAt(sql, start, result.at(-1))
    if (number !== undefined) push('number', number, start + number.length)
    else if (type === Text) push(ansiQuotes && token.image.startsWith('"') ? 'name' : 'text', payload, end)
    else if (type === QuotedIdentifier) push('name', payload, end)
    else if (type === HexText) push('hex', payload, end)
    else if (type === At) {
      const variable = variableAt(source, i)
      push(variable.kind, variable.name, variable.end, variable.scope)
    } else if (type === Hostname && payload === '') i++
    else if (isWord(type)) push('word', token.image, end)
    else if (type === Invalid && token.image === '?') push('placeholder', '?', end)
    else if (type === Invalid && (token.image.length > 1 || !/[\x21-\x7e]/.test(token.image)))
      push('invalid', token.image, end)
    else push('sign', operators.find((operator) => sql.startsWith(operator, start)) ?? token.image, end)
    const last = result.at(-1)
    if (last?.kind === 'sign' && last.start === start && last.text.length > 1) {
      result[result.length - 1] = { ...last, end: start + last.text.length }
      while (i < source.length && (source[i] as IToken).startOffset < start + last.text.length) i++
    }
  }
  return result
}

/** The statements of a text, without the semicolons; empty ones are left out. */
export function splitStatements(all: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]]
  for (const token of all) {
    if (token.word === ';') statements.push([])
    else statements.at(-1)?.push(token)
  }
  return statements.filter((statement) => statement.length > 0)
}

/** The text from the first to the last of some neighbouring tokens, as typed. */
export function sourceOf(sql: string, some: readonly Token[]): string {
  return sql.slice(some[0]?.start ?? 0, some.at(-1)?.end ?? 0)
}

/** MySQL's 1064 for a token that cannot stand in its place; `undefined`: the end came too early. */
export function syntaxError(sql: string, token: Token | undefined): ServerError {
  const near = token === undefined ? '' : sql.slice(token.start, token.start + longestNearText)
  const line = sql.slice(0, token?.start).split('\n').length
  return serverError('ER_PARSE_ERROR', SYNTAX_ERROR, near, line)
}

const SYNTAX_ERROR =
  'You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use'

const longestNearText = 80

/** Longest first. */
const operators = ['<=>', '->>', '<=', '>=', '<>', '!=', ':=', '||', '&&', '<<', '>>', '->']

function isWord(type: IToken['tokenType']): boolean {
  return type !== Invalid && ![...signs.values()].includes(type)
}

/** A number at this place, unless it is the end of a name: `t.1`. */
function numberAt(sql: string, start: number, before: Token | undefined): string | undefined {
  const first = sql.charCodeAt(start)
  const digit = first >= 0x30 && first <= 0x39
  if (!digit && first !== 0x2e) return undefined
  numeral.lastIndex = start
  const number = numeral.exec(sql)?.[0]
  if (number === undefined) return undefined
  const touches = before?.end === start && (before.kind === 'word' || before.kind === 'name' || before.word === ')')
  return touches && !digit ? undefined : number
}

const numeral = /(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?(?![\w$\u0080-\uffff])/iy

interface Variable {
  readonly kind: 'system-variable' | 'user-variable' | 'sign'
  readonly name: string
  readonly end: number
  readonly scope: VariableScope | undefined
}

/** Reads `@name`, `@'name'`, `@@name`, `@@scope.name` or @@scope.`name` at the @. */
function variableAt(source: readonly IToken[], i: number): Variable {
  const at = source[i] as IToken
  let end = (at.endOffset as number) + 1
  const adjacent = (next: IToken | undefined) => next !== undefined && next.startOffset === end
  const take = (next: IToken): string => {
    end = (next.endOffset as number) + 1
    return (next.payload as string | undefined) ?? next.image
  }
  const second = source[i + 1]
  const isSystem = adjacent(second) && second?.tokenType === At
  let next = i + 1
  if (isSystem) {
    take(second as IToken)
    next++
  }
  let name = ''
  let scope: VariableScope | undefined
  const readName = () => {
    const token = source[next]
    if (adjacent(token) && token !== undefined && [Hostname, QuotedIdentifier, Text].includes(token.tokenType)) {
      name = take(token)
      next++
    }
  }
  readName()
  if (isSystem) {
    const scoped = /^(global|session|local|persist|persist_only)\.(.*)$/i.exec(name)
    if (scoped !== null) {
      const word = (scoped[1] as string).toLowerCase()
      scope = (word === 'local' ? 'session' : word) as VariableScope
      name = scoped[2] as string
      if (name === '') readName()
    }
  }
  if (name === '') return { kind: 'sign', name: '@', end, scope: undefined }
  return { kind: isSystem ? 'system-variable' : 'user-variable', name, end, scope }
}
