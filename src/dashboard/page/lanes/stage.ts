/** Everybody on the canvas: a place for each, and the ways between. Draws nothing and reads no clock; `draw.ts` asks it once a frame. */
import type { Turned } from '../../contract.ts'
import { type Being, bySince, type CrowdListener, isWaiting } from '../live/crowd.ts'
import { finestCell, type Grid, type Ground, gridFor, heightFor, isNarrow, layGrounds, widestCell } from './ground.ts'

export interface Sprite {
  readonly being: Being
  /** Number in its lane's grid; -1: it has a seat, or there is no room. */
  place: number
  /** Number of its row among those who wait too long; -1: none. */
  seat: number
  waiting: boolean
  x: number
  y: number
  fromX: number
  fromY: number
  toX: number
  toY: number
  /** Of its way; -1: it stands. */
  startMs: number
}

/** Somebody who is there no longer, on the way out. */
export interface Leaver {
  readonly refused: boolean
  readonly lane: number
  readonly startMs: number
  readonly x: number
  readonly y: number
  readonly toX: number
  readonly toY: number
}

export interface LaneOnStage {
  ground: Ground
  grid: Grid
  /** By place; holes are free. */
  places: (Sprite | undefined)[]
  /** No place below it is free. */
  free: number
  seated: Sprite[]
}

export class Stage implements CrowdListener {
  width = 0
  height = 0
  lanes: LaneOnStage[] = []
  leavers: Leaver[] = []
  readonly sprites = new Map<number, Sprite>()
  /** Nothing moves: everything is where it goes at once. */
  still = false
  /** Of the frame to come; the page's clock. */
  timeMs = 0
  readonly #laneCount: number

  constructor(laneCount: number) {
    this.#laneCount = laneCount
  }

  /** Whether a frame would show something new. */
  get moves(): boolean {
    return this.#travelling > 0 || this.leavers.length > 0
  }

  #travelling = 0

