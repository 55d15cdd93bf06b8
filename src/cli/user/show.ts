/** `saltgate user list | show`. */
import type { Account } from '../../accounts/account.ts'
import { accountKey } from '../../accounts/account-key.ts'
import { passwordOutlived } from '../../accounts/password-age.ts'
import { sharedPasswords } from '../../accounts/shared-passwords.ts'
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
    const all = accounts.list()
    const shared = sharedPasswords(all)
    const sharedBy = ({ user, host }: Account) =>
      (shared.get(accountKey(user, host)) ?? []).map((other) => `${other.user}@${other.host}`)
    if (options.json) {
      for (const account of all) {
        const others = sharedBy(account)
        printJson({ ...jsonRow(account, defaultDays, nowMs), ...(others.length > 0 && { samePasswordAs: others }) })
      }
      return
    }
    const rows = all.map((account) => [
      account.user === '' ? "''" : account.user,
      account.host,
      pluginsOf(account),
      account.locked ? 'locked' : '',
      isExpired(account, defaultDays, nowMs) ? 'expired' : '',
      account.require.kind === 'none' ? '' : printRequirement(account.require, asItIs),
      [hasPassword(account) ? age(account, nowMs) : 'none', ...same(sharedBy(account))].join(', '),
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
    for (const statement of statements.map(withHexCredentials)) {
      if (options.json) printJson({ ...user, statement })
      else process.stdout.write(`${process.stdout.isTTY ? visible(statement) : statement};\n`)
    }
  })
}

function jsonRow(account: Account, defaultDays: number, nowMs: number): object {
  const { user, host, plugin, alternatives, factors, locked } = account
  return {
    ...{ user, host, plugin, locked },
    ...(alternatives.length > 0 && { alternatives: alternatives.map((one) => one.plugin) }),
    ...(factors.length > 0 && { factors: factors.map((one) => one.plugin) }),
    expired: isExpired(account, defaultDays, nowMs),
    require: printRequirement(account.require, asItIs),
    hasPassword: hasPassword(account),
    passwordChanged: account.passwordChangedMs === 0 ? null : new Date(account.passwordChangedMs).toISOString(),
  }
}

const asItIs = (text: string): string => text

/** `a OR b + second factor + third factor`. */
function pluginsOf({ plugin, alternatives, factors }: Account): string {
  const first = [plugin, ...alternatives.map((one) => one.plugin)].join(' OR ')
  return [first, ...factors.map((one) => one.plugin)].join(' + ')
}

/** Of the first factor. */
function hasPassword({ plugin, authString, alternatives }: Account): boolean {
  return [{ plugin, authString }, ...alternatives].some((one) => one.authString !== '' && !refusals.has(one.plugin))
}

function isExpired(account: Account, defaultDays: number, nowMs: number): boolean {
  return account.passwordExpired || (hasPassword(account) && passwordOutlived(account, defaultDays, nowMs))
}

/** Of passwords that are stored without a salt. */
function same(others: readonly string[]): string[] {
  if (others.length === 0) return []
  const more = others.length > 1 ? ` and ${others.length - 1} more` : ''
  return [`the same as ${others[0]}${more}`]
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
function withHexCredentials(statement: string): string {
  let shown = ''
  let from = 0
  let previous = ''
  for (const { payload, image, startOffset } of tokens(statement)) {
    if (/^(AS|USING)$/.test(previous) && typeof payload === 'string' && /\p{C}/u.test(payload)) {
      shown += `${statement.slice(from, startOffset)}0x${Buffer.from(payload).toString('hex').toUpperCase()}`
      from = startOffset + image.length
    }
    previous = image
  }
  return shown + statement.slice(from)
}
