/** Who is at the door, as the stream tells it: everybody once, then what changes. Knows no drawing; those who draw listen. */
import type { Dot, Now, Turned } from '../../contract.ts'
import { lanes } from '../../contract.ts'

export interface Being {
  readonly id: number
  lane: number
  /** Of its entry into the lane; the server's clock. */
  sinceMs: number
  readonly acceptedAtMs: number
  user: string
  host: string
}

export interface CrowdListener {
  onEntered(being: Being): void
  /** It has changed lanes; after: `being.lane` is the new one. */
  onMoved(being: Being, from: number): void
  onLeft(being: Being): void
  onTurned(turned: Turned): void
}

/** A refusal that was seen to happen. */
export interface Fall {
  readonly atMs: number
  readonly turned: Turned
}

export const admittedLane = lanes.indexOf('admitted')

export class Crowd {
  readonly beings = new Map<number, Being>()
  readonly listeners = new Set<CrowdListener>()
  /** In each lane: all, also those that are not named. */
  counts: readonly number[] = lanes.map(() => 0)
  /** The latest, oldest first. */
  falls: Fall[] = []

  apply(now: Now): void {
    this.counts = now.counts
    if (now.whole) this.#forgetOthers(now)
    for (const dot of now.changed) this.#note(dot)
    for (const turned of now.refused) {
      this.falls.push({ atMs: now.atMs, turned })
      for (const listener of this.listeners) listener.onTurned(turned)
    }
    for (const id of now.gone) this.#leave(id)
    this.falls = this.falls.filter(({ atMs }) => now.atMs - atMs < fallsForMs).slice(-mostFalls)
  }

  /** Who stays keeps its place on the canvas. Those whom a later part of the snapshot names come anew with it. */
  #forgetOthers(now: Now): void {
    const named = new Set(now.changed.map(([id]) => id))
    for (const id of this.beings.keys()) if (!named.has(id)) this.#leave(id)
  }

  #note([id, lane, sinceMs, acceptedAtMs, user, host]: Dot): void {
    const being = this.beings.get(id)
    if (being === undefined) {
      const entered = { id, lane, sinceMs, acceptedAtMs, user, host }
      this.beings.set(id, entered)
      for (const listener of this.listeners) listener.onEntered(entered)
      return
    }
    const from = being.lane
    Object.assign(being, { lane, sinceMs, user, host })
    if (from !== lane) for (const listener of this.listeners) listener.onMoved(being, from)
  }

  #leave(id: number): void {
    const being = this.beings.get(id)
    if (being === undefined) return
    this.beings.delete(id)
    for (const listener of this.listeners) listener.onLeft(being)
  }
}

/** Strangers who wait longer than `patienceMs` in a lane, the longest first. */
export function waitingTooLong(beings: Iterable<Being>, nowMs: number, patienceMs: number): Being[] {
  const waiting: Being[] = []
  for (const being of beings) if (isWaiting(being, nowMs, patienceMs)) waiting.push(being)
  return waiting.sort(bySince)
}

export function isWaiting({ lane, sinceMs }: Being, nowMs: number, patienceMs: number): boolean {
  return lane !== admittedLane && nowMs - sinceMs >= patienceMs
}

export function bySince(a: Being, b: Being): number {
  return a.sinceMs - b.sinceMs || a.id - b.id
}

const fallsForMs = 12_000
const mostFalls = 1000
