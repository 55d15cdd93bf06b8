/**
 * The lanes: a canvas with everybody on it, and over it a button for each lane, which can be reached by keyboard and says its number. Frames
 * are drawn only while something moves.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { laneNames, lanes } from '../../contract.ts'
import { admittedLane } from '../live/crowd.ts'
import { useLive } from '../live/live.ts'
import { count, elapsed, several } from '../parts/format.ts'
import { palettes } from '../parts/palette.ts'
import { openHandshake } from '../parts/route.ts'
import type { Theme } from '../parts/theme.ts'
import { visible, who } from '../parts/visible.ts'
import { heightFor, isNarrow } from './ground.ts'
import { type Show, startShow } from './show.ts'
import type { Sprite } from './stage.ts'

export interface LanesCanvasProps {
  readonly theme: Theme
  /** Whose panel is open. */
  readonly open: number | undefined
  readonly lane: number
  readonly onLane: (lane: number) => void
  readonly patienceMs: number
}

export function LanesCanvas({ theme, open, lane, onLane, patienceMs }: LanesCanvasProps) {
  const live = useLive()
  const holder = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const show = useRef<Show>(undefined)
  const [width, setWidth] = useState(0)
  const [pointed, point] = useState<Sprite>()
  useEffect(() => {
    if (holder.current === null || canvas.current === null) return
    show.current = startShow(holder.current, canvas.current, live, { onWidth: setWidth, onPoint: point })
    return show.current.stop
  }, [live])
  const chosen = pointed?.being.id ?? open
  useEffect(() => show.current?.look({ palette: palettes[theme], chosen, patienceMs }), [theme, chosen, patienceMs])

  const narrow = isNarrow(width)
  const unnamed = live.crowd.counts.reduce((sum, value) => sum + value, 0) - live.crowd.beings.size
  return (
    <div class={narrow ? 'lanes narrow' : 'lanes'} ref={holder} style={{ height: `${heightFor(width)}px` }}>
      <div class="stage" aria-hidden="true">
        <canvas ref={canvas} />
      </div>
      {lanes.map((name, index) => (
        <button
          type="button"
          key={name}
          class="lane"
          aria-pressed={lane === index}
          aria-label={`${laneNames[name]}: ${several(live.crowd.counts[index] ?? 0, 'connection')}`}
          onClick={(event) => {
            const sprite = event.detail === 0 ? undefined : show.current?.at(event)
            if (sprite === undefined) onLane(index)
            else openHandshake(sprite.being.id)
          }}
          onKeyDown={turnToNeighbour}
        >
          <span class="lane-name" style={{ '--lane': palettes[theme].lanes[index] }}>
            {laneNames[name]}
          </span>
          <span class="lane-count">{count(live.crowd.counts[index] ?? 0)}</span>
          <LaneFloor lane={index} />
        </button>
      ))}
      {pointed !== undefined && show.current?.stage.sprites.has(pointed.being.id) && (
        <div class="tip" style={{ left: `${Math.min(pointed.x, width - 190)}px`, top: `${pointed.y + 14}px` }}>
          <b>{who(pointed.being.user)}</b> from {visible(pointed.being.host, 80)}
          <br />
          {laneNames[lanes[pointed.being.lane] ?? 'accepted']} for {elapsed(live.nowMs() - pointed.being.sinceMs)}, #
          {pointed.being.id}
        </div>
      )}
      {unnamed > 0 && <p class="lanes-note">{count(unnamed)} more are counted and not drawn</p>}
    </div>
  )
}

/** Who fell out of the lane of late, by reason. */
function LaneFloor({ lane }: { readonly lane: number }) {
  const { crowd } = useLive()
  const reasons = new Map<string, number>()
  for (const { turned } of crowd.falls)
    if (turned[1] === lane) reasons.set(turned[2], (reasons.get(turned[2]) ?? 0) + 1)
  const most = [...reasons].sort((a, b) => b[1] - a[1])
  return (
    <span class="lane-floor" title={lane === admittedLane ? undefined : 'Refused in the last 12 seconds'}>
      {most.slice(0, 2).map(([reason, number]) => (
        <span key={reason} class="fallen">
          <span class="cross" aria-hidden="true" /> {number > 1 && <b>{count(number)}</b>} {reason}
        </span>
      ))}
    </span>
  )
}

/** Arrow keys go from lane to lane. */
function turnToNeighbour(event: KeyboardEvent): void {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return
  const buttons = [...(event.currentTarget.parentElement?.querySelectorAll<HTMLElement>('.lane') ?? [])]
  buttons[buttons.indexOf(event.currentTarget) + step]?.focus()
  event.preventDefault()
}
