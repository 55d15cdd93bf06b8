/** Areas on top of each other, with a legend that tells the values at the line and hides what is not wanted. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import { amount, stamp } from '../parts/format.ts'
import { palettes } from '../parts/palette.ts'
import type { Theme } from '../parts/theme.ts'
import { amounts, openPlot, type Span } from './plot.ts'
import { type Series, stacked } from './series.ts'

export interface StackedChartProps {
  readonly title: string
  readonly unit: string
  readonly x: readonly number[]
  readonly series: readonly Series[]
  readonly colours: readonly string[]
  readonly span: Span
  readonly theme: Theme
  /** Names of those that are hatched: told apart without colour. */
  readonly hatched?: readonly string[]
}

export function StackedChart({ title, unit, x, series, colours, span, theme, hatched = none }: StackedChartProps) {
  const holder = useRef<HTMLElement>(null)
  const plot = useRef<uPlot>(undefined)
  const current = useRef(span)
  current.current = span
  const [index, point] = useState<number>()
  const [hidden, hide] = useState<ReadonlySet<string>>(new Set())
  const names = series.map(({ name }) => name).join('\n')
  // The names stand for the series.
  useEffect(() => {
    if (holder.current === null) return
    const palette = palettes[theme]
    // The highest first: each covers all but its own stripe of those before.
    const drawn = series.map(({ name }, place) => ({
      label: name,
      fill: hatched.includes(name)
        ? hatch(colours[place] ?? palette.quiet, palette.ground)
        : (colours[place] ?? palette.quiet),
      stroke: colours[place] ?? palette.quiet,
      width: 1,
      points: { show: false },
    }))
    const opened = openPlot(holder.current, {
      ...{ palette, span: current, height: 220, series: drawn.reverse(), y: amounts },
      onPoint: (_, at) => point(at),
    })
    plot.current = opened.plot
    return opened.close
  }, [theme, names, colours])

  const sums = useMemo(() => stacked(series, hidden).reverse(), [series, hidden])
  // A new plot wants the data again.
  useEffect(() => {
    plot.current?.setData([[...x], ...sums])
  }, [x, sums, theme, names, colours])

  const shown = index ?? x.length - 1
  const at = x[shown]
  const toggle = (name: string) => {
    const next = new Set(hidden)
    if (!next.delete(name)) next.add(name)
    hide(next)
  }
  return (
    <section class="chart">
      <h2>
        {title} <small>{unit}</small>
        <time class="at" title={index === undefined ? 'The latest' : 'At the line'}>
          {at === undefined ? '' : stamp(at * 1000)}
        </time>
      </h2>
      <div class="legend">
        {series.map(({ name, values }, place) => (
          <button type="button" key={name} aria-pressed={!hidden.has(name)} onClick={() => toggle(name)}>
            <span
              class={hatched.includes(name) ? 'swatch hatched' : 'swatch'}
              style={{ backgroundColor: hidden.has(name) ? 'transparent' : colours[place] }}
            />
            {name} <b>{reading(values[shown])}</b>
          </button>
        ))}
        {series.length === 0 && <span class="nothing">None in this time.</span>}
      </div>
      <figure class="plot" ref={holder} aria-label={`${title}, ${unit}; arrow keys move the line`} />
    </section>
  )
}

const none: readonly string[] = []

function reading(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : amount(value)
}

/** The colour with lines across. */
function hatch(colour: string, line: string): (plot: uPlot) => CanvasPattern | string {
  return ({ ctx }) => {
    const tile = document.createElement('canvas')
    tile.width = tile.height = 8
    const context = tile.getContext('2d')
    if (context === null) return colour
    context.fillStyle = colour
    context.fillRect(0, 0, 8, 8)
    context.strokeStyle = line
    context.lineWidth = 1.5
    for (const shift of [-8, 0, 8]) {
      context.moveTo(shift - 1, 9)
      context.lineTo(shift + 9, -1)
    }
    context.stroke()
    return ctx.createPattern(tile, 'repeat') ?? colour
  }
}
