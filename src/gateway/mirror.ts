/**
 * Several processes of one gateway, looked at as if they were one: what each reports is put together here, and what an administrator
 * changes here is done in each. The console that stands on it knows of no processes.
 */
import type { AccountSource } from '../accounts/source.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { ConnectionRecord, Killed } from '../registry/connection-record.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import { newStatusCounters, type StatusCounters } from '../registry/status.ts'
import type { Administered, Elsewhere } from '../server/administered.ts'
import type { HostCacheRow } from '../server/host-cache.ts'
import type { Log } from '../server/log.ts'
import type { Settings } from '../server/settings.ts'
import { MirroredCounts } from './mirrored-counts.ts'
import { workerOf } from './open.ts'
import type { Order } from './orders.ts'
import { endedOf, type ProcessReport, recordOf } from './report.ts'
import type { BookedRule } from './rule-book.ts'
import type { BackendSeen, GatewayView, PairSeen, Shelved } from './view.ts'

export interface Processes {
  /** Asks all of them; of one that does not answer in time, what it said last. By process: one that was started anew is another one. */
  report(of: 'all' | 'counts'): Promise<ReadonlyMap<number, ProcessReport>>
  /** Tells one of them, or all. Resolves to whether it was done everywhere, within a time; never rejects. */
  tell(order: Order, worker?: number): Promise<boolean>
}

export interface MirrorOptions {
  readonly processes: Processes
  /** What is set here is set in all of them, from now on. */
  readonly settings: Settings
  /** The gateway's own: each process has them from the same file. */
  readonly accounts: AccountSource
  readonly rules: () => readonly BookedRule[]
  readonly log: Log
}

export class Mirror implements Administered, GatewayView, Elsewhere {
  readonly #counts = new MirroredCounts()
  readonly settings: Settings
  readonly log: Log
  readonly elsewhere = this
  readonly rules: () => readonly BookedRule[]
  readonly realm: Administered['realm']
  readonly policy: { publicKey: string | undefined } = { publicKey: undefined }
  certificate: Administered['certificate'] = undefined
  loopDelayP99Us = 0
  readonly registry: Administered['registry'] = {
    startedAtMs: Date.now(),
    status: newStatusCounters(),
    live: new Map<number, ConnectionRecord>(),
    denied: new Map<DenyReason, number>(),
    history: () => this.#history,
    tally: this.#counts,
    refusals: this.#counts,
    use: this.#counts,
    flushStatus: () => {
      this.#gone = nothingCounted()
      this.#tell({ do: 'flush', what: 'status' })
    },
  }
  readonly hostCache = {
    rows: () => this.#hosts,
    each: () => this.#hosts,
    flush: (address?: string) => this.#tell({ do: 'flush-hosts', address }),
  }
  readonly userConnections: Administered['userConnections'] = {
    forgetHour: ({ user, host }) => this.#tell({ do: 'forget-hour', user, host }),
  }
  /** Each process begins anew with its counters. */
  readonly loopDelay = { reset: () => {} }
  readonly #processes: Processes
  #reports: ReadonlyMap<number, ProcessReport> = new Map()
  #history: EndedHandshake[] = []
  #hosts: HostCacheRow[] = []
  /** Of processes that are no more. */
  #gone = nothingCounted()
  readonly #underway = new Set<Promise<unknown>>()
  #looking: Promise<void> | undefined = undefined
  #next: Promise<void> | undefined = undefined

  constructor({ processes, settings, accounts, rules, log }: MirrorOptions) {
    this.#processes = processes
    this.settings = settings
    this.rules = rules
    this.log = log
    this.realm = {
      accounts,
      failedLogins: {
        blocks: () => this.#each(({ blocks }) => blocks),
        unlock: (user, host) => this.#tell({ do: 'unlock', user, host }),
        rename: (from, to) => {
          const [before, after] = [from, to].map(({ user, host }) => ({ user, host }))
          if (before !== undefined && after !== undefined) this.#tell({ do: 'rename', from: before, to: after })
        },
      },
    }
    for (const { name } of settings.entries()) {
      settings.onChange(name as never, (value) => this.#tell({ do: 'set', values: [[name, value]] }))
    }
  }

  now(): number {
    return Date.now()
  }

  flushPrivileges(): void {
    const { accounts } = this.realm
    if ('refresh' in accounts && typeof accounts.refresh === 'function') accounts.refresh()
    this.#tell({ do: 'flush', what: 'privileges' })
  }

  /** Those who ask while an answer is on its way share the one after it: theirs may have begun too early. */
  catchUp(of: 'all' | 'counts' = 'all'): Promise<void> {
    if (this.#next !== undefined) return this.#next
    if (this.#looking === undefined) return this.#begin(of)
    // One look at a time: a process that has died between two would be counted among the gone by both.
    if (of === 'counts') return this.#looking
    this.#next = this.#looking.then(() => {
      this.#next = undefined
      return this.#begin('all')
    })
    return this.#next
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underway)
  }

  /** One row for each: numbers are added, and the worst that one of the processes saw is what is shown of its state. */
  backends(): readonly BackendSeen[] {
    const byName = new Map<string, BackendSeen>()
    for (const one of this.#each(({ backends }) => backends)) {
      const known = byName.get(one.name)
      byName.set(one.name, known === undefined ? one : together(known, one))
    }
    return [...byName.values()]
  }

  pairs(): readonly PairSeen[] {
    return this.#each(({ pairs }) => pairs).sort((a, b) => a.id - b.id)
  }

