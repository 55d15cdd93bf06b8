/** CREATE USER, ALTER USER and GRANT statements as SHOW statements and dumps print them. */
import type { IToken } from 'chevrotain'
import { MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { dynamicPrivileges, privilegeColumns } from '../../accounts/privileges.ts'
import { tokens } from '../../console/account-sql/lexer.ts'
import { parseAccountStatement } from '../../console/account-sql/parser.ts'
import { isAccountStatement } from '../../console/account-sql/recognise.ts'
import type { AccountStatement, Grant } from '../../console/account-sql/statements.ts'
import { MysqlError } from '../../errors/errors.ts'
import type { OpenAccounts } from './accounts-file.ts'
import type { Found, Remark } from './import.ts'

/** Executes the account statements of a text on a store of their own, and passes over all others. */
export async function accountsOfStatements(text: string, run: OpenAccounts['run']): Promise<Found> {
  const made = new MemoryAccounts()
  const remarks: Remark[] = []
  for (const { sql, line } of statementsIn(text)) {
    const at = { line }
    try {
      const { statement, unknown } = withKnownPrivileges(parseAccountStatement(sql))
      if (unknown.length > 0) remarks.push({ outcome: 'note', at, why: `not known here: ${someOf(unknown)}` })
      await run(statement, made)
    } catch (error) {
      if (!(error instanceof MysqlError)) throw error
      // Of a GRANT of roles or PROXY nothing is taken over, and the account is none the worse.
      const outcome = error.symbol === 'ER_NOT_SUPPORTED_YET' && /^grant/i.test(sql) ? 'note' : 'refused'
      remarks.push({ outcome, at, why: error.message })
    }
  }
  return { accounts: made.list(), remarks }
}

/**
 * Cuts a text into account statements. SHOW CREATE USER ends without a semicolon, so a statement also ends where a line
 * begins the next one; the headings of SHOW statements are left out.
 */
function* statementsIn(text: string): Generator<{ readonly sql: string; readonly line: number }> {
  let first: IToken | undefined
  let last: IToken | undefined
  let line = 1
  let counted = 0
  const cut = function* () {
    if (first === undefined || last === undefined) return
    const sql = text.slice(first.startOffset, last.startOffset + last.image.length)
    for (; counted < first.startOffset; counted++) if (text[counted] === '\n') line++
    if (isAccountStatement(sql) && !/^CREATE USER for \S*$/.test(sql)) yield { sql: inModernWords(sql), line }
    first = undefined
  }
  for (const token of tokens(text)) {
    if (first !== undefined && beginsLine(text, token) && beginnings.has(token.image.toUpperCase())) yield* cut()
    if (token.image === ';') yield* cut()
    else {
      first ??= token
      last = token
    }
  }
  yield* cut()
}

function beginsLine(text: string, { startOffset }: IToken): boolean {
  return startOffset === 0 || text[startOffset - 1] === '\n'
}

const beginnings: ReadonlySet<string> = new Set([
  'CREATE',
  'ALTER',
  'DROP',
  'RENAME',
  'SET',
  'GRANT',
  'GRANTS',
  'REVOKE',
])

/**
 * MariaDB prints a native password as IDENTIFIED BY PASSWORD '*...', which MySQL no longer reads; in GRANT it repeats it.
 *
 * Spec: https://mariadb.com/kb/en/create-user/
 */
function inModernWords(sql: string): string {
  const all = [...tokens(sql)]
  const at = all.findIndex((_, i) => oldWords.every((word, offset) => all[i + offset]?.image.toUpperCase() === word))
  const [from, credential] = [all[at], all[at + oldWords.length]]
  if (from === undefined || credential === undefined) return sql
  const isGrant = all[0]?.image.toUpperCase() === 'GRANT'
  const modern = isGrant ? '' : `IDENTIFIED WITH mysql_native_password AS ${credential.image}`
  return sql.slice(0, from.startOffset) + modern + sql.slice(credential.startOffset + credential.image.length)
}

const oldWords = ['IDENTIFIED', 'BY', 'PASSWORD']

/** A real server grants dynamic privileges for components that are not here. */
function withKnownPrivileges(statement: AccountStatement): { statement: AccountStatement; unknown: readonly string[] } {
  if (statement.statement !== 'GRANT' || statement.privileges === 'ALL') return { statement, unknown: [] }
  const { privileges } = statement
  const unknown = privileges.filter((name) => !known.has(name))
  const some: Grant = { ...statement, privileges: privileges.filter((name) => known.has(name)) }
  return { statement: some, unknown }
}

const known: ReadonlySet<string> = new Set([...Object.keys(privilegeColumns), ...dynamicPrivileges, 'USAGE'])

function someOf(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
