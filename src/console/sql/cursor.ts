/**
 * Walks over the tokens of one statement: what every statement that the console parses by hand needs.
 */
import type { ServerError } from '../../errors/errors.ts'
import { syntaxError, type Token } from './lexer.ts'

export class Cursor {
  /** The whole text that the tokens are from. */
  readonly sql: string
  readonly tokens: readonly Token[]
  #at = 0

  constructor(sql: string, tokens: readonly Token[]) {
    this.sql = sql
    this.tokens = tokens
  }

  get token(): Token | undefined {
    return this.tokens[this.#at]
  }

  get isAtEnd(): boolean {
    return this.#at >= this.tokens.length
  }

  /** What is still to come. */
  get rest(): readonly Token[] {
    return this.tokens.slice(this.#at)
  }

  next(): Token {
    const token = this.token
    if (token === undefined) throw this.error()
    this.#at++
    return token
  }

  /** Passes over these words or signs, in upper case, when all of them come next. */
  skip(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.tokens[this.#at + i]?.word === word)) return false
    this.#at += words.length
    return true
  }

  /** Passes over one of these words and says which. */
  skipOne(...words: readonly string[]): string | undefined {
    const found = words.find((word) => this.token?.word === word)
    if (found !== undefined) this.#at++
    return found
  }

  /** Throws: 1064 when something else comes next. */
  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.skip(word)) throw this.error()
  }

  /** A name, quoted or not. Throws: 1064. */
  name(): string {
    const token = this.token
    if (token?.kind !== 'word' && token?.kind !== 'name') throw this.error()
    this.#at++
    return token.text
  }

  /** A name or a string: of a character set, say. Throws: 1064. */
  nameOrText(): string {
    return this.token?.kind === 'text' ? this.next().text : this.name()
  }

  /** Throws: 1064 unless the statement ends here. */
  end(): void {
    if (!this.isAtEnd) throw this.error()
  }

  error(): ServerError {
    return syntaxError(this.sql, this.token)
  }
}
