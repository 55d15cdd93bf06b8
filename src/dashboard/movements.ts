/**
 * Who is where, and who has moved since the last look. It looks at the registry when it is asked and hooks into nothing, so a login costs
 * the same whether anybody watches or not.
 */
import type { ConnectionRecord } from '../registry/connection-record.ts'
import { laneIndexOf } from '../registry/lanes.ts'
import type { Administered } from '../server/administered.ts'
import { type Dot, lanes, type Now, type Turned } from './contract.ts'

export type Change = Pick<Now, 'counts' | 'changed' | 'gone' | 'refused'>

export class Movements {
  readonly #registry: Administered['registry']
  readonly #named = new Map<number, { dot: Dot; look: number }>()
  #looks = 0
  #counts: readonly number[] = noCounts
  /** Of the refusals when they were last asked for; `undefined`: never. */
  #revision: number | undefined = undefined
  #lastRefused: string | undefined = undefined

  constructor(registry: Administered['registry']) {
    this.#registry = registry
  }

  /** What has changed since the last look; `undefined`: nothing, or this is the first. */
  look(): Change | undefined {
    const first = !this.hasLooked
    const look = ++this.#looks
    const counts = [...noCounts]
    const changed: Dot[] = []
    let seen = 0
    for (const record of this.#registry.live.values()) {
      const lane = laneIndexOf(record.phase)
      // Refused, and on the way out.
      if (lane < 0) continue
      counts[lane] = (counts[lane] ?? 0) + 1
      const known = this.#named.get(record.id)
      if (known === undefined && lane === admitted && this.#named.size >= mostNamed) continue
      seen++
      const dot = moved(known?.dot, record, lane)
      if (known !== undefined) {
        known.look = look
        if (known.dot === dot) continue
        known.dot = dot
      } else this.#named.set(record.id, { dot, look })
      changed.push(dot)
    }
    const gone = this.#named.size > seen ? this.#leave(look) : []
    const refused = this.#refused()
    const same = counts.every((count, lane) => count === this.#counts[lane])
    this.#counts = counts
    if (first || (same && changed.length + gone.length + refused.length === 0)) return undefined
    return { counts, changed, gone, refused }
  }

  get hasLooked(): boolean {
    return this.#counts !== noCounts
  }

  /** As of the last look. */
  get counts(): readonly number[] {
    return this.#counts
  }

  /** Who was named by the last look. */
  ids(): number[] {
    return [...this.#named.keys()]
  }

  /** Of those who are still there, where they are by the last look. */
  dots(ids: readonly number[]): Dot[] {
    return ids.flatMap((id) => {
      const known = this.#named.get(id)
      return known === undefined ? [] : [known.dot]
    })
  }

  /** The next look is the first one. */
  forget(): void {
    this.#named.clear()
    this.#counts = noCounts
    this.#revision = undefined
    this.#lastRefused = undefined
  }

  #leave(look: number): number[] {
    const gone: number[] = []
    for (const [id, known] of this.#named) {
      if (known.look === look) continue
      this.#named.delete(id)
      gone.push(id)
    }
    return gone
  }

  /** The history is copied to be read: it is asked only when something is new. */
  #refused(): Turned[] {
    const { revision } = this.#registry.refusals
    if (revision === this.#revision) return []
    const first = this.#revision === undefined
    this.#revision = revision
    const turned: Turned[] = []
    let latest: string | undefined
    const history = this.#registry.history()
    for (let i = history.length - 1; i >= 0 && turned.length < mostRefused; i--) {
      const ended = history[i]
      if (ended?.reason === undefined) continue
      const { record, endedAtMs, during, reason, user } = ended
      const key = `${record.id} ${endedAtMs}`
      latest ??= key
      if (first || key === this.#lastRefused) break
      turned.push([record.id, Math.max(0, laneIndexOf(during)), reason, shortened(user ?? ''), shortened(record.host)])
    }
    this.#lastRefused = latest
    return turned.reverse()
  }
}

const noCounts: readonly number[] = lanes.map(() => 0)
const admitted = lanes.indexOf('admitted')
/** Of connections that are in; strangers are all named. */
const mostNamed = 10_000
const mostRefused = 50

/** The dot as it was, unless something is new. */
function moved(before: Dot | undefined, record: ConnectionRecord, lane: number): Dot {
  const user = shortened(record.user ?? record.login?.user ?? '')
  const host = shortened(record.host)
  if (before === undefined || before[1] !== lane) {
    return [record.id, lane, record.phaseSinceMs, record.acceptedAtMs, user, host]
  }
  // Several phases are one lane: it was entered with the first of them.
  return before[4] === user && before[5] === host ? before : [record.id, lane, before[2], before[3], user, host]
}

/** A stranger may say a name of any length. */
function shortened(name: string): string {
  return name.length > 128 ? `${name.slice(0, 127)}…` : name
}
