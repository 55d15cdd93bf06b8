/** What the supervisor of several processes and each of them ask each other. */
import type { Killer, KillOrder } from '../../gateway/kill-order.ts'
import type { Order, SharedValues } from '../../gateway/orders.ts'
import type { ListenAddress } from '../../server/listen-address.ts'
import type { GatewayOptions } from './load.ts'

export type SupervisorsQuestion =
  /** Answered with `Listening`. First of all; every other question waits for it. */
  | { readonly ask: 'open'; readonly start: Start }
  /** Answered with a `ProcessReport`, or of the counts alone with a `CountsReport`. */
  | { readonly ask: 'report'; readonly of: 'all' | 'counts' }
  /** Answered with whether it was done. */
  | { readonly ask: 'tell'; readonly order: Order }
  | KillQuestion
  /** To read rules, hooks and backends again; and, behind that, certificates and keys. */
  | { readonly ask: 'reload' | 'renew-keys' }
  /** Not answered: the process ends. */
  | { readonly ask: 'close'; readonly drainMs: number | undefined }

export type WorkersQuestion = KillQuestion

/** For a client, in whichever process it is. Answered with a `KillOutcome`. */
export interface KillQuestion {
  readonly ask: 'kill'
  readonly killer: Killer
  readonly order: KillOrder
}

export interface Start {
  /** From 0. */
  readonly worker: number
  readonly workers: number
  readonly options: GatewayOptions
  readonly ownPassword: string | undefined
  readonly listen: readonly string[]
  readonly settings: SharedValues
}

export type Listening = readonly ListenAddress[]

/** A KILL may have to reach a backend first. Units: ms. */
export const killMs = 15_000