  pools(): readonly Shelved[] {
    const byKey = new Map<string, Shelved>()
    for (const shelf of this.#each(({ pools }) => pools)) byKey.set(shelf.key, sum(shelf, byKey.get(shelf.key)))
    return [...byKey.values()]
  }

  killQuery(id: number): Promise<boolean> | undefined {
    if (!this.#each(({ pairs }) => pairs).some((pair) => pair.id === id)) return undefined
    return this.#processes.tell({ do: 'kill', order: { what: 'query', id } }, workerOf(id))
  }

  #each<T>(of: (report: ProcessReport) => readonly T[]): T[] {
    return [...this.#reports.values()].flatMap(of)
  }

  #tell(order: Order, worker?: number): void {
    const told = this.#processes.tell(order, worker).finally(() => this.#underway.delete(told))
    this.#underway.add(told)
  }

  #begin(of: 'all' | 'counts'): Promise<void> {
    this.#looking = this.#look(of)
    return this.#looking
  }

  async #look(of: 'all' | 'counts'): Promise<void> {
    try {
      const reports = await this.#processes.report(of)
      if (of === 'all') this.#show(reports)
      else this.#count(reports)
    } finally {
      this.#looking = undefined
    }
  }

  /** Returns: what they say now. */
  #count(reports: ReadonlyMap<number, ProcessReport>): readonly ProcessReport[] {
    const left = [...this.#reports].filter(([process]) => !reports.has(process)).map(([, report]) => report)
    this.#gone = left.reduce(counted, this.#gone)
    this.#reports = reports
    const all = [...reports.values()]
    this.#counts.show(left, all)
    return all
  }

  #show(reports: ReadonlyMap<number, ProcessReport>): void {
    const all = this.#count(reports)
    const { registry } = this
    const { status, denied } = all.reduce(counted, this.#gone)
    Object.assign(registry.status, status)
    refill(registry.denied, denied)
    refill(
      registry.live,
      this.#each(({ live }) => live).map((one) => [one.id, this.#recordOf(one)]),
    )
    this.#history = this.#each(({ history }) => history)
      .map(endedOf)
      .sort((a, b) => a.endedAtMs - b.endedAtMs)
    this.#hosts = hostsTogether(this.#each(({ hosts }) => hosts))
    this.policy.publicKey = all[0]?.publicKey
    this.certificate = all[0]?.certificate
    this.loopDelayP99Us = Math.max(0, ...all.map(({ loopDelayP99Us }) => loopDelayP99Us))
  }

  #recordOf(report: Parameters<typeof recordOf>[0]): ConnectionRecord {
    const record = recordOf(report)
    const { id } = record
    record.kill = (what: Killed) =>
      this.#tell({ do: 'kill', order: { what: what === 'query' ? what : 'connection', id } }, workerOf(id))
    return record
  }
}

interface Counted {
  readonly status: StatusCounters
  readonly denied: Iterable<readonly [DenyReason, number]>
}

function nothingCounted(): Counted {
  return { status: newStatusCounters(), denied: [] }
}

/** Both added: of `Max_used_connections` it is what the processes could have had at a time, had each had its most. */
function counted(a: Counted, b: Counted): Counted {
  const denied = new Map(a.denied)
  for (const [reason, count] of b.denied) denied.set(reason, (denied.get(reason) ?? 0) + count)
  const status = sum(b.status, a.status)
  for (const name of largest) status[name] = Math.max(a.status[name], b.status[name])
  return { status, denied }
}

/** What does not add up. */
const largest = ['maxUsedConnectionsAtMs', 'Performance_schema_session_connect_attrs_longest_seen'] as const

function refill<K, V>(map: Map<K, V>, entries: Iterable<readonly [K, V]>): void {
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}

function together(a: BackendSeen, b: BackendSeen): BackendSeen {
  const badness = ({ state, doubted }: BackendSeen) => ['up', 'unknown', 'down'].indexOf(state) + (doubted ? 0.5 : 0)
  return {
    ...(badness(b) > badness(a) ? b : a),
    connections: a.connections + b.connections,
    waiting: a.waiting + b.waiting,
    maxConnections: a.maxConnections + b.maxConnections,
    counters: sum(a.counters, b.counters),
  }
}

/** Of one address what all have counted, from the first to the last. */
function hostsTogether(rows: readonly HostCacheRow[]): HostCacheRow[] {
  const byAddress = new Map<string, HostCacheRow>()
  for (const row of rows) {
    const known = byAddress.get(row.IP)
    if (known === undefined) {
      byAddress.set(row.IP, row)
      continue
    }
    const times = (name: `${'FIRST' | 'LAST'}_${'' | 'ERROR_'}SEEN`) =>
      [known[name], row[name]].filter((ms) => ms !== null)
    byAddress.set(row.IP, {
      ...sum(known, row),
      HOST: known.HOST ?? row.HOST,
      HOST_VALIDATED: known.HOST_VALIDATED === 'YES' ? 'YES' : row.HOST_VALIDATED,
      FIRST_SEEN: Math.min(...times('FIRST_SEEN')),
      LAST_SEEN: Math.max(...times('LAST_SEEN')),
      FIRST_ERROR_SEEN: times('FIRST_ERROR_SEEN').sort((a, b) => a - b)[0] ?? null,
      LAST_ERROR_SEEN: times('LAST_ERROR_SEEN').sort((a, b) => b - a)[0] ?? null,
    })
  }
  return [...byAddress.values()]
}

/** Adds what is a number; all else is as in `a`. */
function sum<T extends object>(a: T, b: T | undefined): T {
  if (b === undefined) return a
  const others = new Map<string, unknown>(Object.entries(b))
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => {
      const other = others.get(name)
      return [name, typeof value === 'number' && typeof other === 'number' ? value + other : value]
    }),
  ) as T
}
