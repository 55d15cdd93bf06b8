/**
 * What frames of a page cost its main thread, out of a trace of Chromium: scripts apart from all work, and the thread's own time apart from
 * the clock's, in which it may have waited for a processor.
 */

/** As much of an event as is read. Times in microseconds. */
export interface TraceEvent {
  readonly name: string
  /** `X` is an event that lasts. */
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  /** Of the thread. */
  readonly tdur?: number
}

/** From the commit of the frame before to its own. Units: ms. */
export interface Frame {
  readonly intervalMs: number
  readonly scriptMs: number
  readonly scriptCpuMs: number
  readonly workMs: number
  readonly workCpuMs: number
}

export interface Frames {
  readonly frames: readonly Frame[]
  /** Tasks of more than 50 ms: those that the page would be told of as long ones. Units: ms, by the clock and by the thread. */
  readonly longTasks: readonly (readonly [ms: number, cpuMs: number])[]
}

export const categories: readonly string[] = [
  ...['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8.execute'],
]

/** Of the thread that committed most frames. */
export function framesOf(events: readonly TraceEvent[]): Frames {
  const threads = Map.groupBy(events, ({ pid, tid }) => `${pid} ${tid}`)
  const commitsOf = (thread: readonly TraceEvent[]) =>
    thread.filter(({ name }) => name === 'BeginCommitCompositorFrame')
  const [main = []] = [...threads.values()].sort((a, b) => commitsOf(b).length - commitsOf(a).length)
  const commits = commitsOf(main)
    .map(({ ts }) => ts)
    .sort((a, b) => a - b)
  const lasting = main.filter(({ ph }) => ph === 'X').sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
  const tasks = lasting.filter(({ name }) => name === 'RunTask')
  const work = perFrame(commits, tasks)
  const script = perFrame(commits, outermost(lasting.filter(({ name }) => scripts.has(name))))
  return {
    frames: commits.slice(1).map((ts, i) => {
      const [workMs = 0, workCpuMs = 0] = work[i] ?? []
      const [scriptMs = 0, scriptCpuMs = 0] = script[i] ?? []
      return { intervalMs: (ts - (commits[i] ?? 0)) / 1000, scriptMs, scriptCpuMs, workMs, workCpuMs }
    }),
    longTasks: tasks.map(millisecondsOf).filter(([ms]) => ms > 50),
  }
}

/** What runs JavaScript, and what it leaves behind. */
const scripts: ReadonlySet<string> = new Set([
  ...['FireAnimationFrame', 'FunctionCall', 'TimerFire', 'EventDispatch', 'EvaluateScript', 'RunMicrotasks'],
  ...['MinorGC', 'MajorGC'],
])

/** In order of their begin, those in none before. */
function outermost(events: readonly TraceEvent[]): TraceEvent[] {
  let untilTs = Number.NEGATIVE_INFINITY
  return events.filter(({ ts, dur = 0 }) => {
    if (ts < untilTs) return false
    untilTs = ts + dur
    return true
  })
}

/** Sums between one commit and the next; what began before the first, or after the last, is in no frame. */
function perFrame(commits: readonly number[], events: readonly TraceEvent[]): [ms: number, cpuMs: number][] {
  const sums = commits.slice(1).map((): [number, number] => [0, 0])
  let frame = -1
  for (const event of events) {
    while (frame + 1 < commits.length && event.ts >= (commits[frame + 1] ?? 0)) frame++
    const sum = sums[frame]
    if (sum === undefined) continue
    const [ms, cpuMs] = millisecondsOf(event)
    sum[0] += ms
    sum[1] += cpuMs
  }
  return sums
}

function millisecondsOf({ dur = 0, tdur = dur }: TraceEvent): [ms: number, cpuMs: number] {
  return [dur / 1000, tdur / 1000]
}
