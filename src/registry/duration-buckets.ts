/** By which durations are counted wherever they are: histograms of metrics, the dashboard's heat map. */

/** Upper bounds, the bound included; one more bucket holds what is above the last. Units: ms. */
export const durationBoundsMs: readonly number[] = [
  ...[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50],
  ...[100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000],
]

export const durationBuckets: number = durationBoundsMs.length + 1

/** Which of them counts it. */
export function bucketOf(ms: number): number {
  let low = 0
  let high = durationBoundsMs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ms <= (durationBoundsMs[middle] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}
