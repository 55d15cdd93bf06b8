/** Opens real gateways for tests, before backends that are front doors of our own, or real servers. */
import assert from 'node:assert/strict'
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import type { BackendOptions } from '../../src/gateway/backend.ts'
import type { Gateway, GatewayRules } from '../../src/gateway/gateway.ts'
import { openGateway } from '../../src/gateway/open.ts'
import { defaultLimits, type PoolLimits } from '../../src/gateway/pool.ts'
import type { FrontDoor } from '../../src/server/front-door.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { Settings } from '../../src/server/settings.ts'
import { errorsInto, type Refusal, refusalsOf, sharedKeys, until } from './door.ts'

export interface TestGatewayOptions {
  readonly backends: readonly BackendOptions[]
  readonly rules?: GatewayRules['rules']
  /** Everything else that rules are made of. */
  readonly with?: Partial<Omit<GatewayRules, 'rules'>>
  readonly accounts?: readonly AccountInput[] | AccountSource
  readonly settings?: Readonly<Record<string, SettingValue>>
  readonly pool?: Partial<PoolLimits>
  readonly listen?: readonly string[]
}

export interface TestGateway {
  readonly gateway: Gateway
  readonly front: FrontDoor
  readonly port: number
  /** All refusals so far, oldest first. */
  readonly refusals: readonly Refusal[]
  /** What was logged as an error: nothing, unless a test provokes it. */
  readonly errors: readonly string[]
  /** What is left out stays as it was. */
  reload(rules: Partial<GatewayRules>): void
  /** Asserts that every client has left before, and that nothing of them is left. */
  close(): Promise<void>
  /** Ends it with whatever is in it. */
  abandon(): Promise<void>
}

export async function openTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const { accounts = [] } = options
  const errors: string[] = []
  let rules: GatewayRules = {
    ...{ rules: options.rules ?? [], hookTimeoutMs: 1000, tlsPolicy: 'backend-at-least-client' },
    ...{ localInfile: false, compression: true, ...options.with },
  }
  const { gateway, front, close } = await openGateway({
    backends: options.backends,
    rules,
    pool: { ...defaultLimits, ...options.pool },
    monitor: { intervalMs: 100, timeoutMs: 1000 },
    accounts: Array.isArray(accounts) ? new MemoryAccounts(accounts) : (accounts as AccountSource),
    settings: new Settings(options.settings),
    keys: await sharedKeys(),
    listen: options.listen ?? ['127.0.0.1:0'],
    decoySecret: new Uint8Array(32).fill(7),
    log: errorsInto(errors),
  })
  const tcp = front.listening.find(({ kind }) => kind === 'tcp')
  if (tcp?.kind !== 'tcp') throw new Error('no TCP listener')
  return {
    ...{ gateway, front, port: tcp.port, refusals: refusalsOf(front.door), errors },
    reload: (changes) => {
      rules = { ...rules, ...changes }
      gateway.reload(rules)
    },
    close: async () => {
      try {
        await until(() => front.door.registry.live.size === 0, 'every connection is gone')
        assert.equal(gateway.passages.size, 0, 'passages')
        assert.equal(gateway.pool.waiting, 0, 'waiting')
      } finally {
        await close(0)
      }
      assert.deepEqual(
        gateway.backends.all.map(({ name, connections }) => [name, connections]),
        gateway.backends.all.map(({ name }) => [name, 0]),
        'connections to backends',
      )
    },
    abandon: () => close(0),
  }
}

/** A gateway for one test. When the test fails, its error counts, not what it left open. */
export async function withGateway(
  options: TestGatewayOptions,
  use: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  const opened = await openTestGateway(options)
  try {
    await use(opened)
  } catch (error) {
    await opened.abandon()
    throw error
  }
  await opened.close()
}
