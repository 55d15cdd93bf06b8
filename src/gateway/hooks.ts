/**
 * The hooks of a gateway: mysql-proxy's four, and two more. Each gets plain data, so that it can be tested without a socket and
 * replayed from a trace, and answers by a typed decision; nothing, or `undefined`, lets the connection go on.
 *
 * A hook may be slow: it may return a promise, which counts against its own deadline (`hookTimeoutMs`) and that of the login. What throws,
 * rejects, never settles or answers with something else than a decision refuses the connection.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { Channel } from '../auth/plugin.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { BackendLogin, Route } from './rules.ts'

export interface Hooks {
  /** A client is here; nothing was sent. Called once per connection. May choose a backend, take its time, or refuse. */
  connectServer?(client: ClientSeen): Answer<Go | Refuse>
  /** What the client will be greeted with: the greeting of the backend, as last seen. Called once per connection. */
  readHandshake?(greeting: GreetingSeen, client: ClientSeen): Answer<Show | Refuse>
  /** The login of a client, nothing of it proven. Called once per connection. */
  readAuth?(login: LoginSeen, client: ClientSeen): Answer<Go | Refuse>
  /**
   * What the client is about to be told: the verdict, and of a relayed login each packet before it, in order; of COM_CHANGE_USER too. An
   * error that a hook made is not shown to it again. Only an `err` can be replaced; anything may be refused.
   */
  readAuthResult?(result: AuthResultSeen, client: ClientSeen): Answer<Refuse>
  /** The new login of a COM_CHANGE_USER, nothing of it proven. Left out: `readAuth` is asked. */
  changeUser?(login: LoginSeen, client: ClientSeen): Answer<Go | Refuse>
  /** The connection is gone, or was refused; called exactly once for each `connectServer`. What it answers is not looked at. */
  disconnect?(ended: EndSeen, client: ClientSeen): void | Promise<void>
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
export type Answer<Decision> = Decision | undefined | void | Promise<Decision | undefined | void>

/** Goes on, with what is set changed. */
export interface Go {
  readonly do: 'go'
  /** Which backend. Overrides the rule's. */
  readonly to?: Route
  /** Whom to be there: the rule becomes `mapped`. Not for relayed logins: those prove themselves to the backend. */
  readonly as?: BackendLogin
  /** Of the backend session, in place of the client's. */
  readonly database?: string
}

/** Turns the client away, or replaces the error that it would get. */
export interface Refuse {
  readonly do: 'refuse'
  /** 1045 unless given. */
  readonly code?: number
  readonly sqlState?: string
  /** What the client reads; MySQL's own text for the code where left out. */
  readonly message?: string
  /** For the log, the handshake table and metrics; the client does not see it. */
  readonly detail?: string
}

/** Changes what the client sees of the server. */
export interface Show {
  readonly do: 'show'
  readonly serverVersion?: string
  /** A plugin to begin with. */
  readonly plugin?: string
  /** CLIENT_* flags that are not offered. */
  readonly withoutCapabilities?: number
}

/** Who is here; grows with what becomes known. */
export interface ClientSeen {
  readonly connectionId: number
  /** `undefined` on a unix socket. Behind a proxy that is trusted, what its PROXY header says. */
  readonly address: string | undefined
  readonly port: number | undefined
  /** The validated name, if names are resolved. */
  readonly hostName: string | undefined
  readonly channel: Channel
  /** TLVs of the PROXY header, by type. */
  readonly proxyTlvs: ReadonlyMap<number, Uint8Array> | undefined
}

export interface GreetingSeen {
  readonly serverVersion: string
  readonly capabilities: number
  readonly plugin: string
  /** `undefined`: put together from all backends. */
  readonly backend: string | undefined
}

export interface LoginSeen {
  readonly user: string
  readonly database: string | undefined
  readonly plugin: string | undefined
  readonly capabilities: number
  readonly collationId: number
  readonly attributes: ReadonlyMap<string, string>
  /** Of the client's certificate, if it showed one that was verified. */
  readonly certificate: { readonly subject: string; readonly issuer: string } | undefined
}

export type AuthResultSeen =
  | { readonly is: 'ok'; readonly user: string; readonly backend: string; readonly backendUser: string }
  | {
      readonly is: 'err'
      readonly code: number
      readonly sqlState: string
      readonly message: string
      readonly reason: DenyReason
    }
  | { readonly is: 'auth-switch' | 'next-factor'; readonly plugin: string }
  | { readonly is: 'more-data'; readonly bytes: number }

export interface EndSeen {
  readonly user: string | undefined
  readonly backend: string | undefined
  /** Why it was refused; `undefined` for one that was in. */
  readonly reason: DenyReason | undefined
  readonly aliveMs: number
}
