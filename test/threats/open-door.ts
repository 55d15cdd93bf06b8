/** A front door on loopback for one test, with keys that all tests of a process share. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { allPrivileges } from '../../src/accounts/privileges.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import type { Door } from '../../src/server/door.ts'
import { FrontDoor, type FrontDoorOptions } from '../../src/server/front-door.ts'
import { loadKeyMaterial } from '../../src/server/key-material.ts'
import type { OnQuery } from '../../src/server/query.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { Settings } from '../../src/server/settings.ts'

export interface OpenDoor {
  readonly front: FrontDoor
  readonly door: Door
  readonly port: number
  /** Every statement that reached the query handler. */
  readonly queries: string[]
  /** Every line that was logged, as JSON. */
  readonly log: string[]
}

export type OpenDoorOptions = Partial<Omit<FrontDoorOptions, 'accounts' | 'settings'>> & {
  readonly accounts: readonly AccountInput[] | AccountSource
  readonly settings?: Readonly<Record<string, SettingValue>>
  readonly onQuery?: OnQuery
}

/** One account for each plugin, named as people call it; each password is `pw-` and the name. */
export const everyPlugin: readonly AccountInput[] = [
  { user: 'root', password: 'pw-root', privileges: new Set(allPrivileges) },
  { user: 'native', plugin: 'mysql_native_password', password: 'pw-native' },
  { user: 'sha2', plugin: 'caching_sha2_password', password: 'pw-sha2' },
  { user: 'sha256', plugin: 'sha256_password', password: 'pw-sha256' },
  { user: 'clear', plugin: 'mysql_clear_password', password: 'pw-clear' },
]

let keys: ReturnType<typeof loadKeyMaterial> | undefined

/** Opens a door that the end of the test closes; then nobody may be left in its registry. */
export async function openDoor(t: Pick<TestContext, 'after'>, options: OpenDoorOptions): Promise<OpenDoor> {
  const { accounts, settings, onQuery, ...rest } = options
  keys ??= loadKeyMaterial({})
  const queries: string[] = []
  const log: string[] = []
  const line = (facts: object, text: string) => log.push(JSON.stringify({ ...facts, text }, withErrors))
  const front = await FrontDoor.open({
    accounts: Array.isArray(accounts) ? new MemoryAccounts(accounts) : (accounts as AccountSource),
    settings: new Settings({ max_connections: 10_000, ...settings }),
    keys: await keys,
    handler: () => (sql, session, parameters) => {
      queries.push(sql)
      return onQuery?.(sql, session, parameters) ?? [{ one: 1 }]
    },
    listen: ['127.0.0.1:0'],
    databases: 'any',
    log: { debug: line, info: line, warn: line, error: line },
    ...rest,
  })
  t.after(async () => {
    await front.close(100)
    await until(() => front.door.registry.live.size === 0, 'nobody is left after the end', 500)
  })
  const first = front.listening[0]
  return { front, door: front.door, port: first?.kind === 'tcp' ? first.port : 0, queries, log }
}

/** Waits until something holds that no event tells of. */
export async function until(holds: () => boolean, what: string, limitMs = 5000): Promise<void> {
  const end = performance.now() + limitMs
  while (!holds()) {
    if (performance.now() > end) assert.fail(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function withErrors(_: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value
}
