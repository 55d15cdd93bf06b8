/**
 * Accounts in memory, for embedders and tests: friendly to write, gone with the process.
 */
import type { AuthPlugin } from '../auth/plugin.ts'
import { plugins } from '../auth/plugins.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { Account, Credential, PeerHost } from './account.ts'
import { accountName } from './account.ts'
import { accountKey } from './account-key.ts'
import { AccountTable } from './account-table.ts'
import { account } from './defaults.ts'
import { NonceSource } from './nonce-source.ts'
import type { AccountEdit, AccountStore } from './source.ts'

/**
 * Only `user` is required. `password` is stored by the plugin; `authString` is what a plugin stored before, and so are the
 * credentials of `alternatives` and `factors`.
 */
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
  const plugin = knownPlugin(made, made.plugin)
  for (const { plugin, authString } of [...made.alternatives, ...made.factors]) {
    if (!knownPlugin(made, plugin).understands(authString)) throw notUnderstood(made, plugin)
  }
  if (password !== undefined && known.authString !== undefined) {
    throw new ConfigurationError(`the account ${accountName(made)} has both password and authString: give one`)
  }
  if (password !== undefined) {
    const authString = password === '' ? '' : plugin.store(Buffer.from(password), salts.next(), DEFAULT_ROUNDS)
    return { ...made, authString }
  }
  if (!plugin.understands(made.authString)) throw notUnderstood(made, made.plugin)
  return made
}

function knownPlugin(made: Account, name: string): AuthPlugin {
  const plugin = plugins.get(name)
  if (plugin === undefined) {
    throw new ConfigurationError(`the account ${accountName(made)} has the unknown plugin '${name}'`)
  }
  return plugin
}

function notUnderstood(made: Account, plugin: string): ConfigurationError {
  return new ConfigurationError(`the authString of ${accountName(made)} is not one that ${plugin} understands`)
}

function sameCredentials(a: Account, b: Account): boolean {
  return (
    a.plugin === b.plugin &&
    a.authString === b.authString &&
    a.retainedAuthString === b.retainedAuthString &&
    sameList(a.alternatives, b.alternatives) &&
    sameList(a.factors, b.factors)
  )
}

function sameList(a: readonly Credential[], b: readonly Credential[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ plugin, authString }, i) => plugin === b[i]?.plugin && authString === b[i]?.authString)
  )
}

/** caching_sha2_password_digest_rounds as MySQL ships it. */
const DEFAULT_ROUNDS = 5000
