/**
 * What a SELECT tells by a look at its tokens, before it is translated.
 */
import { sourceOf, type Token } from '../sql/lexer.ts'
import { keywords } from './words.ts'

/** The name of a column without an alias, as MySQL gives it: its text. */
export function columnName(sql: string, column: readonly Token[]): string {
  const last = column.at(-1) as Token
  const isName = column.every(
    ({ kind, word }) => kind === 'name' || word === '.' || (kind === 'word' && word !== 'NULL'),
  )
  if (isName) return last.text
  const texts = column.filter(({ word }) => !word.startsWith('_'))
  if (texts.length > 0 && texts.every(({ kind }) => kind === 'text')) return texts[0]?.text ?? ''
  if (last.word === 'NULL' && column.length === 1) return 'NULL'
  return sourceOf(sql, column)
}

/** Whether `token` can be the end of a value, so that a name or string behind it is an alias. */
export function endsOperand(token: Token | undefined, next: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.kind === 'sign') return token.word === ')'
  if (token.kind !== 'word') return token.kind !== 'invalid'
  if (keywords.has(token.word)) return /^(?:END|NULL|TRUE|FALSE)$/.test(token.word)
  return !isIntroducer(token, next)
}

/** _utf8mb4'text', N'text': what the string is in; it is Unicode anyway. */
export function isIntroducer(token: Token, next: Token | undefined): boolean {
  if (next?.kind !== 'text') return false
  return token.word.startsWith('_') || (token.word === 'N' && next.start === token.end)
}

/** (SELECT 1) -> SELECT 1 */
export function withoutParentheses(tokens: readonly Token[]): readonly Token[] {
  let rest = tokens
  while (rest[0]?.word === '(' && closing(rest) === rest.length - 1) rest = rest.slice(1, -1)
  return rest
}

function closing(tokens: readonly Token[]): number {
  let depth = 0
  return tokens.findIndex(({ word }) => {
    if (word === '(') depth++
    return word === ')' && --depth === 0
  })
}

/** The names that WITH defines, in lower case. */
export function commonTables(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  if (tokens[0]?.word !== 'WITH') return names
  for (const [i, token] of tokens.entries()) {
    if (token.word !== 'AS' || tokens[i + 1]?.word !== '(') continue
    let at = i - 1
    if (tokens[at]?.word === ')') while (at > 0 && tokens[at]?.word !== '(') at--
    const name = tokens[tokens[at]?.word === '(' ? at - 1 : at]
    if (name?.kind === 'word' || name?.kind === 'name') names.add(name.text.toLowerCase())
  }
  return names
}
