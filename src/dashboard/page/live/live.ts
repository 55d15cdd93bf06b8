/**
 * The stream of the door, and how well it goes: the one store of the page. Components read it through `useLive`, a few times a second at the
 * most; the canvas listens to the crowd itself.
 *
 * EventSource reconnects by itself when a connection breaks, and gives up when the server refuses: then the reason is asked for, and said.
 */
import { useEffect, useReducer } from 'preact/hooks'
import type { DoorFacts, Now, Sample, Second } from '../../contract.ts'
import { ask, Refused, refusal } from './ask.ts'
import { Crowd } from './crowd.ts'

export class Live {
  readonly crowd = new Crowd()
  state: 'connecting' | 'live' | 'broken' = 'connecting'
  /** Why it is broken, for people. */
  problem: string | undefined
  facts: DoorFacts | undefined
  second: Second | undefined
  /** Messages that this page was too slow for. */
  dropped = 0
  /** What is shown was true then; this page's clock. */
  heardAtMs = 0
  readonly samples = new Set<(sample: Sample) => void>()
  readonly changes = new Set<() => void>()
  #source: EventSource | undefined
  #clockAheadMs = 0
  #told = false

  /** A page that nobody sees holds no stream: browsers have six connections to a host, and the seventh tab would wait for ever. */
  start(): void {
    this.#open()
    setInterval(() => this.#watch(), 1000)
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#source?.close()
      else {
        this.heardAtMs = Date.now()
        this.#open()
      }
    })
  }

  /** The server's clock, as far as it is known. */
  nowMs(): number {
    return Date.now() + this.#clockAheadMs
  }

  /** How old what is shown is; 0: it is live. */
  ageMs(): number {
    return this.state === 'live' || this.heardAtMs === 0 ? 0 : Date.now() - this.heardAtMs
  }

  #open(): void {
    this.#source?.close()
    const source = new EventSource('/api/live')
    this.#source = source
    source.addEventListener('now', (event) => {
      const now = parsed<Now>(event.data)
      if (now === undefined) return
      this.#heard()
      this.#clockAheadMs = now.atMs - Date.now()
      this.dropped = now.dropped
      this.crowd.apply(now)
      this.#tell()
    })
    source.addEventListener('second', (event) => {
      const second = parsed<Second>(event.data)
      if (second === undefined) return
      this.#heard()
      this.second = second
      for (const listener of this.samples) listener(second.sample)
      this.#tell()
    })
    source.addEventListener('error', () => {
      this.#broke('The stream broke off.')
      if (source.readyState === EventSource.CLOSED) void this.#explain(source)
    })
  }

  #heard(): void {
    this.heardAtMs = Date.now()
    if (this.state === 'live') return
    this.state = 'live'
    this.problem = undefined
    // The server may be another than before.
    void this.#learnFacts()
  }

  #broke(problem: string): void {
    this.state = 'broken'
    this.problem ??= problem
    this.#tell()
  }

  /** The server has refused, which EventSource does not explain. */
  async #explain(source: EventSource): Promise<void> {
    try {
      const controller = new AbortController()
      const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(5000)])
      const response = await fetch('/api/live', { signal })
      this.problem = response.ok ? undefined : (await refusal(response)).message
      controller.abort()
    } catch {
      this.problem = 'The dashboard’s server does not answer: is Saltgate still running?'
    }
    this.#broke('The stream broke off.')
    setTimeout(() => {
      if (this.#source === source && !document.hidden) this.#open()
    }, retryMs)
  }

  async #learnFacts(): Promise<void> {
    try {
      this.facts = await ask<DoorFacts>('/api/door')
    } catch (error) {
      if (error instanceof Refused) this.problem = error.message
    }
    this.#tell()
  }

  /** A second comes every second: a stream that is open and says nothing is broken too. */
  #watch(): void {
    if (document.hidden) return
    if (this.state === 'live' && Date.now() - this.heardAtMs > silentMs) {
      this.#broke('The stream says nothing.')
      this.#open()
    }
    this.#tell()
  }

  /** Tells the components once for all that happens within `pauseMs`. */
  #tell(): void {
    if (this.#told) return
    this.#told = true
    setTimeout(() => {
      this.#told = false
      for (const change of this.changes) change()
    }, pauseMs)
  }
}

export const live = new Live()

/** For what is long to read or to draw. */
export const calmMs = 900

/** Renders the component again when something has changed, no sooner than `calmMs` after the last time, and at least once a second. */
export function useLive(calmMs = 0): Live {
  const [, again] = useReducer((turn: number) => turn + 1, 0)
  useEffect(() => {
    let lastMs = 0
    const change = () => {
      const nowMs = performance.now()
      if (nowMs - lastMs < calmMs) return
      lastMs = nowMs
      again(undefined)
    }
    live.changes.add(change)
    return () => {
      live.changes.delete(change)
    }
  }, [calmMs])
  return live
}

const retryMs = 3000
const silentMs = 6000
const pauseMs = 200

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}
