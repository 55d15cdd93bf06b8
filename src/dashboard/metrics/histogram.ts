/** Histograms that were counted elsewhere, as Prometheus wants them: seconds, and each bucket with all below it. */
import { durationBoundsMs } from '../../registry/duration-buckets.ts'
import type { Durations } from '../../registry/tally.ts'
import type { Labels, Sample } from './family.ts'

/** The lines of one series. Units: `durations` is in ms. */
export function* histogramOf(name: string, labels: Labels, { count, sumMs, buckets }: Durations): Generator<Sample> {
  const of = { sharedLabels: labels }
  let below = 0
  for (const [i, le] of bounds.entries()) {
    below += buckets[i] ?? 0
    yield { ...of, metricName: `${name}_bucket`, labels: le, value: below }
  }
  yield { ...of, metricName: `${name}_sum`, value: sumMs / 1000 }
  yield { ...of, metricName: `${name}_count`, value: count }
}

const bounds: readonly Labels[] = [...durationBoundsMs.map((ms) => ({ le: ms / 1000 })), { le: '+Inf' }]
