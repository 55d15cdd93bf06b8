/**
 * Opens real front doors for tests: on free ports of loopback, with one set of keys per process, because an RSA key takes
 * longer to make than most tests take to run.
 */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import type { Door } from '../../src/server/door.ts'
import { FrontDoor } from '../../src/server/front-door.ts'
import { type KeyMaterial, loadKeyMaterial } from '../../src/server/key-material.ts'
import { type Log, silentLog } from '../../src/server/log.ts'
import type { OnQuery } from '../../src/server/query.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { Settings } from '../../src/server/settings.ts'

export interface TestDoorOptions {
  readonly accounts: readonly AccountInput[] | AccountSource
  readonly settings?: Readonly<Record<string, SettingValue>>
  /** Left out: every statement is answered by one row, `who`: CURRENT_USER(). */
  readonly handler?: (door: Door) => OnQuery
  readonly databases?: readonly string[] | 'any'
  readonly dnsServers?: readonly string[]
  readonly keys?: KeyMaterial
}

/** What is known of a refused login at its end. */
export interface Refusal {
  readonly reason: DenyReason
  readonly phase: string
  readonly error: number | undefined
  readonly user: string | undefined
  readonly detail: string | undefined
}

export interface TestDoor {
  readonly front: FrontDoor
  readonly door: Door
  readonly port: number
  readonly socketPath: string
  readonly keys: KeyMaterial
  /** All refusals so far, oldest first. */
  readonly refusals: readonly Refusal[]
  /** What was logged as an error: nothing, unless a test provokes it. */
  readonly errors: readonly string[]
  /** Closes the door. Asserts that every client has left before, and that nothing of them is left. */
  close(): Promise<void>
}

export async function openDoor(options: TestDoorOptions): Promise<TestDoor> {
  const { accounts } = options
  const source = Array.isArray(accounts) ? new MemoryAccounts(accounts) : (accounts as AccountSource)
  const keys = options.keys ?? (await sharedKeys())
  const socketPath = join(tmpdir(), `saltgate-${process.pid}-${++doors}.sock`)
  const errors: string[] = []
  const front = await FrontDoor.open({
    accounts: source,
    settings: new Settings(options.settings),
    keys,
    handler:
      options.handler ??
      (() =>
        (_, { account }) => [{ who: `${account.user}@${account.host}` }]),
    listen: ['127.0.0.1:0', socketPath],
    databases: options.databases ?? [],
    decoySecret: new Uint8Array(32).fill(7),
    log: errorsInto(errors),
    redact: (sql) => sql,
    ...(options.dnsServers !== undefined && { dnsServers: options.dnsServers }),
  })
  const { door } = front
  const refusals = refusalsOf(door)
  const tcp = front.listening[0]
  if (tcp?.kind !== 'tcp') throw new Error('the first listener is not TCP')
  return {
    front,
    door,
    port: tcp.port,
    socketPath,
    keys,
    refusals,
    errors,
    close: async () => {
      try {
        await until(() => door.registry.live.size === 0, 'every connection is gone')
        assert.equal(door.registry.status.Prepared_stmt_count, 0)
        if (source instanceof MemoryAccounts) {
          for (const account of source.list()) {
            assert.equal(door.userConnections.count(account), 0, `connections of ${account.user}@${account.host}`)
          }
        }
      } finally {
        await front.close(0)
        await rm(socketPath, { force: true })
      }
    },
  }
}

/** A door for one test. When the test fails, its error counts, not what it left open. */
export async function withDoor(options: TestDoorOptions, use: (server: TestDoor) => Promise<void>): Promise<void> {
  const server = await openDoor(options)
  try {
    await use(server)
  } catch (error) {
    await server.front.close(0)
    throw error
  }
  await server.close()
}

/** Resolves as soon as the condition holds. Rejects after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    assert.ok(performance.now() < end, `waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

let doors = 0
let keysOfProcess: Promise<KeyMaterial> | undefined

export function sharedKeys(): Promise<KeyMaterial> {
  keysOfProcess ??= loadKeyMaterial({})
  return keysOfProcess
}

/** All refusals from now on; in a storm the log does not have each of them. */
export function refusalsOf({ registry }: Door): readonly Refusal[] {
  const refusals: Refusal[] = []
  registry.listeners.add({
    onEnded({ reason, during, errorCode, user, detail }) {
      if (reason !== undefined) refusals.push({ reason, phase: during, error: errorCode, user, detail })
    },
  })
  return refusals
}

export function errorsInto(errors: string[]): Log {
  return {
    ...silentLog,
    error(facts, message) {
      errors.push(`${message}: ${(facts as { err?: unknown }).err}`)
    },
  }
}
