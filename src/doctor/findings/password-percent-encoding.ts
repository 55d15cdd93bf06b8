import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

const slugs: ReadonlySet<string> = new Set(['percent-decoded', 'percent-encoded', 'space-for-plus', 'plus-for-space'])

export const finding: Finding = {
  id: 'password-percent-encoding',
  title: 'The password is right but for its percent-encoding',
  severity: 'decisive',
  affects:
    'Passwords in URLs: encoded where the driver takes them as they are (go-sql-driver), or as they are where it decodes them (SQLAlchemy, mysql2, JDBC, R2DBC)',
  remedy: {
    client:
      'Give the password as an option of its own. In a URL encode it once, where the driver decodes it: %40 for @, %2B for +.',
  },
  reference:
    'https://docs.sqlalchemy.org/en/20/core/engines.html#escaping-special-characters-such-as-signs-in-passwords',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => slugs.has(password), ...sayError(seen)) : undefined,
}
