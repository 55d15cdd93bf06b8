/**
 * What the dashboard's server says, as JSON: to its page, to `saltgate top`, and to whoever asks it by program. Plain values; times are the
 * server's wall clock, ms since 1970, unless their name says otherwise. No secret is anywhere in it.
 *
 * GET  /api/door                   `DoorFacts`
 * GET  /api/live                   server-sent events: `now` and `second`, see `LiveEvents`
 * GET  /api/history?from=&to=      `History`; both ms since 1970, the last five minutes when left out
 * GET  /api/refusals               `Refusals`
 * GET  /api/handshakes/:id         `Handshake`: the connection's, live or ended; 404 when nothing is known of it any longer
 * GET  /api/hosts                  `HostSeen[]`
 * GET  /api/accounts               `AccountSeen[]`
 * GET  /api/backends               `BackendsSeen`; 404 of a door without any
 * POST /api/connections/:id/kill   `Done`; 404 when there is no such connection
 * POST /api/hosts/flush            `Done`; body `{ "address": "10.0.0.7" }`, or `{}` for all
 * GET  /metrics                    OpenMetrics
 *
 * A POST carries the header `x-saltgate: dashboard`, which no other site can make a browser send. What fails is answered by `Problem`.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { Lane } from '../registry/lanes.ts'

export { type Lane, lanes } from '../registry/lanes.ts'

/** For headings. */
export const laneNames: Readonly<Record<Lane, string>> = {
  accepted: 'Accepted',
  resolving: 'Resolving name',
  greeting: 'Greeting sent',
  tls: 'TLS',
  login: 'Login read',
  exchange: 'Plugin exchange',
  backend: 'Backend',
  admitted: 'Admitted',
}

export interface DoorFacts {
  readonly kind: 'front door' | 'gateway'
  /** Saltgate's own. */
  readonly version: string
  /** As the greeting says. */
  readonly serverVersion: string
  readonly listening: readonly string[]
  readonly startedAtMs: number
  /** A login that takes longer ends; ms. */
  readonly connectTimeoutMs: number
  /** A stranger who has waited so long stands out; ms. */
  readonly patienceMs: number
  readonly maxConnections: number
  /** The server's certificate is good until then; `null` where that is not known. */
  readonly certificateEndsMs: number | null
  /** The oldest sample of the history; ms since 1970. */
  readonly historySinceMs: number
}

export interface LiveEvents {
  /** Several times a second, and first of all with everybody who is there. */
  readonly now: Now
  /** Once a second, at its end. */
  readonly second: Second
}

export interface Now {
  readonly atMs: number
  /** Whether this names everybody: what was known before is void. One snapshot may come in several parts, of which only the first has it. */
  readonly whole: boolean
  /** Connections in each lane, in the order of `lanes`: all, also those that are not named. */
  readonly counts: readonly number[]
  /** Who came, or changed lanes, since the last time. */
  readonly changed: readonly Dot[]
  /** Who is there no longer. */
  readonly gone: readonly number[]
  /** Who was refused since the last time; the latest 50. */
  readonly refused: readonly Turned[]
  /** Messages that this reader was too slow to be given, since it came. */
  readonly dropped: number
}

/** A connection. */
export type Dot = readonly [
  id: number,
  /** Index in `lanes`. */
  lane: number,
  /** Of its entry into the lane. */
  sinceMs: number,
  acceptedAtMs: number,
  /** Proven or said; empty as long as nobody is named. */
  user: string,
  /** Name or address. */
  host: string,
]

export type Turned = readonly [id: number, lane: number, reason: DenyReason, user: string, host: string]

export interface Second {
  readonly sample: Sample
  /** Grows when there is something new in `Refusals`. */
  readonly refusals: number
  /** Readers of this stream, and messages that all of them together were too slow for since the start. */
  readonly readers: number
  readonly dropped: number
  /** How late the event loop was in all but one of 100 measurements since the start; ms. */
  readonly loopDelayP99Ms: number
}

/** What happened in a stretch of time. Counted at each change, not looked at now and then. */
export interface Sample {
  /** Its beginning. */
  readonly atMs: number
  readonly spanMs: number
  /** Connections in each lane, as their average over the time: connection-seconds by seconds. */
  readonly lanes: readonly number[]
  /** The most at a time in each lane. */
  readonly peaks: readonly number[]
  readonly admitted: number
  readonly refused: number
  /** Only those that occurred. */
  readonly reasons: Readonly<Partial<Record<DenyReason, number>>>
  /** How long logins that ended were in each lane but the last: for each lane pairs of an index in `timeBounds`, and how many. */
  readonly times: readonly (readonly (readonly [bucket: number, count: number])[])[]
}

/** Upper bounds of the buckets of `times`, ms, the bound included; one more bucket holds what is above the last. */
export { durationBoundsMs as timeBounds } from '../registry/duration-buckets.ts'

