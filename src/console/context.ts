/**
 * What every statement of the console can reach.
 */
import type { SingleResult, Value } from '../server/query.ts'
import type { SelectEngine } from './select/engine.ts'
import type { Cursor } from './sql/cursor.ts'
import type { Viewer } from './tables/table.ts'

export interface ConsoleContext extends Viewer {
  readonly engine: SelectEngine
  /** Values of the `?`, in their order. */
  readonly parameters: readonly Value[]
  /** Rows of the session's last result: FOUND_ROWS(). */
  readonly foundRows: number
  /** Turns a password, never empty, into the stored credential of a plugin. */
  hashPassword(plugin: string, password: string): Promise<string>
}

/** Answers one statement; the cursor stands behind the first word. */
export type StatementHandler = (context: ConsoleContext, cursor: Cursor) => SingleResult | Promise<SingleResult>
