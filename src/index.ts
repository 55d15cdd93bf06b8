/**
 * The front page: `createServer` for programs that want a MySQL front door of their own, `createGateway` for one in front of other
 * servers, `connect` for those that want into one. Everything else is in the subpaths; `saltgate/client` is the client without the rest.
 */
import { type AccountInput, MemoryAccounts } from './accounts/memory-accounts.ts'
import type { AccountSource } from './accounts/source.ts'
import { redactPasswords } from './console/account-sql/redact.ts'
import { createConsole } from './console/console.ts'
import { FrontDoor } from './server/front-door.ts'
import { type KeyMaterial, loadKeyMaterial } from './server/key-material.ts'
import type { Log } from './server/log.ts'
import type { OnQuery } from './server/query.ts'
import type { SettingValue } from './server/setting-row.ts'
import { Settings } from './server/settings.ts'

export { connect } from './client/connect.ts'
export { createPool } from './client/pool.ts'
export { type ConfigFile, defineConfig } from './config-file.ts'
export * from './errors/errors.ts'
export { type CreatedGateway, type CreateGatewayOptions, createGateway } from './gateway/create-gateway.ts'
export type { Hooks } from './gateway/hooks.ts'
export type { Rule } from './gateway/rules.ts'
export { FrontDoor } from './server/front-door.ts'
export type { OnQuery, QueryResult, Session, Value } from './server/query.ts'

export interface CreateServerOptions {
  /** Accounts in memory, or any source of accounts. */
  readonly accounts: readonly AccountInput[] | AccountSource
  /** Answers statements; left out: the console. */
  readonly onQuery?: OnQuery
  /** `HOST:PORT`, `[IPv6]:PORT` or socket paths; 127.0.0.1 and any free port unless given. */
  readonly listen?: readonly string[]
  /** Databases that exist; with `onQuery`, any name is one unless given. */
  readonly databases?: readonly string[]
  /** System variables by MySQL's names. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  /** Certificate and RSA key; made in memory unless given (`loadKeyMaterial`). */
  readonly keys?: KeyMaterial
  readonly log?: Log
}

/**
 * Opens a front door. It is ready for clients when the promise resolves; `close()` ends it.
 *
 * Throws: `ConfigurationError` that names the option, and what to do.
 */
export async function createServer(options: CreateServerOptions): Promise<FrontDoor> {
  const { accounts, onQuery } = options
  return FrontDoor.open({
    accounts: Array.isArray(accounts) ? new MemoryAccounts(accounts) : (accounts as AccountSource),
    settings: new Settings(options.settings),
    keys: options.keys ?? (await loadKeyMaterial({})),
    handler: onQuery === undefined ? createConsole : () => onQuery,
    listen: options.listen ?? ['127.0.0.1:0'],
    databases: options.databases ?? (onQuery === undefined ? [] : 'any'),
    redact: redactPasswords,
    ...(options.log !== undefined && { log: options.log }),
  })
}
