/**
 * The seam of a gateway: what stands between a stranger and their session where a server is behind the door. A door with a gate asks it for
 * a passage per stranger; the passage says what to greet with, who judges a login, and opens the backend's session before OK is sent.
 *
 * A throw, or a rejection, refuses (`verifier-failed`). Everything counts against the login's deadline.
 */
import type { Account } from '../accounts/account.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { MysqlError } from '../errors/errors.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import type { BackendOk } from '../machine/login-ok.ts'
import type { LoginPolicy, OwnProof, RelayedPacket } from '../machine/server-states.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Admitted, Login } from './login.ts'
import type { Realm } from './realm.ts'
import type { TlsPeer } from './tls-context.ts'

export interface Gate {
  /** A stranger was accepted; nothing was sent. */
  receive(record: ConnectionRecord): Passage
}

export interface Passage {
  /** What to greet with; asked once. */
  greeting(): Greeting | Promise<Greeting>
  /** Who judges a login, asked when its user is known: of the first login and of each COM_CHANGE_USER. */
  judge(login: LoginFacts, peer: TlsPeer | undefined, again: boolean): Judge | Promise<Judge>
  /** What a client is told whose proof did not hold, or who may not enter: the last say. */
  onDenied(denial: Denial): Denial | Promise<Denial>
  /** Opens the backend's session, and answers `to`. */
  open(request: SessionRequest, to: LoginSide): void
  /** The client's answer to what `to.ask` asked. */
  onRelayedAnswer(answer: Uint8Array): void
  /** OK is queued: the passage takes the connection over. */
  onAdmitted(login: Login, admitted: Admitted, greetingNonce: Uint8Array): void
  /** There will be no session, or no more: what was opened is closed. Called once, last. */
  onRefused(reason: DenyReason): void
}

export type Greeting =
  | { readonly policy: LoginPolicy }
  | { readonly reason: DenyReason; readonly error: MysqlError; readonly detail?: string }

export type Judge =
  | { readonly by: 'realm'; readonly realm: Realm }
  /** The login is relayed; `account` stands for whoever the backend lets in. */
  | { readonly by: 'backend'; readonly account: Account }
  | ({ readonly by: 'nobody' } & Denial)

export interface Denial {
  readonly reason: DenyReason
  /** Left out: the reason's own. */
  readonly error?: MysqlError
  readonly detail?: string
}

export interface SessionRequest {
  readonly login: LoginFacts
  readonly account: Account
  /** The proof that was checked here; `undefined`: the login is relayed. */
  readonly own: OwnProof | undefined
}

/** A login that waits for its backend. Each call after its end is ignored. */
export interface LoginSide {
  ready(ok: BackendOk): void
  refused(denial: Denial): void
  /** Of a relayed login. `answered`: the answer comes by `onRelayedAnswer`. */
  ask(packet: RelayedPacket, answered: boolean): void
  /** The backend wants the password itself; `open` is called once more when the client has given it. */
  wantsPassword(): void
}
