/**
 * The words and signs of the account statements, as token types of the grammar.
 *
 * A keyword that MySQL does not reserve is also a `Word`, so that it may name a user, a database or a plugin.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/keywords.html
 */
import { createToken, Lexer, type TokenType } from 'chevrotain'

const NA = Lexer.NA

/** A name without quotes, or in backticks; its text is the token's payload. */
export const Word = createToken({ name: 'Word', pattern: NA })
/** What the name of a privilege is made of. */
export const PrivilegeWord = createToken({ name: 'PrivilegeWord', pattern: NA })

export const Identifier = createToken({ name: 'Identifier', pattern: NA, categories: [Word, PrivilegeWord] })
export const QuotedIdentifier = createToken({ name: 'QuotedIdentifier', pattern: NA, categories: [Word] })
/** What follows the @ of an account name without quotes; may be empty. */
export const Hostname = createToken({ name: 'Hostname', pattern: NA })
export const Text = createToken({ name: 'Text', pattern: NA })
export const HexText = createToken({ name: 'HexText', pattern: NA })
export const Integer = createToken({ name: 'Integer', pattern: NA })
/** Whatever no statement may contain: an unknown sign, an unterminated string. */
export const Invalid = createToken({ name: 'Invalid', pattern: NA })

export const At = createToken({ name: 'At', pattern: NA })
export const Comma = createToken({ name: 'Comma', pattern: NA })
export const Dot = createToken({ name: 'Dot', pattern: NA })
export const Star = createToken({ name: 'Star', pattern: NA })
export const Equal = createToken({ name: 'Equal', pattern: NA })
export const LParen = createToken({ name: 'LParen', pattern: NA })
export const RParen = createToken({ name: 'RParen', pattern: NA })
export const Semicolon = createToken({ name: 'Semicolon', pattern: NA })

export const signs: ReadonlyMap<string, TokenType> = new Map([
  ['@', At],
  [',', Comma],
  ['.', Dot],
  ['*', Star],
  ['=', Equal],
  ['(', LParen],
  [')', RParen],
  [';', Semicolon],
])

const reserved = [
  ...['ADD', 'ALTER', 'AND', 'AS', 'BY', 'CREATE', 'CURRENT_USER', 'DEFAULT', 'DROP', 'EXISTS', 'FOR', 'GRANT'],
  ...['IGNORE', 'INTERVAL', 'LOCK', 'NOT', 'OPTION', 'OR', 'RENAME', 'REPLACE', 'REQUIRE', 'REVOKE', 'SET', 'SHOW'],
  ...['SSL', 'UNLOCK', 'USING', 'WITH'],
] as const

/** Reserved, and the end of a list of privileges. */
const delimiters = ['ALL', 'FROM', 'IF', 'ON', 'TO'] as const

const unreserved = [
  ...['ACCOUNT', 'ATTRIBUTE', 'AUTHENTICATION', 'CHALLENGE_RESPONSE', 'CIPHER', 'COMMENT', 'CURRENT', 'DAY', 'DISCARD'],
  ...['EXPIRE', 'FACTOR', 'FAILED_LOGIN_ATTEMPTS', 'FINISH', 'GRANTS', 'HISTORY', 'IDENTIFIED', 'INITIAL', 'INITIATE'],
  ...['ISSUER', 'MAX_CONNECTIONS_PER_HOUR', 'MAX_QUERIES_PER_HOUR', 'MAX_UPDATES_PER_HOUR', 'MAX_USER_CONNECTIONS'],
  ...['MODIFY', 'NEVER', 'NONE', 'OLD', 'OPTIONAL', 'PASSWORD', 'PASSWORD_LOCK_TIME', 'PRIVILEGES', 'RANDOM'],
  ...[
    'REGISTRATION',
    'RETAIN',
    'REUSE',
    'ROLE',
    'SUBJECT',
    'UNBOUNDED',
    'UNKNOWN',
    'UNREGISTER',
    'USER',
    'VIA',
    'X509',
  ],
] as const

export type Keyword = (typeof reserved)[number] | (typeof delimiters)[number] | (typeof unreserved)[number]

const byName = new Map<string, TokenType>([
  ...reserved.map((name) => [name, createToken({ name, pattern: NA, categories: [PrivilegeWord] })] as const),
  ...delimiters.map((name) => [name, createToken({ name, pattern: NA })] as const),
  ...unreserved.map((name) => [name, createToken({ name, pattern: NA, categories: [Word, PrivilegeWord] })] as const),
])

/** Upper-case keyword -> token type. */
export const keywords: ReadonlyMap<string, TokenType> = byName

export function keyword(name: Keyword): TokenType {
  return byName.get(name) as TokenType
}

export const vocabulary: TokenType[] = [
  ...[Word, PrivilegeWord, Identifier, QuotedIdentifier, Hostname, Text, HexText, Integer, Invalid],
  ...signs.values(),
  ...byName.values(),
]