export interface History {
  /** Of each sample; larger the longer the time. */
  readonly stepMs: number
  /** Oldest first; where nothing ran there is none. */
  readonly samples: readonly Sample[]
}

export interface Refusals {
  readonly revision: number
  /** The latest first; no more than 200. */
  readonly groups: readonly RefusalGroup[]
  /** Refusals of groups that were given up for newer ones. */
  readonly forgotten: number
}

/** Refusals with one cause, from like clients in one network. */
export interface RefusalGroup {
  readonly key: string
  readonly count: number
  readonly reason: DenyReason
  /** What is wrong, in words: what was found out of most proofs that were looked into, else what the reason means. */
  readonly cause: string
  /** What was found out of the proofs that were looked into, and of how many; not all are. The most frequent first. */
  readonly findings: readonly (readonly [what: string, count: number])[]
  /** Of the latest one that had any. */
  readonly detail: string | null
  readonly remedy: string
  /** `PyMySQL 1.1.1`: as it says, or as its capabilities betray it; `null`: neither. */
  readonly client: string | null
  /** `10.0.3.0/24`, `2001:db8:1::/64`, `unix socket`. */
  readonly network: string
  /** The latest few. */
  readonly users: readonly string[]
  readonly firstMs: number
  readonly lastMs: number
  /** The latest few, the last one first: to be asked for by `/api/handshakes/:id`. */
  readonly handshakes: readonly number[]
}

/** One connection, or one login that has ended. */
export interface Handshake {
  readonly id: number
  readonly outcome: 'pending' | 'admitted' | 'refused'
  /** It is connected now, and can be killed. */
  readonly live: boolean
  /** A COM_CHANGE_USER, on a connection that was in. */
  readonly again: boolean
  readonly user: string | null
  /** That which was chosen for the user and host: `'app'@'%'`. */
  readonly account: string | null
  readonly database: string | null
  readonly host: string
  readonly address: string | null
  readonly port: number | null
  /** Of the proxy that passed it on. */
  readonly proxy: string | null
  readonly channel: 'plaintext' | 'tls' | 'unix-socket'
  readonly tls: { readonly version: string; readonly cipher: string } | null
  readonly plugin: string | null
  readonly client: string | null
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly capabilities: readonly string[]
  readonly lane: Lane
  readonly phase: string
  readonly acceptedAtMs: number
  /** Of the login; `null` as long as it goes on. */
  readonly endedAtMs: number | null
  readonly reason: DenyReason | null
  readonly cause: string | null
  readonly remedy: string | null
  /** As the client was told it. */
  readonly errorCode: number | null
  /** What was said and waited for, in order. */
  readonly ladder: readonly Rung[]
  /** How long it was in each lane that it was in; ms. */
  readonly times: readonly (readonly [lane: Lane, ms: number])[]
}

export interface Rung {
  /** Since the accept. */
  readonly atMs: number
  /** Since the rung before. */
  readonly sinceMs: number
  /** `null`: nobody said anything, something is waited for or was settled. */
  readonly from: 'client' | 'server' | null
  readonly text: string
  /** Of the packet's payload. */
  readonly bytes: number | null
}

export interface HostSeen {
  readonly address: string
  readonly name: string | null
  readonly validated: boolean
  /** In a row; at `max_connect_errors` the host is blocked. */
  readonly connectErrors: number
  readonly blocked: boolean
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  readonly lastErrorMs: number | null
  /** The errors by MySQL's column, those that occurred: `COUNT_HANDSHAKE_ERRORS`. */
  readonly errors: Readonly<Record<string, number>>
}

export interface AccountSeen {
  /** `'app'@'%'` */
  readonly name: string
  readonly plugins: readonly string[]
  readonly locked: boolean
  /** Failed logins in a row have locked it, until then; `null`: not so. */
  readonly lockedUntilMs: number | null
  readonly passwordExpired: boolean
  readonly requiresTls: boolean
  readonly lastLoginMs: number | null
  readonly lastFailureMs: number | null
  /** Since `sinceMs`. */
  readonly logins: number
  readonly failures: number
  /** Logins are counted since then. */
  readonly sinceMs: number
  readonly weaknesses: readonly Weakness[]
}

export type Weakness = 'empty-password' | 'native-password' | 'never-used' | 'any-host' | 'clear-password'

export interface BackendsSeen {
  readonly backends: readonly {
    readonly name: string
    readonly address: string
    readonly state: string
    readonly role: string
    readonly reason: string | null
    readonly version: string | null
    readonly connections: number
    /** 0: no limit. */
    readonly maxConnections: number
    readonly waiting: number
    readonly changedAtMs: number
  }[]
  readonly pools: readonly {
    readonly backend: string
    readonly user: string
    readonly open: number
    readonly busy: number
    readonly idle: number
    readonly waiting: number
  }[]
}

export interface Done {
  readonly done: string
}

/** What failed, for people: what, where and what to do. */
export interface Problem {
  readonly problem: string
}
