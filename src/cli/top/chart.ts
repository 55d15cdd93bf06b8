/** Numbers as pictures of characters. */
import { lanes, type Sample, timeBounds } from '../../dashboard/contract.ts'
import type { Line, Style } from './line.ts'
import { bound } from './words.ts'

/** A bar of `value`, where `most` fills all cells. What is more than nothing is seen. */
export function bar(value: number, most: number, cells: number): string {
  if (value <= 0 || most <= 0) return ''
  const eighths = Math.max(1, Math.min(cells * 8, Math.round((value / most) * cells * 8)))
  return '█'.repeat(Math.floor(eighths / 8)) + (' ▏▎▍▌▋▊▉'[eighths % 8] ?? '').trim()
}

/** One character for each value; a blank where nothing is known. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0))
  return values
    .map((value) => {
      if (value === undefined) return ' '
      if (value <= 0) return '▁'
      return '▂▃▄▅▆▇█'[Math.min(6, Math.floor((value / most) * 7))]
    })
    .join('')
}

/** Samples of equal stretches of time, the last one being the one that `endMs` is in; `undefined` where there are none. */
export function stretches(
  samples: readonly Sample[],
  count: number,
  spanMs: number,
  endMs: number,
): (readonly Sample[] | undefined)[] {
  const last = Math.floor(endMs / spanMs)
  const found = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / spanMs))
  return Array.from({ length: count }, (_, i) => found.get(last - count + 1 + i))
}

/** Connections in a lane, on average. */
export function averageIn(lane: number, samples: readonly Sample[]): number {
  const all = samples.reduce((sum, { spanMs }) => sum + spanMs, 0)
  return all === 0
    ? 0
    : samples.reduce((sum, { lanes: average, spanMs }) => sum + (average[lane] ?? 0) * spanMs, 0) / all
}

/** What was counted of `admitted` or `refused`, in a second. */
export function perSecond(what: 'admitted' | 'refused', samples: readonly Sample[]): number {
  const all = samples.reduce((sum, { spanMs }) => sum + spanMs, 0)
  return all === 0 ? 0 : (samples.reduce((sum, sample) => sum + sample[what], 0) * 1000) / all
}

/** The bound that this share of the logins was not slower than in a lane: `≤25ms`; `-`: there were none. */
export function slowest(share: number, lane: number, samples: readonly Sample[]): string {
  const counts: number[] = new Array(timeBounds.length + 1).fill(0)
  for (const { times } of samples) {
    for (const [bucket, count] of times[lane] ?? []) counts[bucket] = (counts[bucket] ?? 0) + count
  }
  const all = counts.reduce((sum, count) => sum + count, 0)
  if (all === 0) return '-'
  const bucket = firstReaching(share * all, counts)
  const most = timeBounds[bucket]
  return most === undefined ? `>${bound(timeBounds.at(-1) ?? 0)}` : `≤${bound(most)}`
}

/** Of the lanes before the last: what stands for each in a stack. */
export const laneLetters = 'ANGTLPB'

/** Who is outside, stacked by lane: one column for each stretch, one letter for each share of the height. */
export function stack(columns: readonly (readonly Sample[] | undefined)[], height: number): Line[] {
  const values = columns.map((samples = []) => Array.from(laneLetters, (_, lane) => averageIn(lane, samples)))
  const most = Math.max(...values.map((column) => column.reduce((sum, value) => sum + value, 0)))
  return Array.from({ length: height }, (_, row): Line => {
    const level = ((height - row - 0.5) / height) * most
    return runs(values.map((column) => (most === 0 ? -1 : firstReaching(level, column))))
  })
}

/** Where the sum of the values so far reaches a level: the share of a stack that it is in; -1: the stack is lower. */
function firstReaching(level: number, values: readonly number[]): number {
  let sum = 0
  return values.findIndex((value) => {
    sum += value
    return sum >= level
  })
}

function runs(row: readonly number[]): Line {
  const line: (readonly [string, Style])[] = []
  for (const lane of row) {
    const style: Style = lane < 0 ? 'dim' : laneStyle(lane)
    const letter = laneLetters[lane] ?? ' '
    const last = line.at(-1)
    if (last?.[1] === style) line[line.length - 1] = [last[0] + letter, style]
    else line.push([letter, style])
  }
  return line
}

export function laneStyle(lane: number): Style {
  return `lane${Math.min(Math.max(lane, 0), lanes.length - 1)}` as Style
}
