/**
 * Takes the passwords out of SQL before anyone else sees it: the process list, the log, the dashboard.
 */
import { tokens } from './lexer.ts'
import { MAX_LENGTH, parse } from './parser.ts'
import { isAccountStatement } from './recognise.ts'
import { firstLiteral, firstSecretPlace, gap, holdsAClause, SECRET, show } from './secret-places.ts'

/**
 * Returns `sql` with every password and stored credential replaced by `<secret>`, and without its comments.
 *
 * An account statement is redacted by its grammar. Of one that does not parse, or parses with a clause inside a name, and of any other statement that speaks of
 * passwords, nothing is kept from the first place on where a password may stand. All other SQL is returned as it is.
 */
export function redactPasswords(sql: string): string {
  const isAccounts = isAccountStatement(sql)
  if (!isAccounts && !/identified|passw|authentication_string|mysql`?\s*\.\s*`?user/i.test(sql)) return sql
  const all = [...tokens(sql.slice(0, MAX_LENGTH))]
  const isWhole = sql.length <= MAX_LENGTH
  if (isAccounts && isWhole) {
    const parsed = parse(all)
    if (parsed.is !== 'not-a-statement' && parsed.secrets !== undefined && !all.some(holdsAClause)) {
      const secrets = new Set(parsed.secrets)
      return all
        .map((token, i) => gap(sql, all[i - 1], token) + (secrets.has(token) ? `'${SECRET}'` : token.image))
        .join('')
    }
  }
  const end = Math.min(firstSecretPlace(all), isAccounts ? all.length : firstLiteral(all))
  return show(sql, all.slice(0, end), end < all.length || !isWhole)
}
