/**
 * Makes samples out of the tally: what happened between two snapshots of it. The tally counts each change, so nothing is too short to be in
 * a sample, and nothing is in two.
 */
import type { Tally, TallySnapshot } from '../registry/tally.ts'
import type { Sample } from './contract.ts'
import { sparse } from './sample-sum.ts'

/** As much of what is watched as is sampled. */
export interface Sampled {
  readonly administered: {
    readonly registry: { readonly startedAtMs: number; readonly tally: Pick<Tally, 'snapshot'> }
  }
}

export class Sampler {
  readonly #registry: Sampled['administered']['registry']
  #before: TallySnapshot | undefined
  /** Wall clock. */
  #sinceMs: number
  /** The clock of `performance.now`. */
  #since: number | undefined

  constructor({ administered }: Sampled) {
    this.#registry = administered.registry
    this.#sinceMs = administered.registry.startedAtMs
  }

  /**
   * What happened since the last time; the first time, since the door was opened. Takes the peaks: a tally has one sampler.
   *
   * Units: `nowMs` is the wall clock, which may jump and only says when; `now` is that of `performance.now`, which says how long.
   */
  next(nowMs: number, now: number): Sample {
    const snapshot = this.#registry.tally.snapshot(now, true)
    const before = this.#before
    const since = (i: number) => before?.lanes[i]
    const atMs = this.#sinceMs
    const spanMs = Math.max(0, this.#since === undefined ? nowMs - atMs : now - this.#since)
    this.#before = snapshot
    this.#sinceMs = nowMs
    this.#since = now
    return {
      atMs,
      spanMs,
      // Other processes are seen a moment later than this one counts the time: a little too much before is a little too little now.
      lanes: snapshot.lanes.map(({ connectionMs }, i) =>
        spanMs === 0 ? 0 : Math.max(0, connectionMs - (since(i)?.connectionMs ?? 0)) / spanMs,
      ),
      peaks: snapshot.lanes.map(({ peak }) => peak),
      admitted: ended(snapshot, 'admitted') - ended(before ?? { logins: [] }, 'admitted'),
      refused: ended(snapshot, 'refused') - ended(before ?? { logins: [] }, 'refused'),
      reasons: sinceThen(snapshot.reasons, before?.reasons ?? {}),
      times: snapshot.lanes
        .slice(0, -1)
        .map(({ buckets }, i) => sparse(buckets.map((count, b) => count - (since(i)?.buckets[b] ?? 0)))),
    }
  }
}

function ended({ logins }: Pick<TallySnapshot, 'logins'>, how: 'admitted' | 'refused'): number {
  return logins.reduce((sum, { outcome, count }) => sum + (outcome === how ? count : 0), 0)
}

function sinceThen(now: TallySnapshot['reasons'], before: TallySnapshot['reasons']): Sample['reasons'] {
  const grown: Record<string, number> = {}
  const old: Readonly<Record<string, number>> = before
  for (const [reason, count] of Object.entries(now)) {
    const more = count - (old[reason] ?? 0)
    if (more !== 0) grown[reason] = more
  }
  return grown
}
