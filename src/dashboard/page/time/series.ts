/** Samples as what charts draw. A stretch without samples is a gap: nothing ran, which is not the same as nothing happened. */
import { laneNames, lanes, type Sample, timeBounds } from '../../contract.ts'

/** Samples in the order of time; `undefined`: a gap. */
export interface Timeline {
  /** Seconds since 1970, as uPlot wants them. */
  readonly x: readonly number[]
  readonly rows: readonly (Sample | undefined)[]
}

export interface Series {
  readonly name: string
  /** `null` in gaps. */
  readonly values: readonly (number | null)[]
}

export function timelineOf(samples: readonly Sample[], stepMs: number): Timeline {
  const x: number[] = []
  const rows: (Sample | undefined)[] = []
  let endMs = Number.POSITIVE_INFINITY
  for (const sample of samples) {
    if (sample.atMs - endMs > stepMs / 2) {
      x.push(endMs / 1000)
      rows.push(undefined)
    }
    x.push(sample.atMs / 1000)
    rows.push(sample)
    endMs = sample.atMs + sample.spanMs
  }
  return { x, rows }
}

/** Adds what has come since, and lets go of what is older than `fromMs`. */
export function extended(samples: readonly Sample[], sample: Sample, fromMs: number): Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && sample.atMs < last.atMs + last.spanMs / 2) return [...samples]
  const first = samples.findIndex(({ atMs }) => atMs >= fromMs)
  return [...(first < 0 ? [] : samples.slice(first)), sample]
}

/** Connections in each lane, in the order of `lanes`. */
export function laneSeries({ rows }: Timeline): Series[] {
  return lanes.map((lane, index) => ({ name: laneNames[lane], values: rows.map((row) => row?.lanes[index] ?? null) }))
}

/** Per second. */
export function loginSeries({ rows }: Timeline): Series[] {
  const perSecond = (pick: (row: Sample) => number) => rows.map((row) => (row ? (pick(row) * 1000) / row.spanMs : null))
  return [
    { name: 'refused', values: perSecond((row) => row.refused) },
    { name: 'admitted', values: perSecond((row) => row.admitted) },
  ]
}

/** Per second: the reasons that occur most, the most frequent first, and all others as one. */
export function reasonSeries({ rows }: Timeline, most: number): Series[] {
  const totals = new Map<string, number>()
  for (const row of rows) {
    for (const [reason, number] of Object.entries(row?.reasons ?? {}))
      totals.set(reason, (totals.get(reason) ?? 0) + number)
  }
  const names = [...totals].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name)
  const others = new Set(names.slice(most))
  const of = (pick: (reason: string) => boolean) =>
    rows.map((row) => {
      if (row === undefined) return null
      let sum = 0
      for (const [reason, number] of Object.entries(row.reasons)) if (pick(reason)) sum += number
      return (sum * 1000) / row.spanMs
    })
  const series = names.slice(0, most).map((name) => ({ name, values: of((reason) => reason === name) }))
  if (others.size > 0) series.push({ name: `${others.size} others`, values: of((reason) => others.has(reason)) })
  return series
}

/** Each on top of those before it; one that is hidden adds nothing. */
export function stacked(series: readonly Series[], hidden: ReadonlySet<string>): (number | null)[][] {
  let below: readonly (number | null)[] = []
  return series.map(({ name, values }) => {
    const on = hidden.has(name) ? 0 : 1
    const sums = values.map((value, index) => (value === null ? null : value * on + (below[index] ?? 0)))
    below = sums
    return sums
  })
}

/** A time histogram over time. */
export interface HeatCells {
  readonly bins: number
  /** By bin and then bucket of `timeBounds`: how many logins. */
  readonly counts: Float64Array
  /** Of any cell. */
  readonly most: number
  /** By bin: whether anything ran. */
  readonly ran: Uint8Array
}

export const bucketCount = timeBounds.length + 1

/** How long logins were in the lane, in `bins` equal parts of the time. A sample counts in the bin of its middle. */
export function heatCells(
  samples: readonly Sample[],
  lane: number,
  fromMs: number,
  toMs: number,
  bins: number,
): HeatCells {
  const counts = new Float64Array(bins * bucketCount)
  const ran = new Uint8Array(bins)
  let most = 0
  const binOf = (atMs: number) => Math.floor(((atMs - fromMs) / (toMs - fromMs)) * bins)
  for (const sample of samples) {
    const first = Math.max(0, binOf(sample.atMs))
    const last = Math.min(bins - 1, Math.max(first, binOf(sample.atMs + sample.spanMs - 1)))
    for (let bin = first; bin <= last; bin++) ran[bin] = 1
    const bin = binOf(sample.atMs + sample.spanMs / 2)
    if (bin < 0 || bin >= bins) continue
    for (const [bucket, number] of sample.times[lane] ?? []) {
      const index = bin * bucketCount + bucket
      counts[index] = (counts[index] ?? 0) + number
      most = Math.max(most, counts[index] ?? 0)
    }
  }
  return { bins, counts, most, ran }
}

/** `1 to 2.5 ms` */
export function bucketName(bucket: number): string {
  const low = bucket === 0 ? undefined : timeBounds[bucket - 1]
  const high = timeBounds[bucket]
  if (high === undefined) return `over ${boundName(low ?? 0)}`
  return low === undefined ? `up to ${boundName(high)}` : `${boundName(low)} to ${boundName(high)}`
}

export function boundName(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`
}
