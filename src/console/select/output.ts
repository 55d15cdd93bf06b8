/**
 * The translated statement as it grows: its tokens, its values, and the names of its columns.
 */
import type { Value } from '../../server/query.ts'
import type { Token } from '../sql/lexer.ts'
import type { SqlValue } from './functions.ts'
import { columnName } from './outline.ts'
import type { Piece } from './translation.ts'
import { sqlValue } from './values.ts'

export class Output {
  readonly pieces: Piece[] = []
  readonly parameters: SqlValue[] = []
  /** The tokens of each column of the outermost list, aliases included. */
  readonly columns: (readonly Token[])[] = []
  readonly #sql: string
  /** First token of the column of the outermost list that is being written; `undefined` outside of it. */
  #columnStart: number | undefined
  /** Whether that column has a name already. */
  #named = false
  #listDone = false
  #columnPiece = 0
  /** The pieces of each column that has an alias, by the alias in lower case. */
  readonly #aliased = new Map<string, readonly Piece[]>()

  constructor(sql: string) {
    this.#sql = sql
  }

  emit(text: string, token: Token | undefined): void {
    this.pieces.push({ text, token })
  }

  value(value: Value, token: Token | undefined): void {
    this.parameters.push(sqlValue(value))
    this.emit(`?${this.parameters.length}`, token)
  }

  /** HAVING without groups is a second WHERE; `first` is the piece behind the first, where there is one. */
  anotherCondition(first: number | undefined, token: Token): void {
    if (first === undefined) return this.emit('WHERE', token)
    this.pieces.splice(first, 0, { text: '(', token: undefined })
    this.emit(') AND', token)
  }

  /** Neighbouring strings are one. Returns whether the last piece is a string to go on with. */
  extendText(text: string): boolean {
    const piece = this.pieces.at(-1)
    if (piece?.token?.kind !== 'text' || !piece.text.startsWith('?')) return false
    const last = this.parameters.length - 1
    this.parameters[last] = `${this.parameters[last]}${text}`
    return true
  }

  get isInList(): boolean {
    return this.#columnStart !== undefined
  }

  /** Only the first list names columns; those of a UNION do not. */
  beginList(at: number): void {
    if (!this.#listDone) this.beginColumn(at)
  }

  beginColumn(at: number): void {
    this.#columnStart = at
    this.#columnPiece = this.pieces.length
    this.#named = false
  }

  /** Called before the alias is written. */
  columnIsNamed(alias?: string): void {
    if (alias !== undefined && this.isInList)
      this.#aliased.set(alias.toLowerCase(), this.pieces.slice(this.#columnPiece))
    this.#named = true
  }

  /** Writes the column that has this alias once more. Returns whether there is one. */
  repeatColumn(alias: string): boolean {
    const column = this.#aliased.get(alias)
    if (column !== undefined)
      this.pieces.push({ text: '(', token: undefined }, ...column, { text: ')', token: undefined })
    return column !== undefined
  }

  /** Gives the column that ends before token `at` the name that MySQL gives it. */
  endColumn(tokens: readonly Token[], at: number): void {
    if (this.#columnStart === undefined) return
    const column = tokens.slice(this.#columnStart, at)
    this.#columnStart = undefined
    this.columns.push(column)
    if (this.#named || column.length === 0 || column.at(-1)?.word === '*') return
    this.emit(`AS ${quoted(columnName(this.#sql, column))}`, undefined)
  }

  endList(tokens: readonly Token[], at: number): void {
    this.endColumn(tokens, at)
    this.#listDone = true
  }
}

/** A name as SQLite quotes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('\0', '').replaceAll('"', '""')}"`
}
