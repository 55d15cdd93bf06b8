/**
 * Accounts in memory, for embedders and tests: friendly to write, gone with the process.
 */
import { plugins } from '../auth/plugins.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { Account, PeerHost } from './account.ts'
import { accountName } from './account.ts'
import { accountKey } from './account-key.ts'
import { AccountTable } from './account-table.ts'
import { account } from './defaults.ts'
import { NonceSource } from './nonce-source.ts'
import type { AccountEdit, AccountStore } from './source.ts'

/** Only `user` is required. `password` is stored by the plugin; `authString` is what a plugin stored before. */
export type AccountInput = Partial<Omit<Account, 'credentialVersion'>> & {
  readonly user: string
  readonly password?: string
}

export class MemoryAccounts implements AccountStore {
  #accounts = new Map<string, Account>()
  #table = new AccountTable([])
  #lastVersion = 0

  /**
   * Hashing a password takes some milliseconds (5,000 rounds).
   *
   * Throws: `ConfigurationError` when two accounts have one name, a name is too long, a plugin is unknown, both
   * `password` and `authString` are given, or a plugin cannot store what it is given.
   */
  constructor(inputs: readonly AccountInput[] = []) {
    const salts = new NonceSource()
    this.transact((edit) => {
      for (const input of inputs) {
        const made = fromInput(input, salts)
        if (edit.read(made.user, made.host) !== undefined) {
          throw new ConfigurationError(`the account ${accountName(made)} is given twice: remove one`)
        }
        edit.put(made)
      }
    })
  }

  find(user: string, peer: PeerHost): Account | undefined {
    return this.#table.find(user, peer)
  }

  admitsHost(peer: PeerHost): boolean {
    return this.#table.admitsHost(peer)
  }

  read(user: string, host: string): Account | undefined {
    return this.#table.read(user, host)
  }

  list(): readonly Account[] {
    return this.#table.list()
  }

  pluginCounts(): ReadonlyMap<string, number> {
    return this.#table.pluginCounts()
  }

  transact<T>(change: (edit: AccountEdit) => T): T {
    const draft = new Map(this.#accounts)
    const result = change({
      read: (user, host) => draft.get(accountKey(user, host)),
      list: () => new AccountTable(draft.values()).list(),
      put: (changed) => {
        const key = accountKey(changed.user, changed.host)
        const old = draft.get(key)
        const version = old !== undefined && sameCredentials(old, changed) ? old.credentialVersion : ++this.#lastVersion
        draft.set(key, { ...changed, credentialVersion: version })
      },
      delete: (user, host) => draft.delete(accountKey(user, host)),
    })
    this.#accounts = draft
    this.#table = new AccountTable(draft.values())
    return result
  }

  refresh(): void {}

  close(): void {}
}

function fromInput({ password, ...known }: AccountInput, salts: NonceSource): Account {
  const made = account({ passwordChangedMs: Date.now(), ...known })
  const plugin = plugins.get(made.plugin)
  if (plugin === undefined) {
    throw new ConfigurationError(`the account ${accountName(made)} has the unknown plugin '${made.plugin}'`)
  }
  if (password !== undefined && known.authString !== undefined) {
    throw new ConfigurationError(`the account ${accountName(made)} has both password and authString: give one`)
  }
  if (password !== undefined) {
    const authString = password === '' ? '' : plugin.store(Buffer.from(password), salts.next(), DEFAULT_ROUNDS)
    return { ...made, authString }
  }
  if (!plugin.understands(made.authString)) {
    throw new ConfigurationError(`the authString of ${accountName(made)} is not one that ${made.plugin} understands`)
  }
  return made
}

function sameCredentials(a: Account, b: Account): boolean {
  return a.plugin === b.plugin && a.authString === b.authString && a.retainedAuthString === b.retainedAuthString
}

/** caching_sha2_password_digest_rounds as MySQL ships it. */
const DEFAULT_ROUNDS = 5000
