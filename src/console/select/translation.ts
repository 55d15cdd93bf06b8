/**
 * What goes into the translation of a SELECT, and what comes out.
 */
import type { Value } from '../../server/query.ts'
import type { Token } from '../sql/lexer.ts'
import type { VirtualTable } from '../tables/table.ts'
import type { SqlValue } from './functions.ts'

/** What the statement may refer to beside SQLite's own. Each throws MySQL's error for what there is not. */
export interface Surroundings {
  systemVariable(token: Token): Value
  userVariable(name: string): Value
  /** A fact about the session: USER(), NOW() ...; `undefined`: there is no such function. */
  sessionFunction(name: string): Value | undefined
  table(schema: string | undefined, name: string): VirtualTable
  unknownFunction(name: string): Error
  readonly parameters: readonly Value[]
  readonly pipesAsConcat: boolean
}

export interface Translation {
  readonly pieces: readonly Piece[]
  readonly parameters: readonly SqlValue[]
  /** The tokens of each column of the outermost list; `*` is one of them. */
  readonly columns: readonly (readonly Token[])[]
  readonly tables: readonly VirtualTable[]
  /** Seconds of each SLEEP(). */
  readonly sleeps: readonly number[]
  /** Where each name stands, in lower case: `where clause`. */
  readonly clauses: ReadonlyMap<string, string>
}

export interface Piece {
  readonly text: string
  readonly token: Token | undefined
}
