/** Over time: who was where, how many logins ended how, how long the steps took. The short ranges go on as it happens. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { History, Sample } from '../../contract.ts'
import { ask } from '../live/ask.ts'
import { calmMs, useLive } from '../live/live.ts'
import { stamp, timeZone } from '../parts/format.ts'
import { palettes } from '../parts/palette.ts'
import type { Theme } from '../parts/theme.ts'
import { HeatMap } from './heat-map.tsx'
import { extended, laneSeries, loginSeries, reasonSeries, timelineOf } from './series.ts'
import { StackedChart } from './stacked-chart.tsx'

export function TimeView({ theme }: { readonly theme: Theme }) {
  const [range, choose] = useState<Range>(ranges[0])
  const { history, toMs, problem } = useHistory(range)
  const { facts } = useLive(calmMs)
  const palette = palettes[theme]
  const logins = useMemo(() => [palette.refused, palette.admitted], [palette])
  const timeline = useMemo(() => timelineOf(history.samples, history.stepMs), [history])
  const byLane = useMemo(() => laneSeries(timeline), [timeline])
  const byResult = useMemo(() => loginSeries(timeline), [timeline])
  const byReason = useMemo(() => reasonSeries(timeline, 8), [timeline])
  const span = useMemo(() => [toMs - range.ms, toMs] as const, [toMs, range])
  const common = { x: timeline.x, span, theme }
  return (
    <>
      <div class="bar-of-buttons" role="toolbar" aria-label="Range">
        {ranges.map((each) => (
          <button type="button" key={each.name} aria-pressed={each === range} onClick={() => choose(each)}>
            {each.name}
          </button>
        ))}
        <span class="hint">
          Times are {timeZone()}.{facts !== undefined && ` The history begins ${stamp(facts.historySinceMs)}.`} Where
          nothing ran there is a gap.
        </span>
      </div>
      {problem !== undefined && <p class="bad">{problem}</p>}
      <StackedChart title="Connections" unit="by lane, average" series={byLane} colours={palette.lanes} {...common} />
      <div class="two charts">
        <StackedChart
          title="Logins"
          unit="per second"
          series={byResult}
          colours={logins}
          hatched={refused}
          {...common}
        />
        <StackedChart
          title="Refusals"
          unit="per second, by reason"
          series={byReason}
          colours={palette.reasons}
          {...common}
        />
      </div>
      <HeatMap x={timeline.x} samples={history.samples} stepMs={history.stepMs} span={span} theme={theme} />
    </>
  )
}

interface Range {
  readonly name: string
  readonly ms: number
  /** It goes on with each second; else it is asked for again each minute. */
  readonly live: boolean
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const ranges: readonly [Range, ...Range[]] = [
  { name: '5 min', ms: 5 * minuteMs, live: true },
  { name: '1 h', ms: hourMs, live: true },
  { name: '24 h', ms: 24 * hourMs, live: false },
  { name: '7 d', ms: 7 * 24 * hourMs, live: false },
  { name: '30 d', ms: 30 * 24 * hourMs, live: false },
]
const refused = ['refused']

interface Shown {
  readonly history: History
  readonly toMs: number
  readonly problem: string | undefined
}

/** After a break of the stream the history is asked for again: it has what was missed. */
function useHistory(range: Range): Shown {
  const live = useLive(calmMs)
  const [shown, show] = useState<Shown>({ history: nothing, toMs: Date.now(), problem: undefined })
  const [turn, setTurn] = useState(0)
  const broken = live.state === 'broken'
  // The turn says when to ask again.
  useEffect(() => {
    if (broken) return
    const controller = new AbortController()
    const toMs = live.nowMs()
    let since: Sample[] = []
    let here = false
    const query = `/api/history?from=${Math.floor(toMs - range.ms)}&to=${Math.ceil(toMs)}`
    ask<History>(query, controller.signal).then(
      (history) => {
        here = true
        const samples = since.reduce<readonly Sample[]>(
          (all, sample) => extended(all, sample, toMs - range.ms),
          history.samples,
        )
        show({ history: { ...history, samples }, toMs: live.nowMs(), problem: undefined })
      },
      (error: unknown) => {
        if (!controller.signal.aborted)
          show((before) => ({ ...before, problem: String(error instanceof Error ? error.message : error) }))
      },
    )
    const append = (sample: Sample) => {
      if (!here) since = [...since, sample]
      else
        show((before) => {
          const toMs = sample.atMs + sample.spanMs
          const samples = extended(before.history.samples, sample, toMs - range.ms)
          return { history: { ...before.history, samples }, toMs, problem: undefined }
        })
    }
    if (range.live) live.samples.add(append)
    const timer = range.live ? undefined : setInterval(() => setTurn((before) => before + 1), minuteMs)
    return () => {
      controller.abort()
      live.samples.delete(append)
      clearInterval(timer)
    }
  }, [range, broken, turn, live])
  return shown
}

const nothing: History = { stepMs: 1000, samples: [] }
