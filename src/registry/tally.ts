/**
 * The numbers of a door over its whole life: connections by phase, logins by how they ended, time in each phase. Counted at each change, so
 * nothing that is short is missed; whoever takes a snapshot twice knows what happened between. FLUSH STATUS does not touch them.
 */
import type { Channel } from '../auth/plugin.ts'
import { plugins } from '../auth/plugins.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { DoorPhase } from './connection-record.ts'
import { bucketOf, durationBuckets } from './duration-buckets.ts'
import { laneIndexOf, lanes } from './lanes.ts'
import type { EndedHandshake } from './registry.ts'
import { doorPhases } from './story.ts'

/** Plain data. Of several processes it is added up by `addSnapshots`. */
export interface TallySnapshot {
  readonly phases: Readonly<Record<DoorPhase, PhaseCount>>
  /** In the order of `lanes`. */
  readonly lanes: readonly LaneCount[]
  /** Whole logins, COM_CHANGE_USER among them. */
  readonly logins: readonly LoginCount[]
  /** Time in each phase of ended logins. */
  readonly times: readonly TimeCount[]
  readonly reasons: Readonly<Partial<Record<DenyReason, number>>>
  /** Ended logins by TLS version; those without TLS are not counted here. */
  readonly tls: Readonly<Record<string, number>>
}

export interface PhaseCount {
  /** Connections that are in it. */
  readonly now: number
  /** How often it was entered. */
  readonly entered: number
  /** Connections by the time that each was in it: what an area under their number has. Units: ms. */
  readonly connectionMs: number
}

export interface LaneCount extends Omit<PhaseCount, 'entered'> {
  /** The most at a time since the snapshot before that took the peaks. */
  readonly peak: number
  /** How long ended logins were in it, all its phases together: numbers of each bucket. */
  readonly buckets: readonly number[]
}

export interface Durations {
  readonly count: number
  readonly sumMs: number
  /** `durationBuckets` numbers, each of its own bucket only. */
  readonly buckets: readonly number[]
}

export interface LoginCount extends Durations {
  readonly again: boolean
  readonly outcome: EndedHandshake['outcome']
  readonly plugin: string
  readonly channel: Channel
}

export interface TimeCount extends Durations {
  readonly phase: DoorPhase
  readonly plugin: string
  readonly channel: Channel
}

export class Tally {
  readonly #lanes = lanes.map(() => ({ now: 0, connectionMs: 0, peak: 0, untilMs: 0, buckets: noBuckets() }))
  readonly #phases = new Map(
    doorPhases.map((phase) => {
      const lane = this.#lanes[laneIndexOf(phase)]
      return [phase, { now: 0, entered: 0, connectionMs: 0, untilMs: 0, lane }]
    }),
  )
  readonly #ended = new Map<string, ByChannel>()
  readonly #reasons = new Map<DenyReason, number>()
  readonly #tls = new Map<string, number>()

  /** A connection went from one phase to another; `undefined`: it came, or left. `atMs` is on the clock of `performance.now`. */
  move(from: DoorPhase | undefined, to: DoorPhase | undefined, atMs: number): void {
    const left = from && this.#phases.get(from)
    const entered = to && this.#phases.get(to)
    if (left) {
      pass(left, atMs)
      left.now--
    }
    if (entered) {
      pass(entered, atMs)
      entered.now++
      entered.entered++
    }
    if (left?.lane === entered?.lane) return
    if (left?.lane) {
      pass(left.lane, atMs)
      left.lane.now--
    }
    if (entered?.lane) {
      const { lane } = entered
      pass(lane, atMs)
      lane.now++
      if (lane.now > lane.peak) lane.peak = lane.now
    }
  }

  onEnded({ story, again, outcome, plugin, channel, reason, tlsVersion }: EndedHandshake): void {
    if (reason !== undefined) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    if (tlsVersion !== undefined) this.#tls.set(tlsVersion, (this.#tls.get(tlsVersion) ?? 0) + 1)
    const name = plugin === undefined ? 'none' : plugins.has(plugin) ? plugin : 'other'
    let byChannel = this.#ended.get(name)
    if (byChannel === undefined) {
      byChannel = { plaintext: new Cell(), tls: new Cell(), 'unix-socket': new Cell() }
      this.#ended.set(name, byChannel)
    }
    const cell = byChannel[channel]
    count(cell.of(again, outcome), story.durationMs)
    inLanes.fill(-1)
    story.eachPhase((phase, ms) => {
      count(cell.during(phase), ms)
      const lane = laneIndexOf(phase)
      if (lane >= 0) inLanes[lane] = Math.max(0, inLanes[lane] ?? 0) + ms
    })
    for (const [i, { buckets }] of this.#lanes.entries()) {
      const ms = inLanes[i] ?? -1
      if (ms < 0) continue
      const bucket = bucketOf(ms)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
  }

  /**
   * What there is by now. Units: `nowMs` is on the clock of `performance.now`. `takePeaks`: the peaks begin anew; only one reader may do so.
   */
  snapshot(nowMs: number, takePeaks = false): TallySnapshot {
    const phases = {} as Record<DoorPhase, PhaseCount>
    for (const [phase, counted] of this.#phases) {
      pass(counted, nowMs)
      const { now, entered, connectionMs } = counted
      phases[phase] = { now, entered, connectionMs }
    }
    const inLane = this.#lanes.map((counted) => {
      pass(counted, nowMs)
      const { now, connectionMs, peak, buckets } = counted
      if (takePeaks) counted.peak = now
      return { now, connectionMs, peak, buckets: [...buckets] }
    })
    const logins: LoginCount[] = []
    const times: TimeCount[] = []
    for (const [plugin, byChannel] of this.#ended) {
      for (const [channel, cell] of Object.entries(byChannel) as [Channel, Cell][]) {
        for (const [again, outcome, durations] of cell.logins())
          logins.push({ again, outcome, plugin, channel, ...copy(durations) })
        for (const [phase, durations] of cell.times) times.push({ phase, plugin, channel, ...copy(durations) })
      }
    }
    return {
      phases,
      lanes: inLane,
      logins,
      times,
      reasons: Object.fromEntries(this.#reasons),
      tls: Object.fromEntries(this.#tls),
    }
  }
}

