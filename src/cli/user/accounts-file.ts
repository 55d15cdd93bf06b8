/**
 * The accounts of a data directory, and the administrator as whom the command line changes them by account statements.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { account } from '../../accounts/defaults.ts'
import { MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { NonceSource } from '../../accounts/nonce-source.ts'
import { allPrivileges } from '../../accounts/privileges.ts'
import type { AccountStore } from '../../accounts/source.ts'
import { SqliteAccounts } from '../../accounts/sqlite-accounts.ts'
import { plugins } from '../../auth/plugins.ts'
import { execute } from '../../console/account-sql/execute.ts'
import type { AccountContext, AccountResult } from '../../console/account-sql/session.ts'
import type { AccountStatement } from '../../console/account-sql/statements.ts'
import { ConfigurationError, MysqlError } from '../../errors/errors.ts'
import { loadConfig } from '../../server/config.ts'
import { Settings } from '../../server/settings.ts'
import { configSource } from '../config-source.ts'
import { accountsFile } from '../first-start.ts'

/** What every verb of `saltgate user` takes. */
export interface DataOptions {
  readonly data?: string
  readonly config?: string
  readonly json?: true
}

export interface OpenAccounts {
  readonly accounts: AccountStore
  readonly settings: Settings
  /** Executes a statement as an administrator; on `accounts` unless another store is given. */
  run(statement: AccountStatement, on?: AccountStore): Promise<AccountResult>
}

/**
 * Opens the accounts for `work` and closes them behind it. Without an account file `make` makes one, `pretend` works on
 * none, and `must-exist` refuses.
 *
 * Throws: `ConfigurationError` for a bad configuration, or a file that is not there or not to be used.
 */
export async function withAccounts<T>(
  options: DataOptions,
  missing: 'make' | 'pretend' | 'must-exist',
  work: (open: OpenAccounts) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(configSource(options))
  const settings = new Settings(config.settings)
  const file = accountsFile(resolve(options.data ?? config.data))
  const there = existsSync(file)
  if (!there && missing === 'must-exist') {
    throw new ConfigurationError(
      `there are no accounts in ${file}: name the data directory with --data, or start saltgate serve once`,
    )
  }
  const accounts = there || missing === 'make' ? SqliteAccounts.open(file) : new MemoryAccounts()
  try {
    return await work({
      accounts,
      settings,
      run: (statement, on = accounts) => execute(statement, administrating(on, settings)),
    })
  } finally {
    accounts.close()
  }
}

/** The session in which the command line executes its statements. */
export function administrating(accounts: AccountStore, settings: Settings): AccountContext {
  return {
    accounts,
    actor: { user: administrator.user, host: administrator.host, account: administrator, mustChangePassword: false },
    defaultPlugin: settings.get('default_authentication_plugin'),
    nowMs: Date.now(),
    async hashPassword(plugin, password) {
      const rounds = settings.get('caching_sha2_password_digest_rounds')
      try {
        return plugins.get(plugin)?.store(Buffer.from(password), salts.next(), rounds) ?? ''
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error
        // A statement answers with 1396 alone; here somebody wants to know why.
        throw new MysqlError('ER_CANNOT_USER', 1396, 'HY000', error.message)
      }
    },
    onUnlock() {},
  }
}

const salts = new NonceSource()

/** No account of a store: no statement takes it for somebody's own. */
const administrator = account({ user: 'saltgate user', host: '', privileges: new Set(allPrivileges) })
