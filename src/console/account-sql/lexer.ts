/**
 * Cuts SQL into tokens as MySQL does: its strings, comments, version comments and account names.
 *
 * Never fails: what cannot be a token becomes an `Invalid` one, and the grammar refuses it in its place. Each character
 * is looked at a bounded number of times, whatever the text.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/string-literals.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/comments.html
 */
import { createTokenInstance, type IToken, type TokenType } from 'chevrotain'
import {
  At,
  HexText,
  Hostname,
  Identifier,
  Integer,
  Invalid,
  keywords,
  QuotedIdentifier,
  signs,
  Text,
} from './tokens.ts'

/** Version comments up to this version are executed: 9.7. */
const serverVersion = 90_700

/** Yields the tokens one by one; `payload` holds the decoded text of names, strings and hexadecimal literals. */
export function* tokens(sql: string): Generator<IToken, void, undefined> {
  let at = 0
  let inVersionComment = false

  const upTo = (end: number, type: TokenType, payload?: string): IToken => {
    const token = createTokenInstance(type, sql.slice(at, end), at, end - 1, 1, 1, 1, 1)
    token.payload = payload
    at = end
    return token
  }

  while (at < sql.length) {
    const char = sql[at] as string
    const space = match(/[ \t-\r]+|#[^\n]*|--(?=[\0- ]|$)[^\n]*/y, sql, at)
    if (space !== undefined) {
      at += space.length
      continue
    }
    const opening = match(/\/\*(?:!(?:\d{5,6})?)?/y, sql, at)
    if (opening !== undefined) {
      if (opening.length > 2 && Number(opening.slice(3)) <= serverVersion) {
        inVersionComment = true
        at += opening.length
        continue
      }
      const end = sql.indexOf('*/', at + 2)
      if (end === -1) yield upTo(sql.length, Invalid)
      at = end === -1 ? sql.length : end + 2
      continue
    }
    if (inVersionComment && sql.startsWith('*/', at)) {
      inVersionComment = false
      at += 2
      continue
    }
    if (char === "'" || char === '"' || char === '`') {
      const quoted = readQuoted(sql, at)
      yield quoted === undefined
        ? upTo(sql.length, Invalid)
        : upTo(quoted.end, char === '`' ? QuotedIdentifier : Text, quoted.text)
      continue
    }
    const hex = match(/0x[0-9a-f]+(?![\w$\u0080-\uffff])|x'[0-9a-f]*'/iy, sql, at)
    if (hex !== undefined) {
      yield upTo(at + hex.length, HexText, Buffer.from(hex.replace(/^0?x'?|'$/gi, ''), 'hex').toString('latin1'))
      continue
    }
    const word = match(/[\w$\u0080-\uffff]+/y, sql, at)
    if (word !== undefined) {
      const type = /^\d+$/.test(word) ? Integer : (keywords.get(word.toUpperCase()) ?? Identifier)
      yield upTo(at + word.length, type, word)
      continue
    }
    const sign = signs.get(char) ?? Invalid
    yield upTo(at + 1, sign)
    // MySQL reads whatever stands directly behind the @ as a host name, also if that is nothing.
    if (sign === At && !/['"`@]/.test(sql[at] ?? '')) {
      const host = match(/[\w.$\u0080-\uffff]*/y, sql, at) as string
      yield upTo(at + host.length, Hostname, host)
    }
  }
  if (inVersionComment) yield upTo(sql.length, Invalid)
}

function match(sticky: RegExp, sql: string, at: number): string | undefined {
  sticky.lastIndex = at
  return sticky.exec(sql)?.[0]
}

/** Reads '...', "..." or `...` at `at`; `undefined` when it does not end. A loop, since a regex has a stack to overflow. */
function readQuoted(sql: string, at: number): { text: string; end: number } | undefined {
  const quote = sql[at] as string
  let text = ''
  let from = at + 1
  for (let i = from; i < sql.length; i++) {
    const char = sql[i]
    if (char === '\\' && quote !== '`') {
      const escaped = sql[i + 1] ?? ''
      text += sql.slice(from, i) + (escapes.get(escaped) ?? escaped)
      i++
      from = i + 1
    } else if (char === quote) {
      text += sql.slice(from, i)
      if (sql[i + 1] !== quote) return { text, end: i + 1 }
      i++
      from = i
    }
  }
  return undefined
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['b', '\b'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['Z', '\x1a'],
  ['%', '\\%'],
  ['_', '\\_'],
])
