/**
 * One live connection as everybody else sees it: the process list, the handshake table, KILL. The front door writes, the
 * console and the dashboard read.
 */
import type { Channel } from '../auth/plugin.ts'
import type { Login } from '../machine/login.ts'
import type { PhaseName } from '../machine/phases.ts'
import { Story } from './story.ts'
import type { Tally } from './tally.ts'

/** The phases of the machine, and those before it begins. */
export type DoorPhase = 'accepted' | 'proxy-header' | 'resolving-name' | PhaseName

/** Who passed a connection on. */
export interface ProxyFacts {
  /** The proxy's own; `undefined` on a unix socket. */
  readonly address: string | undefined
  readonly port: number | undefined
  /** What its header says besides, by type. */
  readonly tlvs: ReadonlyMap<number, Uint8Array>
}

/** What TLS turned out to be, in MySQL's spelling: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`. */
export interface TlsFacts {
  readonly version: string
  readonly cipher: string
}

/** What is to end: the connection, or only its statement; `shutdown`: the connection, because the server ends. */
export type Killed = 'connection' | 'query' | 'shutdown'

function gone(): void {}

export class ConnectionRecord {
  readonly id: number
  /** The client's, as a proxy says if there is one; `undefined` on a unix socket. */
  address: string | undefined
  port: number | undefined
  /** Set when the connection began with a PROXY header that counts. */
  proxy: ProxyFacts | undefined = undefined
  /** The validated name. */
  hostName: string | undefined = undefined
  channel: Channel
  tls: TlsFacts | undefined = undefined
  /** Wall clock, ms since 1970. */
  readonly acceptedAtMs: number

  phase: DoorPhase = 'accepted'
  /** Of the login that is under way, or was the last. */
  story = new Story()
  /** Where its phases are counted as long as it is live. */
  tally: Tally | undefined = undefined
  /** Wall clock, ms since 1970, of the last change of `phase`. */
  phaseSinceMs: number
  /** What the client said of itself; known from the login on, before anything of it is proven. */
  login: Login | undefined = undefined
  /** The plugin that judges the proof. */
  plugin: string | undefined = undefined

  /** `'app'@'%'`: chosen for the user and the host that are said, proven or not. `undefined`: there is none, or none was looked for. */
  account: string | undefined = undefined
  /** The proven user; `undefined` is MySQL's "unauthenticated user". */
  user: string | undefined = undefined
  /** The account's own name, as CURRENT_USER() gives it. */
  accountName: string | undefined = undefined
  database: string | undefined = undefined
  /** As in the process list: `Connect`, `Sleep`, `Query` ... */
  command = 'Connect'
  state = 'login'
  info: string | undefined = undefined
  /** Wall clock, ms since 1970, of the last change of `command`; the process list's Time. */
  sinceMs: number

  /** Ends the connection, or only the statement that it runs. */
  kill: (what: Killed) => void = gone
  /** Ends the connection as soon as its statement is answered; only authenticated connections can wait. */
  drain: (() => void) | undefined = undefined

  constructor(id: number, channel: Channel, address: string | undefined, port: number | undefined, nowMs: number) {
    this.id = id
    this.channel = channel
    this.address = address
    this.port = port
    this.acceptedAtMs = nowMs
    this.phaseSinceMs = nowMs
    this.sinceMs = nowMs
    this.story.enter('accepted', performance.now())
  }

  /** The connection is gone: nothing of it is held any longer, and KILL finds nobody. */
  leave(): void {
    this.kill = gone
    this.drain = undefined
  }

  enter(phase: DoorPhase, nowMs: number): void {
    if (this.phase === phase) return
    const atMs = performance.now()
    this.tally?.move(this.phase, phase, atMs)
    this.story.enter(phase, atMs)
    this.phase = phase
    this.phaseSinceMs = nowMs
  }

  /** COM_CHANGE_USER: another login begins. What is known of the session stays as it is until that one has ended. */
  beginAgain(nowMs: number): void {
    this.story = new Story()
    this.account = undefined
    this.plugin = undefined
    this.enter('account', nowMs)
  }

  /** Host as errors and USER() show it: the name, or the address, or `localhost` on a unix socket. */
  get host(): string {
    return this.hostName ?? this.address ?? 'localhost'
  }
}
