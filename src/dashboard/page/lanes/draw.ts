/** One frame of the lanes: everybody in one pass, lane by lane, so that the colour changes eight times and not five thousand. */

import { brief } from '../parts/format.ts'
import type { Palette } from '../parts/palette.ts'
import { visible } from '../parts/visible.ts'
import { isNarrow } from './ground.ts'
import { fadeMs, fallMs, type LaneOnStage, type Sprite, type Stage } from './stage.ts'

export interface Look {
  readonly palette: Palette
  /** Pixels of the device in one of CSS. */
  readonly ratio: number
  /** Whose panel is open, or who is pointed at. */
  readonly chosen: number | undefined
  /** The server's clock. */
  readonly nowMs: number
  readonly patienceMs: number
}

export function drawStage(context: CanvasRenderingContext2D, stage: Stage, look: Look): void {
  context.setTransform(look.ratio, 0, 0, look.ratio, 0, 0)
  context.clearRect(0, 0, stage.width, stage.height)
  stage.lanes.forEach((lane, index) => {
    drawDots(context, lane, look.palette.lanes[index] ?? look.palette.ink, look)
  })
  context.font = '12px system-ui, sans-serif'
  context.textBaseline = 'middle'
  for (const lane of stage.lanes) {
    for (const sprite of lane.seated) drawSeated(context, stage, lane, sprite, look)
  }
  drawLeavers(context, stage, look.palette)
  const chosen = look.chosen === undefined ? undefined : stage.sprites.get(look.chosen)
  if (chosen !== undefined) drawRing(context, chosen, look.palette)
}

function drawDots(context: CanvasRenderingContext2D, { places, grid }: LaneOnStage, colour: string, look: Look): void {
  const { cell } = grid
  const radius = Math.min(cell * 0.35, 6.5)
  const capacity = grid.columns * grid.rows
  const waiting: Sprite[] = []
  context.fillStyle = colour
  for (let place = 0; place < places.length && place < capacity; place++) {
    const sprite = places[place]
    if (sprite === undefined) continue
    if (sprite.waiting) waiting.push(sprite)
    else dot(context, sprite.x, sprite.y, radius)
  }
  if (waiting.length === 0) return
  context.fillStyle = look.palette.waiting
  context.beginPath()
  for (const { x, y } of waiting) diamond(context, x, y, Math.max(1.8, cell * 0.48))
  context.fill()
}

function drawSeated(
  context: CanvasRenderingContext2D,
  stage: Stage,
  lane: LaneOnStage,
  sprite: Sprite,
  look: Look,
): void {
  const { being, x, y } = sprite
  const { palette, nowMs, patienceMs } = look
  const waitedMs = nowMs - being.sinceMs
  context.fillStyle = palette.waiting
  context.beginPath()
  // It grows with each doubling of the wait.
  diamond(context, x, y, 4.5 + Math.min(5, 1.3 * Math.log2(Math.max(1, waitedMs / patienceMs))))
  context.fill()
  const right = lane.ground.x + lane.ground.width - 6
  const left = x + 14
  const since = brief(waitedMs)
  context.fillStyle = palette.ink
  if (isNarrow(stage.width)) {
    const whole = `${since} · ${visible(being.host, 60)} ${being.user === '' ? '' : visible(being.user, 60)}`
    context.fillText(shortened(context, whole, right - left), left, y)
    return
  }
  context.fillText(
    shortened(context, `${since} · ${being.user === '' ? 'stranger' : visible(being.user, 60)}`, right - left),
    left,
    y - 7,
  )
  context.fillStyle = palette.quiet
  context.fillText(shortened(context, visible(being.host, 60), right - left), left, y + 8)
}

function drawLeavers(context: CanvasRenderingContext2D, stage: Stage, palette: Palette): void {
  for (const { refused, lane, startMs, x, y, toX, toY } of stage.leavers) {
    const ageMs = stage.timeMs - startMs
    if (refused) {
      const part = stage.still ? 1 : Math.min(1, ageMs / 650)
      context.globalAlpha = Math.max(0, Math.min(1, (fallMs - ageMs) / 900))
      context.strokeStyle = palette.refused
      context.lineWidth = 2
      context.beginPath()
      cross(context, x + (toX - x) * part, y + (toY - y) * part ** 2, 4)
      context.stroke()
    } else {
      const part = ageMs / fadeMs
      context.globalAlpha = Math.max(0, 1 - part)
      context.fillStyle = palette.lanes[lane] ?? palette.ink
      context.fillRect(x + (toX - x) * part - 2, y + (toY - y) * part - 2, 4, 4)
    }
  }
  context.globalAlpha = 1
}

function drawRing(context: CanvasRenderingContext2D, { x, y }: Sprite, palette: Palette): void {
  context.strokeStyle = palette.ink
  context.lineWidth = 2
  context.beginPath()
  context.arc(x, y, 11, 0, 2 * Math.PI)
  context.stroke()
}

/**
 * Draws a dot. Measured in Chromium without a graphics card: 5,000 rectangles take a twentieth of the time of as many copies of an image, so
 * small dots are made of one or two.
 */
function dot(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  if (radius > 3) {
    context.beginPath()
    context.arc(x, y, radius, 0, 2 * Math.PI)
    context.fill()
  } else if (radius > 1.8) {
    const half = radius * 0.55
    context.fillRect(x - radius, y - half, 2 * radius, 2 * half)
    context.fillRect(x - half, y - radius, 2 * half, 2 * radius)
  } else {
    context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius)
  }
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.moveTo(x, y - radius)
  context.lineTo(x + radius, y)
  context.lineTo(x, y + radius)
  context.lineTo(x - radius, y)
  context.closePath()
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.moveTo(x - radius, y - radius)
  context.lineTo(x + radius, y + radius)
  context.moveTo(x + radius, y - radius)
  context.lineTo(x - radius, y + radius)
}

const shortTexts = new Map<string, string>()

/** The text with as much of its end left out as does not fit. Kept, as measuring text takes longer than drawing it. */
function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${Math.round(width)} ${text}`
  const known = shortTexts.get(key)
  if (known !== undefined) return known
  let fits = text.length
  for (let low = 0, high = text.length; low < high; ) {
    const middle = (low + high + 1) >> 1
    const tried = middle === text.length ? text : `${text.slice(0, middle)}…`
    if (context.measureText(tried).width <= width) low = middle
    else high = middle - 1
    fits = low
  }
  const short = fits === text.length ? text : `${text.slice(0, fits)}…`
  if (shortTexts.size > 500) shortTexts.clear()
  shortTexts.set(key, short)
  return short
}
