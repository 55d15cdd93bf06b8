/**
 * Who is authenticated how: ordered rules, of which the first that matches decides. Who matches none is refused.
 */
import type { PasswordSource } from '../client/options.ts'

/**
 * - `relay`: the backend judges. Its nonce goes to the client, its verdict comes back; a fresh connection for each client.
 * - `own`: the gateway's own accounts judge; the backend is logged in to as the same user, with a credential of its own.
 * - `backend`: the accounts of the backend, read from there, judge; the proof of the client is turned into one for the backend.
 * - `mapped`: as `own` or `backend`, and the backend is logged in to as somebody else.
 * - `refuse`: nobody gets in.
 */
export type Way = 'relay' | 'own' | 'backend' | 'mapped' | 'refuse'

export interface Rule {
  /** What `--explain-rule`, the log and the table of pairs call it. */
  readonly name?: string
  /** A pattern as in LIKE, `%` and `_` being wildcards, case-sensitive as users are; everybody when left out. */
  readonly user?: string
  /** A host pattern as of an account; everywhere when left out. */
  readonly host?: string
  readonly way: Way
  /** Of `mapped`: which accounts judge; `own` when left out. */
  readonly check?: 'own' | 'backend'
  /** Of `own`: the credential of each user at the backend. */
  readonly credentials?: Credential
  /** Of `mapped`, and needed there. */
  readonly as?: BackendLogin
  readonly to?: Route
  /** How backend connections are shared; `session` when left out. Relayed ones are never shared. */
  readonly pool?: 'off' | 'session' | 'transaction'
}

/** Whom the gateway logs in as. */
export interface BackendLogin {
  readonly user: string
  readonly credential: Credential
}

/** Which backend will do; the first that is up and fits is taken when both are left out. */
export interface Route {
  readonly backend?: string
  readonly role?: 'primary' | 'replica'
}

/** Where a password comes from. Asked for at each login to the backend; never kept. */
export type Credential =
  | { readonly password: string }
  /** The first line; or of a `.json` file, the member with the user's name. Must not be readable by others (0600). */
  | { readonly file: string }
  | { readonly env: string }
  /** A program and its arguments; the first line of its output. `{user}` and `{host}` in an argument are replaced. */
  | { readonly command: readonly string[] }
  /** An AWS IAM token, made by the gateway. */
  | { readonly awsIam: { readonly region?: string } }
  | { readonly callback: Extract<PasswordSource, (...arguments_: never[]) => unknown> }
