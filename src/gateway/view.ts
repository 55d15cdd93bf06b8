/**
 * What an administrator sees of a gateway besides its connections and counters, as plain data: so it can be this process, or several
 * that are looked at together.
 */
import type { Channel } from '../auth/plugin.ts'
import type { Backend } from './backends.ts'
import type { Gateway } from './gateway.ts'
import type { Pair } from './pair.ts'
import type { ClientPassage } from './passage.ts'
import type { Pool } from './pool.ts'
import { type BookedRule, ruleName } from './rule-book.ts'

export interface GatewayView {
  backends(): readonly BackendSeen[]
  /** The clients that are in, by number. */
  pairs(): readonly PairSeen[]
  pools(): readonly Shelved[]
  rules(): readonly BookedRule[]
  /** Ends what a client runs, at its backend. Resolves to whether that was done; `undefined`: there is no such client. */
  killQuery(id: number): Promise<boolean> | undefined
}

export interface BackendSeen extends Pick<Backend, BackendMember> {
  readonly counters: Readonly<Backend['counters']>
  /** Of its last change between up and down. Wall clock, ms since 1970. */
  readonly changedAtMs: number
  readonly serverVersion: string | undefined
  readonly weight: number
  /** 0: no limit. */
  readonly maxConnections: number
}

/** Connections of one identity to one backend. */
export type Shelved = ReturnType<Pool['shelves']>[number]

type BackendMember = 'name' | 'address' | 'state' | 'role' | 'doubted' | 'reason' | 'connections' | 'waiting'

export interface PairSeen {
  /** As of the connection's record. */
  readonly id: number
  readonly state: 'idle' | 'busy' | 'changing user'
  /** `undefined` while there is none. */
  readonly link: LinkSeen | undefined
  readonly inTransaction: boolean
  readonly pin: string | undefined
  readonly way: string
  readonly rule: string
}

export interface LinkSeen {
  readonly backend: string
  readonly user: string | undefined
  readonly connectionId: number
  readonly channel: Channel
}

/** Of one process, and always of now. */
export function viewOf(gateway: Gateway): GatewayView {
  return {
    backends: () => gateway.backends.all.map(backendSeen),
    pairs: () =>
      [...gateway.passages.values()]
        .flatMap((passage) => (passage.pair === undefined ? [] : [pairSeen(passage, passage.pair)]))
        .sort((a, b) => a.id - b.id),
    pools: () => gateway.pool.shelves(),
    rules: () => gateway.configured.rules.rules,
    killQuery: (id) => {
      if (gateway.passages.get(id)?.pair === undefined) return undefined
      return gateway.kill(undefined, { what: 'query', id })
    },
  }
}

function backendSeen(backend: Backend): BackendSeen {
  const { name, address, state, role, doubted, reason, connections, waiting, sinceMs, counters, options } = backend
  return {
    ...{ name, address, state, role, doubted, reason, connections, waiting },
    counters: { ...counters },
    changedAtMs: Date.now() - (performance.now() - sinceMs),
    serverVersion: backend.facts?.serverVersion,
    weight: options.weight ?? 1,
    maxConnections: options.maxConnections ?? 0,
  }
}

function pairSeen({ record, rule }: ClientPassage, pair: Pair): PairSeen {
  const { link, inTransaction, pin, way } = pair
  return {
    ...{ id: record.id, inTransaction, pin, way },
    state: pair.isChangingUser ? 'changing user' : pair.isBusy ? 'busy' : 'idle',
    link: link && {
      backend: link.backend.name,
      user: rule?.as?.user ?? record.user,
      connectionId: link.connectionId,
      channel: link.channel,
    },
    rule: rule === undefined ? '' : ruleName(rule),
  }
}
