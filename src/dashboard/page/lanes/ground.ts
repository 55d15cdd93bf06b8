/** The place of each lane on the canvas, and of each dot in its lane: a grid that gets finer the more there are. Lengths are CSS pixels. */
import { admittedLane } from '../live/crowd.ts'

export interface Ground {
  /** Of the whole lane. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Of its dots. */
  readonly inner: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
  /** How many who wait too long have a row of their own. */
  readonly seats: number
  readonly seatHeight: number
}

/** Lanes beside each other, or one below the other where it is narrow. */
export function isNarrow(width: number): boolean {
  return width < 760
}

export function heightFor(width: number): number {
  return isNarrow(width) ? narrowLane * admittedLane + narrowAdmitted : 430
}

/** The lanes in order; the last is larger, most connections are in it. */
export function layGrounds(width: number, laneCount: number): Ground[] {
  const grounds: Ground[] = []
  if (isNarrow(width)) {
    for (let lane = 0; lane < laneCount; lane++) {
      const y = lane * narrowLane
      const last = lane === laneCount - 1
      const height = last ? narrowAdmitted : narrowLane
      const inner = { x: 10, y: y + 30, width: last ? width - 20 : width * 0.42, height: height - 36 }
      grounds.push({ x: 0, y, width, height, inner, seats: last ? 0 : 2, seatHeight: 20 })
    }
    return grounds
  }
  const height = heightFor(width)
  const unit = width / (laneCount - 1 + admittedShare)
  for (let lane = 0; lane < laneCount; lane++) {
    const last = lane === laneCount - 1
    const x = lane * unit
    const own = last ? width - x : unit
    const inner = { x: x + 12, y: headHeight + 6, width: own - 22, height: height - headHeight - floorHeight - 12 }
    grounds.push({ x, y: 0, width: own, height, inner, seats: last ? 0 : 5, seatHeight: 34 })
  }
  return grounds
}

/** Of the admitted, in lanes; the style sheet has it too. */
export const admittedShare = 2.2
export const headHeight = 56
export const floorHeight = 48
const narrowLane = 76
const narrowAdmitted = 160

/** Where a dot is, by its number in the lane. */
export interface Grid {
  readonly cell: number
  readonly columns: number
  readonly rows: number
}

export const widestCell = 22
export const finestCell = 3
const cells = [widestCell, 18, 15, 12, 10, 8, 7, 6, 5, 4, finestCell]

/** The widest grid with room for `places`; wider than `before` only if there is a quarter to spare, so that it does not change with each dot. */
export function gridFor(width: number, height: number, places: number, before: number): Grid {
  for (const cell of cells) {
    const columns = Math.max(1, Math.floor(width / cell))
    const rows = Math.max(1, Math.floor(height / cell))
    if (columns * rows >= (cell > before ? places * 1.25 : places)) return { cell, columns, rows }
  }
  return {
    cell: finestCell,
    columns: Math.max(1, Math.floor(width / finestCell)),
    rows: Math.floor(height / finestCell),
  }
}
