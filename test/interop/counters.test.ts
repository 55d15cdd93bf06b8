/**
 * What each way of not getting in counts: status variables, the columns of the host cache, SUM_CONNECT_ERRORS, as measured
 * on MySQL 9.7; and what the door notes as the reason.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HostCacheCounter } from '../../src/errors/deny-reasons.ts'
import type { StatusCounters } from '../../src/registry/status.ts'
import { until, withDoor } from '../support/door.ts'
import { RawClient } from '../support/raw-client.ts'
import { accounts, failures, source } from './failures.ts'

const counted: readonly (keyof StatusCounters)[] = [
  'Connections',
  'Aborted_connects',
  'Aborted_clients',
  'Connection_errors_max_connections',
  'Connection_errors_internal',
  'Connection_errors_peer_address',
  'Locked_connects',
]

describe('what is counted for', { concurrency: 4 }, () => {
  for (const [name, failure] of Object.entries(failures)) {
    it(name, () =>
      withDoor(
        {
          accounts: failure.accounts ?? accounts,
          databases: ['app'],
          settings: { skip_name_resolve: true, ...failure.settings },
        },
        async (server) => {
          const occupants = (await failure.prepare?.(server)) ?? []
          const { registry, hostCache } = server.door
          const rowBefore = hostCache.rows().find(({ IP }) => IP === source)
          const before = { ...registry.status }
          const liveBefore = registry.live.size
          const seen = server.refusals.length

          const client = await RawClient.connect({ port: server.port, localAddress: source })
          await failure.happens(client, server)
          const expectedRefusals = failure.reason === undefined ? [] : [failure.reason]
          await until(
            () => registry.live.size === liveBefore && registry.status.Connections + 1 > before.Connections,
            '',
          )
          await until(() => server.refusals.length - seen >= expectedRefusals.length, 'it was refused')

          const changes = Object.fromEntries(
            counted.map((counter) => [counter, registry.status[counter] - before[counter]]),
          )
          const none = Object.fromEntries(counted.map((counter) => [counter, 0]))
          assert.deepEqual(changes, { ...none, Connections: 1, ...failure.status })
          assert.deepEqual(
            server.refusals.slice(seen).map(({ reason }) => reason),
            expectedRefusals,
          )
          const row = hostCache.rows().find(({ IP }) => IP === source)
          const errors = Object.entries(row ?? {}).filter(
            ([column, value]) =>
              column.startsWith('COUNT_') && value !== (rowBefore?.[column as HostCacheCounter] ?? 0),
          )
          assert.deepEqual(errors, failure.hostCache === undefined ? [] : [[failure.hostCache, 1]])
          const connectErrors = (row?.SUM_CONNECT_ERRORS ?? 0) - (rowBefore?.SUM_CONNECT_ERRORS ?? 0)
          assert.equal(connectErrors, failure.connectError ? 1 : 0)
          for (const occupant of occupants) occupant.destroy()
        },
      ),
    )
  }
})
