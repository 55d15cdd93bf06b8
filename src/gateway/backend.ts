/** What a backend is, to those who choose among them. */
import type { ConnectOptions } from '../client/options.ts'

export interface BackendOptions {
  /** What tables, logs, rules and hooks call it; `host:port` when left out. Unique. */
  readonly name?: string
  /**
   * Where it is, and how TLS is done there. `user` and `password` are the gateway's own account: health, roles, accounts. Without them
   * it is watched from outside, and counts as a primary.
   */
  readonly connect: ConnectOptions
  /** Share of the clients among the backends that will do; 1 when left out; 0: only when no other is up. */
  readonly weight?: number
  /** What the server itself says is believed when left out. */
  readonly role?: 'primary' | 'replica'
  /** The PROXY header that goes ahead of everything. */
  readonly sendProxy?: 'v1' | 'v2'
  /** Connections that may be open to it, of all identities; 0, or left out: no limit. */
  readonly maxConnections?: number
}

/** What a greeting of a backend said; of the last one that was seen. */
export interface BackendFacts {
  readonly serverVersion: string
  readonly capabilities: number
  readonly mariadbCapabilities: number
  readonly collationId: number
  readonly plugin: string
}
