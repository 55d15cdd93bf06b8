/** `saltgate top` without a terminal: one picture, or a line of JSON for each second. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DoorFacts, Now, Refusals, Second } from '../../dashboard/contract.ts'
import type { DashboardClient } from './dashboard-client.ts'
import { dashboardFailure } from './failure.ts'
import { follow } from './follow.ts'
import { bodyOf, headerOf, type Size } from './frame.ts'
import type { Line } from './line.ts'
import { emptyModel, type Model, onEvent } from './model.ts'
import { tableLines } from './table.ts'

const pictureDeadlineMs = 10_000

export interface Picture {
  readonly door: DoorFacts
  /** Everybody who is named. */
  readonly now: Now
  readonly refusals: Refusals
}

export type Seen = Model & { readonly door: DoorFacts; readonly refusals: Refusals }

/** Rejects: `MysqlError` when the dashboard cannot be reached, or tells nothing. */
export async function seeOnce(client: DashboardClient): Promise<Seen> {
  const [door, refusals] = [await client.door(), await client.refusals()]
  const model = Object.assign(emptyModel(client.url), { door, refusals })
  const ended = new AbortController()
  const late = sleep(pictureDeadlineMs, undefined, { signal: ended.signal }).then(
    () => ended.abort(),
    () => {},
  )
  try {
    for await (const event of client.live(ended.signal)) {
      onEvent(model, event, performance.now())
      model.link = { is: 'live' }
      // A snapshot may come in parts; at the end of a second all of them are there, and rates are known.
      if (event.is === 'second' && model.counts.length > 0) return model
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error
  } finally {
    ended.abort()
    await late
  }
  throw dashboardFailure(
    `the dashboard at ${client.url} said nothing of who is there for ${pictureDeadlineMs / 1000} seconds`,
  )
}

export function pictureOf(model: Seen): Picture {
  const { door, refusals, clock, counts, dots, refused, dropped } = model
  const now: Now = {
    atMs: clock.serverMs,
    whole: true,
    counts,
    changed: [...dots.values()],
    gone: [],
    refused: refused.toReversed(),
    dropped,
  }
  return { door, now, refusals }
}

/** The header, everybody who waits, and why logins were refused. */
export function pictureLines(model: Seen, columns: number): Line[] {
  const localMs = model.clock.localMs
  // As high as it needs to be.
  const size: Size = { columns, rows: 1_000_000 }
  const part = (view: 'now' | 'refusals'): Line[] => {
    const body = bodyOf({ ...model, places: [{ is: view }] }, size, localMs)
    if (body.is === 'page') return [...body.lines]
    const { head, rows, empty } = body
    if (rows.length === 0) return [...head, [` ${empty}`]]
    return [...head, ...tableLines(body.columns, rows, { width: columns, height: rows.length + 1, selected: -1 })]
  }
  return [...headerOf(model, columns, model.clock.serverMs, localMs), [''], ...part('now'), [''], ...part('refusals')]
}

/** Tells of each second as long as there is a reader; of a stream that broke, why. Resolves by the signal. */
export async function tellSeconds(
  client: DashboardClient,
  onSecond: (second: Second) => void,
  onLost: (why: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const hearer: Parameters<typeof follow>[1] = {
    onLink(link) {
      if (link.is === 'lost') onLost(link.why)
    },
    onEvent(event) {
      if (event.is === 'second') onSecond(event.second)
    },
  }
  await follow(client, hearer, signal)
}
