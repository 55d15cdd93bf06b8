/** Adds samples together: seconds to minutes, minutes to hours, what is too fine for a picture to what fits. */
import { lanes, type Sample, timeBounds } from './contract.ts'

/**
 * What happened in both. Neither order nor grouping matters, but for the last bits of the averages. What is between the two was not
 * measured: `spanMs` is the time that was.
 */
export function together(a: Sample, b: Sample): Sample {
  const spanMs = a.spanMs + b.spanMs
  return {
    atMs: Math.min(a.atMs, b.atMs),
    spanMs,
    lanes: lanes.map((_, i) => {
      const area = (a.lanes[i] ?? 0) * a.spanMs + (b.lanes[i] ?? 0) * b.spanMs
      return spanMs === 0 ? 0 : area / spanMs
    }),
    peaks: lanes.map((_, i) => Math.max(a.peaks[i] ?? 0, b.peaks[i] ?? 0)),
    admitted: a.admitted + b.admitted,
    refused: a.refused + b.refused,
    reasons: countsTogether(a.reasons, b.reasons),
    times: lanes.slice(0, -1).map((_, i) => bucketsTogether(a.times[i] ?? [], b.times[i] ?? [])),
  }
}

type Buckets = Sample['times'][number]

function bucketsTogether(a: Buckets, b: Buckets): Buckets {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const counts = new Array<number>(timeBounds.length + 1).fill(0)
  for (const [bucket, count] of a) counts[bucket] = count
  for (const [bucket, count] of b) counts[bucket] = (counts[bucket] ?? 0) + count
  return sparse(counts)
}

/** Only the buckets that hold something, with their indices. */
export function sparse(counts: readonly number[]): Buckets {
  const pairs: [bucket: number, count: number][] = []
  for (const [bucket, count] of counts.entries()) if (count !== 0) pairs.push([bucket, count])
  return pairs
}

function countsTogether(a: Sample['reasons'], b: Sample['reasons']): Sample['reasons'] {
  const sum: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
