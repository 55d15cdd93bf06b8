/** `saltgate user list | show`. */
import type { Account } from '../../accounts/account.ts'
import { passwordOutlived } from '../../accounts/password-age.ts'
import { refusals } from '../../auth/refused-plugins.ts'
import { tokens } from '../../console/account-sql/lexer.ts'
import { printRequirement } from '../../console/account-sql/print.ts'
import { visible } from '../visible.ts'
import { parseName, requireAccount } from './account-argument.ts'
import { type DataOptions, withAccounts } from './accounts-file.ts'
import { printJson, printTable } from './output.ts'

export async function listAccounts(options: DataOptions): Promise<void> {
  await withAccounts(options, 'must-exist', async ({ accounts, settings }) => {
    const nowMs = Date.now()
    const defaultDays = settings.get('default_password_lifetime')
    if (options.json) {
      for (const account of accounts.list()) printJson(jsonRow(account, defaultDays, nowMs))
      return
    }
    const rows = accounts
      .list()
      .map((account) => [
        account.user === '' ? "''" : account.user,
        account.host,
        account.plugin,
        account.locked ? 'locked' : '',
        isExpired(account, defaultDays, nowMs) ? 'expired' : '',
        account.require.kind === 'none' ? '' : printRequirement(account.require, asItIs),
        hasPassword(account) ? age(account, nowMs) : 'none',
      ])
    printTable([['USER', 'HOST', 'PLUGIN', 'LOCKED', 'EXPIRED', 'REQUIRE', 'PASSWORD'], ...rows])
  })
}

export async function showAccount(text: string, options: DataOptions): Promise<void> {
  const user = parseName(text)
  await withAccounts(options, 'must-exist', async ({ accounts, run }) => {
    requireAccount(accounts, user)
    const results = [await run({ statement: 'SHOW CREATE USER', user }), await run({ statement: 'SHOW GRANTS', user })]
    const statements = results.flatMap((result) => ('rows' in result ? result.rows.map((row) => row[0] ?? '') : []))
    for (const statement of statements.map(withHexCredential)) {
      if (options.json) printJson({ ...user, statement })
      else process.stdout.write(`${process.stdout.isTTY ? visible(statement) : statement};\n`)
    }
  })
}

function jsonRow(account: Account, defaultDays: number, nowMs: number): object {
  const { user, host, plugin, locked } = account
  return {
    ...{ user, host, plugin, locked },
    expired: isExpired(account, defaultDays, nowMs),
    require: printRequirement(account.require, asItIs),
    hasPassword: hasPassword(account),
    passwordChanged: account.passwordChangedMs === 0 ? null : new Date(account.passwordChangedMs).toISOString(),
  }
}

const asItIs = (text: string): string => text

function hasPassword({ plugin, authString }: Account): boolean {
  return authString !== '' && !refusals.has(plugin)
}

function isExpired(account: Account, defaultDays: number, nowMs: number): boolean {
  return account.passwordExpired || (hasPassword(account) && passwordOutlived(account, defaultDays, nowMs))
}

function age(account: Account, nowMs: number): string {
  if (account.passwordChangedMs === 0) return 'of unknown age'
  const days = ageDays(account, nowMs)
  return days < 1 ? 'of today' : days < 2 ? '1 day old' : `${Math.floor(days)} days old`
}

function ageDays({ passwordChangedMs }: Account, nowMs: number): number {
  return (nowMs - passwordChangedMs) / 86_400_000
}

/** The salt of a stored credential may hold any control character: as a hexadecimal literal it survives every terminal. */
function withHexCredential(statement: string): string {
  let previous = ''
  for (const token of tokens(statement)) {
    const text = token.payload as string | undefined
    if (previous === 'AS' && text !== undefined && /\p{C}/u.test(text)) {
      const hex = `0x${Buffer.from(text).toString('hex').toUpperCase()}`
      return statement.slice(0, token.startOffset) + hex + statement.slice(token.startOffset + token.image.length)
    }
    previous = token.image
  }
  return statement
}