/** Of two processes, or of one before and after its restart. */
export function addSnapshots(a: TallySnapshot, b: TallySnapshot): TallySnapshot {
  const phases = {} as Record<DoorPhase, PhaseCount>
  for (const phase of doorPhases) phases[phase] = addNumbers(a.phases[phase], b.phases[phase])
  return {
    phases,
    lanes: a.lanes.map((lane, i) => addLanes(lane, b.lanes[i] ?? lane)),
    logins: addDurations(a.logins, b.logins, (one) => `${one.again} ${one.outcome} ${one.plugin} ${one.channel}`),
    times: addDurations(a.times, b.times, (one) => `${one.phase} ${one.plugin} ${one.channel}`),
    reasons: addNumbers(a.reasons, b.reasons),
    tls: addNumbers(a.tls, b.tls),
  }
}

export function nothingTallied(): TallySnapshot {
  return new Tally().snapshot(0)
}

/** Of a process that has ended, and its connections with it. */
export function withoutConnections({ phases, lanes, ...rest }: TallySnapshot): TallySnapshot {
  const emptied = Object.entries(phases).map(([phase, counted]) => [phase, { ...counted, now: 0 }])
  return {
    ...rest,
    phases: Object.fromEntries(emptied) as TallySnapshot['phases'],
    lanes: lanes.map((lane) => ({ ...lane, now: 0, peak: 0 })),
  }
}

/** `peaks` in the order of `lanes`. */
export function withPeaks({ lanes, ...rest }: TallySnapshot, peaks: readonly number[]): TallySnapshot {
  return { ...rest, lanes: lanes.map((lane, i) => ({ ...lane, peak: Math.max(lane.now, peaks[i] ?? 0) })) }
}

type ByChannel = Readonly<Record<Channel, Cell>>

/** The area under the number of connections, up to now. */
function pass(phase: { readonly now: number; connectionMs: number; untilMs: number }, atMs: number): void {
  phase.connectionMs += phase.now * (atMs - phase.untilMs)
  phase.untilMs = atMs
}

interface Counting {
  count: number
  sumMs: number
  readonly buckets: number[]
}

/** Of one plugin on one channel. */
class Cell {
  readonly times = new Map<DoorPhase, Counting>()
  readonly #logins = new Map<boolean, Map<EndedHandshake['outcome'], Counting>>()

  during(phase: DoorPhase): Counting {
    return known(this.times, phase)
  }

  of(again: boolean, outcome: EndedHandshake['outcome']): Counting {
    let byOutcome = this.#logins.get(again)
    if (byOutcome === undefined) {
      byOutcome = new Map()
      this.#logins.set(again, byOutcome)
    }
    return known(byOutcome, outcome)
  }

  *logins(): Iterable<[boolean, EndedHandshake['outcome'], Counting]> {
    for (const [again, byOutcome] of this.#logins)
      for (const [outcome, counted] of byOutcome) yield [again, outcome, counted]
  }
}

function known<K>(map: Map<K, Counting>, key: K): Counting {
  let counted = map.get(key)
  if (counted === undefined) {
    counted = { count: 0, sumMs: 0, buckets: noBuckets() }
    map.set(key, counted)
  }
  return counted
}

function count(counting: Counting, ms: number): void {
  counting.count++
  counting.sumMs += ms
  const bucket = bucketOf(ms)
  counting.buckets[bucket] = (counting.buckets[bucket] ?? 0) + 1
}

function copy({ count, sumMs, buckets }: Counting): Durations {
  return { count, sumMs, buckets: [...buckets] }
}

function addDurations<T extends Durations>(a: readonly T[], b: readonly T[], keyOf: (one: T) => string): T[] {
  const byKey = new Map(a.map((one) => [keyOf(one), one]))
  for (const one of b) {
    const other = byKey.get(keyOf(one))
    byKey.set(
      keyOf(one),
      other === undefined
        ? one
        : {
            ...one,
            count: one.count + other.count,
            sumMs: one.sumMs + other.sumMs,
            buckets: one.buckets.map((value, i) => value + (other.buckets[i] ?? 0)),
          },
    )
  }
  return [...byKey.values()]
}

function addLanes(a: LaneCount, b: LaneCount): LaneCount {
  const buckets = a.buckets.map((count, i) => count + (b.buckets[i] ?? 0))
  return { now: a.now + b.now, connectionMs: a.connectionMs + b.connectionMs, peak: a.peak + b.peak, buckets }
}

function addNumbers<T extends object>(a: T, b: T): T {
  const sum: Record<string, number> = { ...(a as Record<string, number>) }
  for (const [name, value] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + value
  return sum as T
}

function noBuckets(): number[] {
  return new Array<number>(durationBuckets).fill(0)
}

/** Of the login that is being counted; -1: it was not in that lane. Units: ms. */
const inLanes = new Float64Array(lanes.length)
