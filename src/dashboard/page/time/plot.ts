/** What all charts of this page have in common: their size, their time axis, the line under the pointer which they share, and their keys. */
import uPlot from 'uplot'
import { amount, clock, day } from '../parts/format.ts'
import type { Palette } from '../parts/palette.ts'

/** From and to, ms since 1970. */
export type Span = readonly [fromMs: number, toMs: number]

export interface PlotOptions {
  readonly palette: Palette
  readonly span: { readonly current: Span }
  readonly height: number
  readonly series: uPlot.Series[]
  readonly y: { readonly scale: uPlot.Scale; readonly axis: uPlot.Axis }
  readonly onDraw?: (plot: uPlot) => void
  /** The index in the data that is pointed at. */
  readonly onPoint: (plot: uPlot, index: number | undefined) => void
}

/** A plot in the holder, as wide as it. After: the answer takes it out again. */
export function openPlot(holder: HTMLElement, options: PlotOptions): { plot: uPlot; close: () => void } {
  const { palette, span, height, series, y, onDraw, onPoint } = options
  const grid = { stroke: 'rgb(127 140 160 / 22%)', width: 1 }
  const axis = { stroke: palette.quiet, grid, ticks: grid, font: '11px system-ui, sans-serif' }
  const plot = new uPlot(
    {
      width: Math.max(200, holder.clientWidth),
      height,
      // Half of the last time is to the right of its tick.
      padding: [8, 26, 0, 0],
      legend: { show: false },
      // Areas are opaque: lines below them would not be seen.
      drawOrder: ['series' as uPlot.DrawOrderKey, 'axes' as uPlot.DrawOrderKey],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false },
        sync: { key: 'saltgate', setSeries: false },
      },
      scales: { x: { time: true, range: () => [span.current[0] / 1000, span.current[1] / 1000] }, y: y.scale },
      series: [{}, ...series],
      axes: [
        {
          ...axis,
          values: (_, splits) => timeNames(splits, span.current),
          space: 76,
          size: () => (isLong(span.current) ? 44 : 28),
        },
        { ...axis, size: 62, ...y.axis },
      ],
      hooks: {
        draw: onDraw === undefined ? [] : [onDraw],
        setCursor: [(self) => onPoint(self, (self.cursor.left ?? -1) < 0 ? undefined : (self.cursor.idx ?? undefined))],
      },
    },
    [[], ...series.map(() => [])],
    holder,
  )
  holder.tabIndex = 0
  const observer = new ResizeObserver(() => {
    const width = holder.clientWidth
    if (width > 0 && width !== plot.width) plot.setSize({ width, height })
  })
  observer.observe(holder)
  const onKey = (event: KeyboardEvent) => movePointer(plot, event)
  const onBlur = () => plot.setCursor({ left: -10, top: -10 })
  holder.addEventListener('keydown', onKey)
  holder.addEventListener('blur', onBlur)
  return {
    plot,
    close: () => {
      observer.disconnect()
      holder.removeEventListener('keydown', onKey)
      holder.removeEventListener('blur', onBlur)
      plot.destroy()
    },
  }
}

/** For an axis of amounts, from zero. */
export const amounts: PlotOptions['y'] = {
  scale: { range: (_, __, max) => [0, Math.max(max ?? 0, 0.001) * 1.08] },
  axis: { values: (_, splits) => splits.map(amount), space: 30 },
}

/** Arrow keys move the line from sample to sample, Home and End to the first and the last. */
function movePointer(plot: uPlot, event: KeyboardEvent): void {
  const x = plot.data[0]
  const last = x.length - 1
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -last, End: last }[event.key]
  if (step === undefined || last < 0) return
  event.preventDefault()
  const before = (plot.cursor.left ?? -1) < 0 ? last : (plot.cursor.idx ?? last)
  const value = x[Math.max(0, Math.min(last, before + step))]
  if (value !== undefined) plot.setCursor({ left: plot.valToPos(value, 'x'), top: 4 })
}

/** Times of day, with the date where it changes. */
function timeNames(seconds: readonly number[], span: Span): string[] {
  let date = ''
  return seconds.map(Math.round).map((second) => {
    // A tick on the minute is a little before it, as seconds with a fraction go.
    const atMs = Math.round(second * 1000)
    const time = clock(atMs)
    const today = day(atMs)
    const name = span[1] - span[0] <= 600_000 ? time : time.slice(0, 5)
    if (!isLong(span) || today === date) return name
    date = today
    return `${name}\n${today.slice(5)}`
  })
}

/** Times of day alone do not say when. */
function isLong([fromMs, toMs]: Span): boolean {
  return toMs - fromMs > 12 * 3_600_000
}
