/** `saltgate user add | passwd | lock | unlock | drop`. */
import { accountName } from '../../accounts/account.ts'
import { MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { refusals } from '../../auth/refused-plugins.ts'
import { parseAccountStatement } from '../../console/account-sql/parser.ts'
import type { AccountResult } from '../../console/account-sql/session.ts'
import type { AccountOptions, Grant, Identification } from '../../console/account-sql/statements.ts'
import { ConfigurationError, MysqlError, serverError } from '../../errors/errors.ts'
import { type NamedUser, parseName, requireAccount } from './account-argument.ts'
import { type DataOptions, withAccounts } from './accounts-file.ts'
import { adopt } from './adopt.ts'
import { printDone } from './output.ts'
import { namesSource, type PasswordOptions, passwordFrom } from './password-source.ts'

interface AddOptions extends DataOptions, PasswordOptions {
  readonly plugin?: string
  readonly require?: string
  readonly grant?: readonly string[]
  readonly admin?: true
}

export async function addAccount(text: string, options: AddOptions): Promise<void> {
  const user = parseName(text)
  const require = options.require === undefined ? {} : parseRequire(options.require)
  const grants = (options.grant ?? []).map((grant) => parseGrant(grant, user))
  if (options.admin) grants.push(everything(user))
  await withAccounts(options, 'make', async ({ accounts, run }) => {
    // Asked before, so that nobody chooses a password in vain; `adopt` decides.
    if (accounts.read(user.user, user.host) !== undefined) throw alreadyThere(user)
    const identification = await identificationOf(options, user)
    const made = new MemoryAccounts()
    const users = [{ user, identification }]
    const result = await run({ statement: 'CREATE USER', ifNotExists: false, users, options: require }, made)
    for (const grant of grants) await run(grant, made)
    if (adopt(accounts, made.list(), { replace: false, dryRun: false })[0] === 'kept') throw alreadyThere(user)
    printDone('added', user, options, generated(result))
  })
}

export async function changePassword(
  text: string,
  options: DataOptions & PasswordOptions & { retain?: true },
): Promise<void> {
  const user = parseName(text)
  await withAccounts(options, 'must-exist', async ({ accounts, run }) => {
    requireAccount(accounts, user)
    const source = await passwordFrom(options, accountName(user))
    const users = [{ user, identification: { ...source, retain: options.retain === true } }]
    const result = await run({ statement: 'ALTER USER', ifExists: false, users, options: {} })
    printDone('changed', user, options, generated(result))
  })
}

export function alterAccounts(what: 'lock' | 'unlock') {
  return async (texts: readonly string[], options: DataOptions): Promise<void> => {
    const names = texts.map(parseName)
    await withAccounts(options, 'must-exist', async ({ accounts, run }) => {
      for (const name of names) requireAccount(accounts, name)
      const users = names.map((user) => ({ user, identification: undefined }))
      await run({ statement: 'ALTER USER', ifExists: false, users, options: { locked: what === 'lock' } })
      for (const name of names) printDone(`${what}ed`, name, options)
    })
  }
}

export async function dropAccounts(texts: readonly string[], options: DataOptions): Promise<void> {
  const users = texts.map(parseName)
  await withAccounts(options, 'must-exist', async ({ accounts, run }) => {
    for (const user of users) requireAccount(accounts, user)
    await run({ statement: 'DROP USER', ifExists: false, users })
    for (const user of users) printDone('dropped', user, options)
  })
}

async function identificationOf(options: AddOptions, user: NamedUser): Promise<Identification> {
  const { plugin } = options
  if (plugin !== undefined && refusals.has(plugin)) {
    if (namesSource(options)) throw new ConfigurationError(`${plugin} stores no password: leave the password out`)
    return { by: 'plugin', plugin }
  }
  const password = await passwordFrom(options, accountName(user))
  return plugin === undefined ? password : { ...password, plugin }
}

/** Reads the value of --require with the grammar of CREATE USER. */
function parseRequire(text: string): AccountOptions {
  const wrong = `--require ${text}: write ssl, x509, none, or SUBJECT, ISSUER and CIPHER with quoted texts`
  const statement = parsed(`CREATE USER x REQUIRE ${text}`, wrong)
  if (statement.statement !== 'CREATE USER' || Object.keys(statement.options).join() !== 'require') {
    throw new ConfigurationError(wrong)
  }
  return statement.options
}

/** Reads the value of --grant with the grammar of GRANT, in which WITH GRANT OPTION stands behind the account. */
function parseGrant(text: string, user: NamedUser): Grant {
  const wrong = `--grant ${text}: write 'SELECT, INSERT ON shop.*', 'ALL ON *.*' or 'ALL ON shop.* WITH GRANT OPTION'`
  const [, what = '', withGrantOption = ''] = /^(.*?)(\s+WITH\s+GRANT\s+OPTION)?\s*$/is.exec(text) ?? []
  const statement = parsed(`GRANT ${what} TO x${withGrantOption}`, wrong)
  if (statement.statement !== 'GRANT' || statement.users.length !== 1) throw new ConfigurationError(wrong)
  if (statement.level.on === 'current-database') throw new ConfigurationError(wrong)
  return { ...statement, users: [user] }
}

function parsed(sql: string, wrong: string) {
  try {
    return parseAccountStatement(sql)
  } catch (error) {
    if (!(error instanceof MysqlError)) throw error
    throw new ConfigurationError(error.symbol === 'ER_PARSE_ERROR' ? wrong : `${wrong} (${error.message})`)
  }
}

function everything(user: NamedUser): Grant {
  return { statement: 'GRANT', privileges: 'ALL', level: { on: 'global' }, users: [user], withGrantOption: true }
}

function alreadyThere(user: NamedUser): MysqlError {
  const { code, sqlState } = serverError('ER_CANNOT_USER', 'CREATE USER', accountName(user))
  return new MysqlError('ER_CANNOT_USER', code, sqlState, `${accountName(user)} exists already`)
}

/** The password that RANDOM PASSWORD made. */
function generated(result: AccountResult): string | undefined {
  return 'rows' in result ? result.rows[0]?.[2] : undefined
}
