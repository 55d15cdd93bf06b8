/**
 * Rows of `mysql.user` as clients print them: tab-separated with a heading (`mysql -B`), or JSON (mysqlsh: an array, one
 * object per line, or objects one after the other).
 */
import { type ColumnValue, type Row, rowToAccount, userColumns } from '../../accounts/columns.ts'
import { account } from '../../accounts/defaults.ts'
import { plugins } from '../../auth/plugins.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import type { Found, Remark } from './import.ts'

/** The rows with the names of our columns; `undefined` when the text is neither form. Throws: `ConfigurationError`. */
export function rowsOf(text: string): readonly Row[] | undefined {
  const trimmed = text.trimStart()
  const rows = /^[[{]/.test(trimmed) ? jsonRows(trimmed) : tabRows(text)
  const first = rows?.[0]
  const missing = ['Host', 'User', 'plugin', 'authentication_string'].filter((name) => first && !(name in first))
  if (missing.length > 0) {
    throw new ConfigurationError(`the rows have no column ${missing.join(', ')}: SELECT * FROM mysql.user prints all`)
  }
  return rows
}

/** Reads each row as an account. One that cannot be used here is refused, and none is opened by what a row leaves out. */
export function accountsOfRows(rows: readonly Row[]): Found {
  const accounts: Found['accounts'][number][] = []
  const remarks: Remark[] = []
  for (const row of rows) {
    const read = rowToAccount(row, { db: [], globalGrants: [] }, 0)
    // MariaDB leaves the plugin of a native password empty.
    const found = { ...read, host: read.host.toLowerCase(), plugin: read.plugin || 'mysql_native_password' }
    const at = { user: found.user, host: found.host }
    const skipped =
      row.is_role === 'Y' ? 'a role' : internal.test(found.user) ? 'belongs to the server itself' : undefined
    const refused = skipped === undefined ? whyUnusable(found) : undefined
    if (skipped !== undefined) remarks.push({ outcome: 'skipped', at, why: skipped })
    else if (refused !== undefined) remarks.push({ outcome: 'refused', at, why: refused })
    else {
      accounts.push(found)
      if (found.locked && row.account_locked !== 'Y') remarks.push({ outcome: 'note', at, why: whyLocked(row) })
    }
  }
  return { accounts, remarks }
}

function whyUnusable(found: ReturnType<typeof rowToAccount>): string | undefined {
  for (const credential of [found, ...found.alternatives, ...found.factors]) {
    const plugin = plugins.get(credential.plugin)
    if (plugin === undefined) return `there is no plugin '${credential.plugin}' here`
    if (!plugin.understands(credential.authString)) {
      return `authentication_string is not one of ${credential.plugin}: it was changed on the way`
    }
  }
  try {
    account(found)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return undefined
}

function whyLocked(row: Row): string {
  if (row.account_locked === undefined) {
    return 'locked, because the row has no account_locked (MariaDB keeps it elsewhere): saltgate user unlock opens it'
  }
  return 'locked, because its User_attributes cannot be read, or name a factor that cannot be asked for'
}

/** The accounts that MySQL and MariaDB make for themselves. */
const internal = /^(mysql\.(sys|session|infoschema)|mariadb\.sys)$/

function tabRows(text: string): readonly Row[] | undefined {
  const [heading = '', ...lines] = text.split(/\r?\n/)
  const names = heading.split('\t').map(columnName)
  if (!names.includes('User') || !names.includes('Host')) return undefined
  return lines.flatMap((line, i) => {
    if (line === '') return []
    const cells = line.split('\t')
    if (cells.length !== names.length) {
      throw new ConfigurationError(
        `line ${i + 2} has ${cells.length} columns and the heading ${names.length}: export with mysql -B, without --raw`,
      )
    }
    return [rowFrom(names.map((name, column) => [name, cellValue(name, cells[column] as string)]))]
  })
}

/** mysql -B prints NULL without a mark; a user of that name is more likely than a NULL in the key. */
function cellValue(name: string, cell: string): string | null {
  if (cell === 'NULL' && name !== 'User' && name !== 'Host') return null
  return cell.replace(/\\(.)/g, (_, escaped: string) => ({ n: '\n', t: '\t', 0: '\0' })[escaped] ?? escaped)
}

function jsonRows(text: string): readonly Row[] {
  return parseJson(text).map((value) => {
    const entries = Object.entries(value).map(([name, cell]) => [columnName(name), jsonCell(cell)] as const)
    return rowFrom(entries)
  })
}

function parseJson(text: string): readonly object[] {
  try {
    const parsed: unknown[] = text.startsWith('[')
      ? JSON.parse(text)
      : text.split(/\r?\n(?=\{)/).map((part) => JSON.parse(part))
    if (parsed.every((value) => typeof value === 'object' && value !== null)) return parsed as object[]
  } catch {
    // The parser's message would repeat a part of the text, which holds credentials.
  }
  throw new ConfigurationError('this is not JSON as mysqlsh prints it: an array of objects, or objects line by line')
}

function jsonCell(cell: unknown): ColumnValue {
  if (typeof cell === 'string' || typeof cell === 'number' || cell === null) return cell
  return JSON.stringify(cell)
}

function rowFrom(entries: readonly (readonly [string, ColumnValue])[]): Row {
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

/** Our spelling of a column; a name that we do not have stays as it is. */
function columnName(name: string): string {
  return known.get(name.toLowerCase()) ?? name
}

const known: ReadonlyMap<string, string> = new Map(Array.from(userColumns.keys(), (name) => [name.toLowerCase(), name]))
