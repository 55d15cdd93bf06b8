/**
 * The shape of a row of the tables of statements that the console must answer as mysqld 9.7 does.
 */

/** Who runs it: root, an account without privileges, and one whose password has expired. */
export type Who = 'root' | 'ann' | 'expired'

export interface Statement {
  readonly sql: string
  /**
   * What the rows must have in common: all of it, the names and types of the columns where values depend on the server,
   * or their names alone. Default: all.
   */
  readonly rows?: 'all' | 'columns' | 'names'
  /** Why the answers differ; then they must. */
  readonly differs?: string
}

export interface Group {
  readonly as: Who
  readonly statements: readonly (string | Statement)[]
}

export function columns(sql: string): Statement {
  return { sql, rows: 'columns' }
}

export function names(sql: string): Statement {
  return { sql, rows: 'names' }
}

export function differs(sql: string, why: string): Statement {
  return { sql, differs: why }
}
