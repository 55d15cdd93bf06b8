/** Stays with the stream of a dashboard: when it breaks, it is asked for again, at first soon and then less and less often. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DashboardClient, LiveEvent } from './dashboard-client.ts'

/** How it stands with the stream; times are of `performance.now()`. */
export type Link =
  | { readonly is: 'connecting' }
  | { readonly is: 'live' }
  | { readonly is: 'lost'; readonly sinceMs: number; readonly why: string; readonly retryAtMs: number }

export interface Hearer {
  onLink(link: Link): void
  onEvent(event: LiveEvent): void
}

const firstWaitMs = 500
const longestWaitMs = 10_000

/** Resolves when the signal is given. */
export async function follow(client: DashboardClient, hearer: Hearer, signal: AbortSignal): Promise<void> {
  let waitMs = firstWaitMs
  let lostAtMs: number | undefined
  while (!signal.aborted) {
    let why = 'the dashboard ended it'
    let live = false
    try {
      for await (const event of client.live(signal)) {
        if (!live) hearer.onLink({ is: 'live' })
        live = true
        lostAtMs = undefined
        waitMs = firstWaitMs
        hearer.onEvent(event)
      }
    } catch (error) {
      why = (error as Error).message
    }
    if (signal.aborted) return
    const nowMs = performance.now()
    lostAtMs ??= nowMs
    hearer.onLink({ is: 'lost', sinceMs: lostAtMs, why, retryAtMs: nowMs + waitMs })
    await sleep(waitMs, undefined, { signal }).catch(() => {})
    waitMs = Math.min(longestWaitMs, waitMs * 2)
  }
}