  /** After: everybody stands at a place of the new size. */
  resize(width: number, beings: Iterable<Being>): void {
    this.width = width
    this.height = heightFor(width)
    this.leavers = []
    this.lanes = layGrounds(width, this.#laneCount).map((ground) => ({
      ground,
      grid: gridFor(ground.inner.width, ground.inner.height, 0, widestCell),
      places: [],
      free: 0,
      seated: [],
    }))
    this.sprites.clear()
    this.#travelling = 0
    for (const being of beings) this.#add(being)
    for (const lane of this.lanes) this.#fit(lane)
    for (const sprite of this.sprites.values()) this.#settle(sprite)
  }

  onEntered(being: Being): void {
    const sprite = this.#add(being)
    const first = this.lanes[0]
    if (first === undefined) return
    // In at the first lane's edge, and on from there.
    if (isNarrow(this.width)) Object.assign(sprite, { x: 20 + scatter(being.id) * (this.width / 3), y: -4 })
    else Object.assign(sprite, { x: -4, y: first.ground.inner.y + scatter(being.id) * first.ground.inner.height })
    this.#send(sprite)
  }

  onMoved(being: Being, from: number): void {
    const sprite = this.sprites.get(being.id)
    if (sprite === undefined) return
    this.#takeFrom(sprite, from)
    sprite.waiting = false
    this.#give(sprite)
    this.#send(sprite)
  }

  onTurned([id, laneIndex]: Turned): void {
    const lane = this.lanes[laneIndex]
    if (lane === undefined || this.leavers.length > mostLeavers) return
    const sprite = this.#drop(id)
    const { ground } = lane
    const { inner } = ground
    const x = sprite?.x ?? inner.x + scatter(id) * inner.width
    const y = sprite?.y ?? inner.y + 4
    const toX = isNarrow(this.width) ? x + 30 : ground.x + 12 + scatter(id * 7) * (ground.width - 24)
    this.leavers.push({
      refused: true,
      lane: laneIndex,
      startMs: this.timeMs,
      x,
      y,
      toX,
      toY: inner.y + inner.height + 4,
    })
  }

  onLeft(being: Being): void {
    const sprite = this.#drop(being.id)
    if (sprite === undefined || this.leavers.length > mostLeavers || this.still) return
    const { x, y } = sprite
    const [toX, toY] = isNarrow(this.width) ? [x, y + 16] : [x + 22, y]
    this.leavers.push({ refused: false, lane: being.lane, startMs: this.timeMs, x, y, toX, toY })
  }

  /** Who waits too long gets a row, the longest first; the others stay in the grid, as diamonds. */
  seatWaiting(nowMs: number, patienceMs: number): void {
    const waiting: Sprite[][] = this.lanes.map(() => [])
    for (const sprite of this.sprites.values()) {
      sprite.waiting = isWaiting(sprite.being, nowMs, patienceMs)
      if (sprite.waiting) waiting[sprite.being.lane]?.push(sprite)
    }
    this.lanes.forEach((lane, index) => {
      const chosen = (waiting[index] ?? []).sort((a, b) => bySince(a.being, b.being)).slice(0, lane.ground.seats)
      for (const sprite of lane.seated) if (!chosen.includes(sprite)) this.#stand(lane, sprite)
      chosen.forEach((sprite, seat) => {
        if (sprite.seat === seat) return
        vacate(lane, sprite)
        sprite.seat = seat
      })
      lane.seated = chosen
      this.#fit(lane)
      for (const sprite of chosen) this.#send(sprite)
    })
  }

  /** Moves everybody on; `timeMs` is the frame's. */
  advance(timeMs: number): void {
    this.timeMs = timeMs
    if (this.#travelling > 0) {
      for (const sprite of this.sprites.values()) {
        if (sprite.startMs < 0) continue
        const part = (timeMs - sprite.startMs) / wayMs
        if (part >= 1 || this.still) this.#settle(sprite)
        else {
          const eased = part <= 0 ? 0 : 1 - (1 - part) ** 3
          sprite.x = sprite.fromX + (sprite.toX - sprite.fromX) * eased
          sprite.y = sprite.fromY + (sprite.toY - sprite.fromY) * eased
        }
      }
    }
    if (this.leavers.length > 0) {
      this.leavers = this.leavers.filter(({ refused, startMs }) => timeMs - startMs < (refused ? fallMs : fadeMs))
    }
  }

  /** Who is at the point, or next to it. */
  at(x: number, y: number): Sprite | undefined {
    let nearest: Sprite | undefined
    let least = 10 ** 2
    for (const sprite of this.sprites.values()) {
      const distance = (sprite.x - x) ** 2 + (sprite.y - y) ** 2
      // A label belongs to its dot.
      const inLabel = sprite.seat >= 0 && this.#isInSeat(sprite, x, y)
      if (distance < least || inLabel) nearest = sprite
      least = inLabel ? 0 : Math.min(least, distance)
    }
    return nearest
  }

  #isInSeat({ being, toY }: Sprite, x: number, y: number): boolean {
    const ground = this.lanes[being.lane]?.ground
    if (ground === undefined || Math.abs(y - toY) > ground.seatHeight / 2 - 1) return false
    return x > (isNarrow(this.width) ? this.width / 2 : ground.x) && x < ground.x + ground.width
  }

  #add(being: Being): Sprite {
    const sprite: Sprite = {
      ...{ being, place: -1, seat: -1, waiting: false },
      ...{ x: 0, y: 0, fromX: 0, fromY: 0, toX: 0, toY: 0, startMs: -1 },
    }
    this.sprites.set(being.id, sprite)
    this.#give(sprite)
    return sprite
  }

  #drop(id: number): Sprite | undefined {
    const sprite = this.sprites.get(id)
    if (sprite === undefined) return undefined
    this.sprites.delete(id)
    this.#takeFrom(sprite, sprite.being.lane)
    if (sprite.startMs >= 0) this.#travelling--
    return sprite
  }

  /** The first free place: who stands stays where it is when others come and go. */
  #give(sprite: Sprite): void {
    const lane = this.lanes[sprite.being.lane]
    if (lane === undefined) return
    while (lane.places[lane.free] !== undefined) lane.free++
    sprite.place = lane.free
    lane.places[sprite.place] = sprite
    const { cell, columns, rows } = lane.grid
    if (sprite.place >= columns * rows && cell > finestCell) this.#fit(lane)
    this.#aim(sprite)
  }

  #takeFrom(sprite: Sprite, laneIndex: number): void {
    const lane = this.lanes[laneIndex]
    if (lane === undefined) return
    vacate(lane, sprite)
    if (sprite.seat >= 0) lane.seated = lane.seated.filter((other) => other !== sprite)
    sprite.seat = -1
  }

  #stand(lane: LaneOnStage, sprite: Sprite): void {
    // It may have left the lane, or be gone.
    if (sprite.seat < 0 || this.sprites.get(sprite.being.id) !== sprite || this.lanes[sprite.being.lane] !== lane)
      return
    sprite.seat = -1
    this.#give(sprite)
    this.#send(sprite)
  }

  /** Chooses the grid for those who are there. After: all of the lane are on the way to their places in it. */
  #fit(lane: LaneOnStage): void {
    const { inner, seatHeight } = lane.ground
    const room = isNarrow(this.width) ? inner.height : inner.height - lane.seated.length * seatHeight
    const present = lane.places.reduce((sum, sprite) => sum + (sprite === undefined ? 0 : 1), 0)
    if (lane.places.length > 2 * present + 50) {
      lane.places = lane.places.filter((sprite) => sprite !== undefined)
      lane.free = lane.places.length
      lane.places.forEach((sprite, place) => {
        if (sprite !== undefined) sprite.place = place
      })
    }
    const grid = gridFor(inner.width, room, lane.places.length, lane.grid.cell)
    lane.grid = grid
    for (const sprite of lane.places) if (sprite !== undefined) this.#send(sprite)
  }

  /** Lets it go where it belongs now, unless it is on the way there. */
  #send(sprite: Sprite): void {
    const { toX, toY } = sprite
    this.#aim(sprite)
    if (
      sprite.startMs >= 0
        ? sprite.toX === toX && sprite.toY === toY
        : sprite.x === sprite.toX && sprite.y === sprite.toY
    )
      return
    if (sprite.startMs < 0) this.#travelling++
    Object.assign(sprite, { fromX: sprite.x, fromY: sprite.y, startMs: this.timeMs })
  }

  #settle(sprite: Sprite): void {
    if (sprite.startMs >= 0) this.#travelling--
    sprite.startMs = -1
    stand(sprite)
  }

  #aim(sprite: Sprite): void {
    const lane = this.lanes[sprite.being.lane]
    if (lane === undefined) return
    const { ground, grid, seated } = lane
    const { inner } = ground
    if (sprite.seat >= 0) {
      const narrow = isNarrow(this.width)
      sprite.toX = narrow ? this.width * 0.52 : inner.x + 5
      sprite.toY = inner.y + (sprite.seat + 0.5) * ground.seatHeight
      return
    }
    sprite.toX = inner.x + ((sprite.place % grid.columns) + 0.5) * grid.cell
    // Below those who have a row.
    const top = isNarrow(this.width) ? inner.y : inner.y + seated.length * ground.seatHeight
    sprite.toY = top + (Math.floor(sprite.place / grid.columns) + 0.5) * grid.cell
  }
}

/** How long ways take. */
export const wayMs = 450
export const fallMs = 1900
export const fadeMs = 300
const mostLeavers = 400

function vacate(lane: LaneOnStage, sprite: Sprite): void {
  if (sprite.place < 0) return
  lane.places[sprite.place] = undefined
  lane.free = Math.min(lane.free, sprite.place)
  sprite.place = -1
  while (lane.places.length > 0 && lane.places.at(-1) === undefined) lane.places.pop()
}

function stand(sprite: Sprite): void {
  sprite.x = sprite.toX
  sprite.y = sprite.toY
}

/** Between 0 and 1, the same for the same number. */
function scatter(value: number): number {
  const mixed = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b)
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32
}
