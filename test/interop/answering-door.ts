/**
 * A door that answers with everything a handler can give, its accounts for every plugin, and the use of a client that always
 * leaves: what the tests of sessions share.
 */
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import { openDoor, type TestDoor } from '../support/door.ts'
import { answers } from './answers.ts'
import { type Client, type ClientName, type ClientOptions, connect } from './clients.ts'

export const plugins = [
  'mysql_native_password',
  'caching_sha2_password',
  'sha256_password',
  'mysql_clear_password',
] as const

/** npm mysql has only the text protocol. */
export const binaryClients = ['mysql2', 'mariadb'] as const

/** `nat`/`pw` is the plain account; each plugin has `from-PLUGIN`/`pw-from`, and `to-PLUGIN`/`pw-to` for `app` alone. */
export function openAnsweringDoor(): Promise<TestDoor> {
  const everywhere = new Map([['%', new Set(['SELECT'] as const)]])
  const accounts = [
    { user: 'nat', plugin: 'mysql_native_password', password: 'pw', databases: everywhere },
    { user: 'nat2', plugin: 'mysql_native_password', password: 'pw', databases: everywhere },
    ...plugins.flatMap((plugin): AccountInput[] => [
      { user: `from-${plugin}`, plugin, password: 'pw-from', databases: everywhere },
      { user: `to-${plugin}`, plugin, password: 'pw-to', databases: new Map([['app', new Set(['SELECT'])]]) },
    ]),
  ]
  return openDoor({
    accounts,
    settings: { saltgate_allow_clear_password: true },
    databases: ['app', 'other'],
    handler: () => answers,
  })
}

/** Runs with a client of the plain account, and lets it leave whatever happens. */
export async function withClient(
  server: TestDoor,
  name: ClientName,
  options: Partial<ClientOptions>,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await connect(name, { port: server.port, user: 'nat', password: 'pw', ...options })
  try {
    await use(client)
    await client.end()
  } catch (error) {
    client.destroy()
    throw error
  }
}

/** Numbers as one type: drivers give a LONGLONG as number, bigint or string. */
export function comparable(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map(comparable)
  if (value instanceof Date || value instanceof Uint8Array || value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, comparable(each)]))
}

export async function ask(client: Client, sql: string): Promise<unknown> {
  return comparable(await client.query(sql))
}
