/** How long logins were in one step: time to the right, durations upwards in steps of a logarithmic scale, darker (in the dark: brighter) is more. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import { laneNames, lanes, type Sample, timeBounds } from '../../contract.ts'
import { count, stamp } from '../parts/format.ts'
import { type Palette, palettes } from '../parts/palette.ts'
import type { Theme } from '../parts/theme.ts'
import { openPlot, type Span } from './plot.ts'
import { boundName, bucketCount, bucketName, type HeatCells, heatCells } from './series.ts'

export interface HeatMapProps {
  readonly x: readonly number[]
  readonly samples: readonly Sample[]
  /** Of each sample. */
  readonly stepMs: number
  readonly span: Span
  readonly theme: Theme
}

export function HeatMap({ x, samples, stepMs, span, theme }: HeatMapProps) {
  const holder = useRef<HTMLElement>(null)
  const plot = useRef<uPlot>(undefined)
  const current = useRef(span)
  current.current = span
  const [lane, choose] = useState(lanes.indexOf('exchange'))
  const [pointed, point] = useState<{ readonly atMs: number; readonly bucket: number | undefined }>()
  const cells = useRef<HeatCells>(undefined)
  const palette = palettes[theme]

  useEffect(() => {
    if (holder.current === null) return
    const opened = openPlot(holder.current, {
      ...{ palette, span: current, height: 260, y: durations },
      series: [{ stroke: 'transparent', points: { show: false } }],
      onDraw: (drawn) => cells.current && drawCells(drawn, cells.current, palette),
      onPoint: (drawn, index) => point(index === undefined ? undefined : under(drawn)),
    })
    plot.current = opened.plot
    return opened.close
  }, [palette])
  // A new plot wants the data again.
  useEffect(() => {
    if (plot.current === undefined) return
    // As many samples in one bin as in the next: else it shows a pattern that is not there.
    const places = (span[1] - span[0]) / stepMs
    const bins = Math.round(places / Math.max(1, Math.ceil((places * narrowestBin) / plot.current.width)))
    cells.current = heatCells(samples, lane, ...span, bins)
    plot.current.setData([[...x], x.map(() => 0)])
  }, [x, samples, stepMs, span, lane, palette])

  return (
    <section class="chart">
      <h2>
        Time per step <small>logins by how long the step took</small>
        <time class="at">{pointed === undefined ? '' : stamp(pointed.atMs)}</time>
      </h2>
      <div class="legend">
        <label>
          Step{' '}
          <select value={String(lane)} onChange={(event) => choose(Number(event.currentTarget.value))}>
            {lanes.slice(0, -1).map((name, index) => (
              <option key={name} value={String(index)}>
                {laneNames[name]}
              </option>
            ))}
          </select>
        </label>
        <span class="scale">
          1
          {palette.heat.map((colour) => (
            <span key={colour} class="swatch" style={{ background: colour }} />
          ))}
          {count(cells.current?.most ?? 0)} logins
        </span>
        <span class="readout">{readout(pointed, cells.current, span)}</span>
      </div>
      <figure class="plot" ref={holder} aria-label="Time per step; arrow keys move the line" />
    </section>
  )
}

/** Buckets are as high as each other: that is their logarithm. */
const durations = {
  scale: { range: () => [0, bucketCount] as [number, number] },
  axis: {
    splits: () => timeBounds.map((_, index) => index + 1).filter((_, index) => index % 3 === 0),
    values: (_: uPlot, splits: number[]) => splits.map((split) => boundName(timeBounds[split - 1] ?? 0)),
  },
}

/** CSS pixels. */
const narrowestBin = 4
/** Where something ran, and nothing happened. */
const ranShade = 'rgb(127 140 160 / 10%)'

function drawCells({ ctx, bbox }: uPlot, { bins, counts, most, ran }: HeatCells, palette: Palette): void {
  const width = bbox.width / bins
  const height = bbox.height / bucketCount
  ctx.save()
  for (let bin = 0; bin < bins; bin++) {
    const left = Math.round(bbox.left + bin * width)
    const right = Math.round(bbox.left + (bin + 1) * width)
    if (ran[bin] === 0) continue
    ctx.fillStyle = ranShade
    ctx.fillRect(left, bbox.top, right - left, bbox.height)
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const number = counts[bin * bucketCount + bucket] ?? 0
      if (number === 0) continue
      const shade = Math.round((Math.log(number) / Math.log(Math.max(2, most))) * (palette.heat.length - 1))
      ctx.fillStyle = palette.heat[shade] ?? palette.ink
      ctx.fillRect(left, Math.round(bbox.top + bbox.height - (bucket + 1) * height), right - left, Math.ceil(height))
    }
  }
  ctx.restore()
}

/** The time and the bucket at the pointer; from another chart or by key only the time. */
function under(plot: uPlot): { atMs: number; bucket: number | undefined } {
  const { left = 0, top = -1, event } = plot.cursor
  const isHere = event !== undefined && event !== null && event.target === plot.over && top >= 0
  const bucket = isHere ? Math.floor(plot.posToVal(top, 'y')) : undefined
  return { atMs: plot.posToVal(left, 'x') * 1000, bucket }
}

function readout(
  pointed: { readonly atMs: number; readonly bucket: number | undefined } | undefined,
  cells: HeatCells | undefined,
  [fromMs, toMs]: Span,
): string {
  if (pointed === undefined || cells === undefined) return ''
  const bin = Math.min(cells.bins - 1, Math.floor(((pointed.atMs - fromMs) / (toMs - fromMs)) * cells.bins))
  if (cells.ran[bin] !== 1) return 'nothing ran'
  const own = [...cells.counts.subarray(bin * bucketCount, (bin + 1) * bucketCount)]
  const all = own.reduce((sum, number) => sum + number, 0)
  if (pointed.bucket !== undefined)
    return `${bucketName(pointed.bucket)}: ${count(own[pointed.bucket] ?? 0)} of ${count(all)} logins`
  if (all === 0) return 'no logins'
  let passed = 0
  const median = own.findIndex((number) => {
    passed += number
    return passed * 2 >= all
  })
  return `${count(all)} logins, half of them within ${bucketName(median).replace(/^.* to |^up to /, '')}`
}
