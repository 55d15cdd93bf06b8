/**
 * Counts the `?` of a statement, which the answer to COM_STMT_PREPARE needs; one in a string, a quoted name or a comment is
 * none.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/prepare.html
 */
export function countPlaceholders(sql: string): number {
  let count = 0
  for (let at = 0; at < sql.length; at++) {
    const character = sql[at]
    if (character === '?') count++
    else if (character === "'" || character === '"' || character === '`') at = endOfQuoted(sql, at)
    else if (character === '#' || (character === '-' && /^--[\s]/.test(sql.slice(at, at + 3))))
      at = indexOrEnd(sql, '\n', at)
    else if (character === '/' && sql[at + 1] === '*' && sql[at + 2] !== '!') at = indexOrEnd(sql, '*/', at + 2) + 1
  }
  return count
}

/** The position of the closing quote; a doubled quote goes on, and so does an escaped one outside of names. */
function endOfQuoted(sql: string, start: number): number {
  const quote = sql[start]
  let at = start + 1
  while (at < sql.length) {
    if (sql[at] === '\\' && quote !== '`') at += 2
    else if (sql[at] !== quote) at++
    else if (sql[at + 1] === quote) at += 2
    else return at
  }
  return at
}

function indexOrEnd(sql: string, what: string, from: number): number {
  const found = sql.indexOf(what, from)
  return found === -1 ? sql.length : found
}
