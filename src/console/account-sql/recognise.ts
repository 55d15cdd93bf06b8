/**
 * Tells account statements from all others by their first words, without reading further.
 */
import { tokens } from './lexer.ts'

/** Whether the statement is one that `parseAccountStatement` understands or refuses by itself. Cheap for any length. */
export function isAccountStatement(sql: string): boolean {
  const words = tokens(sql)
    .take(3)
    .map((token) => token.image.toUpperCase())
    .toArray()
  return beginnings.some((beginning) => beginning.every((word, i) => words[i] === word))
}

const beginnings = [
  ['CREATE', 'USER'],
  ['ALTER', 'USER'],
  ['DROP', 'USER'],
  ['RENAME', 'USER'],
  ['SET', 'PASSWORD'],
  ['GRANT'],
  ['REVOKE'],
  ['SHOW', 'CREATE', 'USER'],
  ['SHOW', 'GRANTS'],
] as const
