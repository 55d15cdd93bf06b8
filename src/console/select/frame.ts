/**
 * Where the translation stands: inside of which query, clause and function.
 */

/** One pair of parentheses, or the statement itself. */
export interface Frame {
  /** The function whose arguments these are; `SELECT` for a query; '' for anything else. */
  kind: string
  /** As errors name it. */
  clause: string
  expectsTable: boolean
  /** Index of the piece before which GROUP_CONCAT's separator belongs. */
  orderBy: number | undefined
  /** Index of the piece behind WHERE. */
  condition: number | undefined
  /** Whether the query has GROUP BY or an aggregate function. */
  grouped: boolean
}

export function newFrame(kind: string, clause: string): Frame {
  return { kind, clause, expectsTable: false, orderBy: undefined, condition: undefined, grouped: false }
}
