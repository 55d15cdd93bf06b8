/** Backends under watch, for tests: what happens to them is written down, and all of it ends with the test. */
import { afterEach, beforeEach } from 'node:test'
import type { BackendOptions } from '../../src/gateway/backend.ts'
import { type Backend, Backends } from '../../src/gateway/backends.ts'
import { silentLog } from '../../src/server/log.ts'
import { StandIn } from './stand-in.ts'

/** Of the test that runs. */
export interface Watching {
  /** What happened to which backend, oldest first: `a up`. */
  readonly events: string[]
  readonly warnings: string[]
  standIn(settings?: Parameters<typeof StandIn.open>[0]): Promise<StandIn>
  watched(options: readonly BackendOptions[], how?: Rhythm): Backends
  /** One server, looked at by `monitor`, or from outside. */
  one(how?: Rhythm, user?: 'monitor' | 'nobody'): Promise<One>
}

export interface Rhythm {
  readonly intervalMs?: number
  readonly timeoutMs?: number
}

export interface One {
  readonly server: StandIn
  readonly backends: Backends
  readonly backend: Backend
}

/** Declares what goes before and after each test of a file. */
export function watching(): Watching {
  const events: string[] = []
  const warnings: string[] = []
  const ends: (() => Promise<void>)[] = []

  beforeEach(() => {
    events.length = 0
    warnings.length = 0
  })
  // Watches before their servers.
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function standIn(settings: Parameters<typeof StandIn.open>[0] = {}): Promise<StandIn> {
    const server = await StandIn.open(settings)
    ends.push(() => server.close())
    return server
  }

  function watched(options: readonly BackendOptions[], how: Rhythm = {}): Backends {
    const warn = (facts: object, message: string) => void warnings.push(JSON.stringify({ ...facts, message }))
    const backends = new Backends(options, { intervalMs: 20, timeoutMs: 2000, ...how, log: { ...silentLog, warn } })
    backends.listeners.add(({ name }, change) => void events.push(`${name} ${change}`))
    ends.push(() => backends.close())
    return backends
  }

  async function one(how: Rhythm = {}, user: 'monitor' | 'nobody' = 'monitor'): Promise<One> {
    const server = await standIn()
    const connect = server.connect(user === 'nobody' ? undefined : user)
    const backends = watched([{ name: 'a', connect }], how)
    await backends.start()
    return { server, backends, backend: backends.all[0] as Backend }
  }

  return { events, warnings, standIn, watched, one }
}
