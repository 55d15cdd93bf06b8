import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryAccounts } from '../accounts/memory-accounts.ts'
import { newStatusCounters } from '../registry/status.ts'
import { nothingTallied } from '../registry/tally.ts'
import type { HostCacheRow } from '../server/host-cache.ts'
import { silentLog } from '../server/log.ts'
import { Settings } from '../server/settings.ts'
import { Mirror } from './mirror.ts'
import type { Order } from './orders.ts'
import type { ProcessReport } from './report.ts'
import type { BackendSeen } from './view.ts'

const nothing: ProcessReport = {
  ...{
    status: newStatusCounters(),
    denied: [],
    live: [],
    history: [],
    hosts: [],
    publicKey: 'key',
    certificate: undefined,
  },
  ...{ loopDelayP99Us: 0, backends: [], pairs: [], pools: [], tally: nothingTallied(), use: [], blocks: [] },
  refusals: { groups: [], forgotten: 0, revision: 0 },
}

function backend(more: Partial<BackendSeen>): BackendSeen {
  return {
    ...{ name: 'one', address: 'a:1', state: 'up', role: 'primary', doubted: false, reason: undefined },
    ...{ connections: 1, waiting: 0, changedAtMs: 1, serverVersion: '9.7.0', weight: 2, maxConnections: 10 },
    counters: { connects: 1, connectFailures: 0, lost: 0, looks: 1, failedLooks: 0 },
    ...more,
  }
}

/** A mirror of what `reports` say when it looks. */
function mirrorOf(reports: Map<number, Partial<ProcessReport>>) {
  const told: [Order, number | undefined][] = []
  let looks = 0
  const asked: string[] = []
  const settings = new Settings()
  const mirror = new Mirror({
    processes: {
      report: async (of) => {
        looks++
        asked.push(of)
        return new Map(Array.from(reports, ([process, report]) => [process, { ...nothing, ...report }]))
      },
      tell: async (order, worker) => {
        told.push([order, worker])
        return true
      },
    },
    ...{ settings, accounts: new MemoryAccounts([]), rules: () => [], log: silentLog },
  })
  return { mirror, told, settings, asked, looks: () => looks }
}

describe('Mirror', () => {
  it('adds counters, keeps those of a process that is gone, and forgets them with FLUSH STATUS', async () => {
    const counters = (Connections: number, maxUsedConnectionsAtMs: number) => ({
      status: { ...newStatusCounters(), Connections, maxUsedConnectionsAtMs },
      denied: [['no-rule', Connections]] as const,
    })
    const reports = new Map([
      [101, counters(5, 700)],
      [102, counters(7, 300)],
    ])
    const { mirror } = mirrorOf(reports)
    const seen = async () => {
      await mirror.catchUp()
      const { status, denied } = mirror.registry
      return [status.Connections, status.maxUsedConnectionsAtMs, denied.get('no-rule')]
    }
    assert.deepEqual(await seen(), [12, 700, 12])
    assert.deepEqual(await seen(), [12, 700, 12])
    reports.delete(101)
    reports.set(103, counters(1, 900))
    assert.deepEqual(await seen(), [13, 900, 13])
    mirror.registry.flushStatus(Date.now())
    assert.deepEqual(await seen(), [8, 900, 8])
  })

  it('asks for the counts alone when no more is wanted, and looks once at a time', async () => {
    const tally = (entered: number) => {
      const { phases, ...rest } = nothingTallied()
      return { tally: { ...rest, phases: { ...phases, ready: { now: 1, entered, connectionMs: 0 } } } }
    }
    const reports = new Map([
      [101, tally(5)],
      [102, tally(7)],
    ])
    const { mirror, asked } = mirrorOf(reports)
    const seen = () => mirror.registry.tally.snapshot(0).phases.ready
    await mirror.catchUp('counts')
    assert.deepEqual(seen(), { now: 2, entered: 12, connectionMs: 0 })
    const both = [mirror.catchUp(), mirror.catchUp('counts')]
    assert.equal(both[0], both[1])
    await Promise.all(both)
    reports.delete(101)
    await mirror.catchUp('counts')
    assert.deepEqual(seen(), { now: 1, entered: 12, connectionMs: 0 })
    assert.deepEqual(asked, ['counts', 'all', 'counts'])
  })

  it('shows one row for each backend: numbers added, the worst of the states', async () => {
    const down = backend({ state: 'down', reason: 'gone', changedAtMs: 5, connections: 4 })
    const reports = new Map([
      [101, { backends: [backend({})] }],
      [102, { backends: [down, backend({ name: 'two' })] }],
    ])
    const { mirror } = mirrorOf(reports)
    await mirror.catchUp()
    const counters = { connects: 2, connectFailures: 0, lost: 0, looks: 2, failedLooks: 0 }
    assert.deepEqual(mirror.backends(), [
      { ...down, connections: 5, maxConnections: 20, counters },
      backend({ name: 'two' }),
    ])
  })

  it('shows one row for each client address', async () => {
    const row = (more: object) =>
      ({ IP: '10.0.0.1', HOST: null, HOST_VALIDATED: 'NO', SUM_CONNECT_ERRORS: 1, ...more }) as HostCacheRow
    const { mirror } = mirrorOf(
      new Map([
        [101, { hosts: [row({ FIRST_SEEN: 5, LAST_SEEN: 8, FIRST_ERROR_SEEN: null, LAST_ERROR_SEEN: null })] }],
        [102, { hosts: [row({ FIRST_SEEN: 3, LAST_SEEN: 4, FIRST_ERROR_SEEN: 3, LAST_ERROR_SEEN: 4, HOST: 'h' })] }],
      ]),
    )
    await mirror.catchUp()
    assert.deepEqual(mirror.hostCache.rows(), [
      row({
        ...{ SUM_CONNECT_ERRORS: 2, HOST: 'h', FIRST_SEEN: 3, LAST_SEEN: 8, FIRST_ERROR_SEEN: 3, LAST_ERROR_SEEN: 4 },
      }),
    ])
  })

  it('tells all processes what is set, once it is set', () => {
    const { settings, told } = mirrorOf(new Map())
    settings.setGlobal('connect_timeout', 7)
    settings.setGlobal('connect_timeout', 7)
    assert.deepEqual(told, [[{ do: 'set', values: [['connect_timeout', 7]] }, undefined]])
  })

  it('asks once for all who come while an answer is on its way, and not by that answer', async () => {
    const { mirror, looks } = mirrorOf(new Map())
    await Promise.all([mirror.catchUp(), mirror.catchUp(), mirror.catchUp(), mirror.catchUp()])
    assert.equal(looks(), 2)
    await mirror.catchUp()
    assert.equal(looks(), 3)
  })
})
