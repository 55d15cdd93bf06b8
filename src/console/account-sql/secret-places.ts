/**
 * Where a password may stand in text that is no statement, and how such text is shown.
 *
 * Somebody who forgets a quote has written a password where the grammar sees anything: words, signs, other strings. So
 * from the first place on where a password may stand, nothing of what was typed is shown.
 */
import type { IToken, TokenType } from 'chevrotain'
import { At, Comma, Equal, HexText, Identifier, Invalid, keyword, keywords, LParen, Text } from './tokens.ts'

export const SECRET = '<secret>'

/** Returns the index of the first token that may be part of a password; `all.length` when there is none. */
export function firstSecretPlace(all: readonly IToken[]): number {
  const quotesAreOff = all.some((token, i) => isUnterminated(token) || isQuotedWrongly(token, all[i + 1]))
  const place = all.findIndex((token, i) => {
    const before = all[i - 1]?.tokenType
    if (before === keyword('IDENTIFIED') || before === keyword('BY')) return true
    if (before === keyword('PASSWORD') && all[i - 2]?.tokenType === keyword('SET')) return true
    if (!isLiteral(token)) return false
    return quotesAreOff || before === undefined || !beforeAName.has(before)
  })
  return place === -1 ? all.length : place
}

/** Returns the index of the first string, hexadecimal literal or unterminated rest; `all.length` when there is none. */
export function firstLiteral(all: readonly IToken[]): number {
  const place = all.findIndex(isLiteral)
  return place === -1 ? all.length : place
}

/** What MySQL's syntax error quotes: the text from the offending token on, at most 80 characters, without secrets. */
export function nearText(sql: string, all: readonly IToken[], offender: IToken): string {
  const from = all.indexOf(offender)
  if (from === -1) return ''
  const secretFrom = firstSecretPlace(all)
  if (from < secretFrom) return show(sql, all.slice(from, secretFrom), secretFrom < all.length).slice(0, 80)
  // Behind the password only keywords are shown: they say where the mistake is.
  let end = from
  while (isHarmlessKeyword(all[end], all[end - 1])) end++
  return show(sql, all.slice(from, end), end < all.length).slice(0, 80)
}

/** The text of neighbouring tokens as it was typed, comments left out, with `<secret>` for what was cut off. */
export function show(sql: string, some: readonly IToken[], cut: boolean): string {
  const text = some.map((token, i) => gap(sql, some[i - 1], token) + token.image).join('')
  return cut ? `${text} ${SECRET}`.trimStart() : text
}

/** What stands between two neighbouring tokens: space, or one blank instead of a comment. */
export function gap(sql: string, before: IToken | undefined, after: IToken): string {
  if (before === undefined) return ''
  const between = sql.slice((before.endOffset as number) + 1, after.startOffset)
  return /^[ \t-\r]*$/.test(between) ? between : ' '
}

/** A string that holds a clause: the quote of a name was forgotten, and the password became part of it. */
export function holdsAClause({ tokenType, image }: IToken): boolean {
  return tokenType === Text && /identified\s+(by|with|via|as)\b/i.test(image)
}

function isLiteral(token: IToken): boolean {
  return token.tokenType === Text || token.tokenType === HexText || isUnterminated(token)
}

function isUnterminated(token: IToken): boolean {
  return token.tokenType === Invalid && (token.image.length > 1 || /['"`]/.test(token.image))
}

/** A word that touches a string, or a clause inside one: a quote is missing or too many. */
function isQuotedWrongly(token: IToken, after: IToken | undefined): boolean {
  if (token.tokenType === Text && /identified|password/i.test(token.image)) return true
  if (after === undefined || after.startOffset !== (token.endOffset as number) + 1) return false
  return (token.tokenType === Text && isWordOrText(after)) || (isWordOrText(token) && after.tokenType === Text)
}

function isWordOrText(token: IToken): boolean {
  return token.tokenType === Text || token.tokenType === Identifier || isKeyword(token)
}

function isHarmlessKeyword(token: IToken | undefined, before: IToken | undefined): boolean {
  if (token === undefined || before === undefined || !isKeyword(token)) return false
  const touches = token.startOffset === (before.endOffset as number) + 1
  return !touches && !beforeAPassword.has(before.tokenType)
}

function isKeyword(token: IToken): boolean {
  return keywords.get(token.image.toUpperCase()) === token.tokenType
}

const beforeAName: ReadonlySet<TokenType> = new Set<TokenType>([
  ...(['USER', 'EXISTS', 'TO', 'FROM', 'FOR'] as const).map(keyword),
  At,
  Comma,
])

const beforeAPassword: ReadonlySet<TokenType> = new Set<TokenType>([
  ...(['BY', 'AS', 'USING', 'TO', 'REPLACE'] as const).map(keyword),
  Equal,
  LParen,
])
