/** Runs the stage: a frame when something has moved, and one a second for those whose waiting is told. */
import { lanes } from '../../contract.ts'
import type { CrowdListener } from '../live/crowd.ts'
import type { Live } from '../live/live.ts'
import { type Palette, palettes } from '../parts/palette.ts'
import { prefersStillness } from '../parts/theme.ts'
import { drawStage } from './draw.ts'
import { type Sprite, Stage } from './stage.ts'

export interface Show {
  readonly stage: Stage
  /** Who is under the pointer. */
  readonly at: (event: MouseEvent) => Sprite | undefined
  readonly look: (look: ShowLook) => void
  readonly stop: () => void
}

export interface ShowLook {
  readonly palette: Palette
  readonly chosen: number | undefined
  readonly patienceMs: number
}

export interface ShowListener {
  readonly onWidth: (width: number) => void
  /** Called when the pointer comes to somebody, and when it leaves. */
  readonly onPoint: (sprite: Sprite | undefined) => void
}

/** Draws the crowd of `live` on the canvas, as wide as its holder, until it is stopped. */
export function startShow(
  holder: HTMLElement,
  canvas: HTMLCanvasElement,
  live: Live,
  { onWidth, onPoint }: ShowListener,
): Show {
  const stage = new Stage(lanes.length)
  stage.still = prefersStillness()
  const context = canvas.getContext('2d')
  let look: ShowLook = { palette: palettes.light, chosen: undefined, patienceMs: Infinity }
  let frame = 0

  const draw = (timeMs: number) => {
    frame = 0
    stage.advance(timeMs)
    if (context !== null) drawStage(context, stage, { ...look, ratio: devicePixelRatio, nowMs: live.nowMs() })
    if (stage.moves) wake()
  }
  const wake = () => {
    if (frame !== 0) return
    // What begins now begins with the frame that shows it, also after a rest.
    if (!stage.moves) stage.timeMs = performance.now()
    frame = requestAnimationFrame(draw)
  }
  const resize = () => {
    const width = holder.clientWidth
    if (width === 0) return
    stage.resize(width, live.crowd.beings.values())
    canvas.width = Math.round(width * devicePixelRatio)
    canvas.height = Math.round(stage.height * devicePixelRatio)
    onWidth(width)
    second()
  }
  const second = () => {
    stage.seatWaiting(live.nowMs(), look.patienceMs)
    wake()
  }
  const woken =
    <Said extends unknown[]>(listen: (...said: Said) => void) =>
    (...said: Said) => {
      wake()
      listen(...said)
    }
  const listener: CrowdListener = {
    onEntered: woken((being) => stage.onEntered(being)),
    onMoved: woken((being, from) => stage.onMoved(being, from)),
    onLeft: woken((being) => stage.onLeft(being)),
    onTurned: woken((turned) => stage.onTurned(turned)),
  }

  const at = (event: MouseEvent) => {
    const box = holder.getBoundingClientRect()
    return stage.at(event.clientX - box.left, event.clientY - box.top)
  }
  const onMove = (event: MouseEvent) => onPoint(at(event))
  const onAway = () => onPoint(undefined)
  holder.addEventListener('mousemove', onMove)
  holder.addEventListener('mouseleave', onAway)
  const observer = new ResizeObserver(resize)
  observer.observe(holder)
  live.crowd.listeners.add(listener)
  const timer = setInterval(second, 1000)
  return {
    stage,
    at,
    look: (next) => {
      look = next
      second()
    },
    stop: () => {
      holder.removeEventListener('mousemove', onMove)
      holder.removeEventListener('mouseleave', onAway)
      observer.disconnect()
      live.crowd.listeners.delete(listener)
      clearInterval(timer)
      cancelAnimationFrame(frame)
    },
  }
}
