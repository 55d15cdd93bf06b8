/** What `saltgate top` knows: of the door, as the dashboard told it, and of the person who looks, as the keys said it. */
import type {
  AccountSeen,
  BackendsSeen,
  DoorFacts,
  Dot,
  Handshake,
  HostSeen,
  Now,
  Refusals,
  Sample,
  Second,
  Turned,
} from '../../dashboard/contract.ts'
import type { LiveEvent } from './dashboard-client.ts'
import type { Link } from './follow.ts'

export const viewNames = ['now', 'over-time', 'refusals', 'hosts', 'accounts', 'backends'] as const

export type ViewName = (typeof viewNames)[number]

/** Where the person is; what is opened lies on top of where it was opened. */
export type Place =
  | { readonly is: ViewName; selected?: string | undefined }
  | { readonly is: 'group'; readonly key: string; selected?: string | undefined }
  | { readonly is: 'handshake'; readonly id: number; scroll: number }
  | { readonly is: 'help'; scroll: number }

export type Deed =
  | { readonly do: 'kill'; readonly id: number }
  | { readonly do: 'flush'; readonly address: string | undefined }

export interface Model {
  readonly url: string
  door: DoorFacts | undefined
  link: Link
  /** The server's clock and `performance.now()` at the same moment. */
  clock: { readonly serverMs: number; readonly localMs: number }
  counts: readonly number[]
  dots: Map<number, Dot>
  /** The latest first. */
  refused: readonly Turned[]
  /** Messages that this reader was too slow for. */
  dropped: number
  second: Second | undefined
  /** Oldest first. */
  samples: Sample[]
  refusals: Refusals | undefined
  hosts: readonly HostSeen[] | undefined
  accounts: readonly AccountSeen[] | undefined
  backends: BackendsSeen | undefined
  /** That of the place, or why it is not known. */
  handshake:
    | { readonly id: number; readonly seen: Handshake | undefined; readonly problem: string | undefined }
    | undefined

  /** The last one is looked at; never empty. */
  places: [Place, ...Place[]]
  filter: string
  typing: boolean
  /** Those who are in are listed too. */
  everybody: boolean
  asking: { readonly question: string; readonly deed: Deed } | undefined
  notice: { readonly text: string; readonly isBad: boolean; readonly untilMs: number } | undefined
}

export function emptyModel(url: string): Model {
  return {
    url,
    door: undefined,
    link: { is: 'connecting' },
    clock: { serverMs: 0, localMs: 0 },
    counts: [],
    dots: new Map(),
    refused: [],
    dropped: 0,
    second: undefined,
    samples: [],
    refusals: undefined,
    hosts: undefined,
    accounts: undefined,
    backends: undefined,
    handshake: undefined,
    places: [{ is: 'now' }],
    filter: '',
    typing: false,
    everybody: false,
    asking: undefined,
    notice: undefined,
  }
}

/** Ten minutes of seconds. */
const keptSamples = 600
const keptRefused = 50
/** The dashboard names fewer; what says more is not believed. */
const keptDots = 100_000

export function onEvent(model: Model, event: LiveEvent, localMs: number): void {
  if (event.is === 'now') return onNow(model, event.now, localMs)
  model.second = event.second
  addSamples(model, [event.second.sample])
}

function onNow(model: Model, now: Now, localMs: number): void {
  model.clock = { serverMs: now.atMs, localMs }
  model.counts = now.counts
  model.dropped = now.dropped
  if (now.whole) model.dots.clear()
  for (const id of now.gone) model.dots.delete(id)
  for (const dot of now.changed) if (model.dots.size < keptDots || model.dots.has(dot[0])) model.dots.set(dot[0], dot)
  if (now.refused.length > 0) model.refused = [...now.refused.toReversed(), ...model.refused].slice(0, keptRefused)
}

/** One that was started again knows nothing of what was before, and gives its numbers to others. */
export function onDoor(model: Model, door: DoorFacts): void {
  if (model.door !== undefined && model.door.startedAtMs !== door.startedAtMs) {
    model.refused = []
    model.refusals = undefined
    model.hosts = undefined
    model.accounts = undefined
    model.backends = undefined
    model.handshake = undefined
  }
  model.door = door
}

/** In their order, each once: what was missed while the stream was lost comes later, from the history. */
export function addSamples(model: Model, samples: readonly Sample[]): void {
  const all = new Map([...model.samples, ...samples].map((sample) => [sample.atMs, sample]))
  model.samples = Array.from(all.values())
    .toSorted((a, b) => a.atMs - b.atMs)
    .slice(-keptSamples)
}

/** The server's time now. While the stream is lost, time stands still: nobody knows who still waits. */
export function serverTime({ clock, link }: Model, localMs: number): number {
  return clock.serverMs + (link.is === 'lost' ? 0 : localMs - clock.localMs)
}

export function placeOf({ places }: Model): Place {
  return places.at(-1) ?? places[0]
}
