/** The vocabulary of the client's login machine. Theory of operation is in `client-handshake.ts`. */
import type { ClientDialogue, ClientPlugin, Question } from '../auth/plugin.ts'
import type { MysqlError } from '../errors/errors.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import type { Ok } from '../packets/ok.ts'
import type { LoginStep, PeerTrust } from './login-steps.ts'

export interface ClientOptions {
  readonly user: string
  /** Of the first, second and third factor: UTF-8, without NUL; empty for "no password". */
  readonly passwords: readonly Uint8Array[]
  /** Secrets that belong to a plugin, whatever the factor: its token. */
  readonly tokens?: ReadonlyMap<string, Uint8Array>
  readonly database?: string
  /** What the client can do; masked by what the server offers. CLIENT_SSL is added by `tls`. */
  readonly capabilities: number
  /** The same for MariaDB's extended capabilities. */
  readonly mariadbCapabilities: number
  readonly collationId: number
  readonly maxPacketSize: number
  /** `required`: nothing but an SSLRequest follows a greeting, or the login fails. A unix socket is encrypted only then. */
  readonly tls: 'never' | 'preferred' | 'required'
  /** By their names on the wire; of a plugin that is not here the server gets nothing. */
  readonly plugins: ReadonlyMap<string, ClientPlugin>
  /** The plugin to begin with; left out: the one that the greeting names. */
  readonly defaultPlugin?: string
  readonly allowClearPassword: boolean
  readonly mayRequestPublicKey: boolean
  readonly serverPublicKey?: string
  /**
   * What may not be proven here is answered wrong, for the server to refuse: a login that is broken off counts against the address
   * there. For whoever speaks for many clients.
   */
  readonly neverBreaksOff?: boolean
  readonly connectAttributes?: ConnectAttributes
  /** Connect attributes tell a listener about the client's machine. */
  readonly attributesOnPlaintext: boolean
  /** Capabilities of which the first that the server has is asked for: of two, it would choose. */
  readonly compressions?: readonly number[]
  readonly zstdLevel?: number
  /** Bytes that nobody can foresee. */
  random(length: number): Uint8Array
}

/** What TLS has told of the server. */
export interface Peer {
  readonly trust: PeerTrust
  /** SHA-256 of the certificate. */
  readonly fingerprint: Uint8Array
  /** Why the certificate is not trusted, where it is not. */
  readonly distrust?: string
  /** It was proven by the password of one login, which is no proof to those who have another: its distrust stands. */
  readonly byPassword?: true
}

/** One exchange of proofs, from the login, or a switch, to its verdict. */
export interface Exchange {
  readonly greeting: HandshakeV10
  readonly capabilities: number
  readonly plugin: string
  /** `undefined` while the plugin may not run on this channel: the server has to switch. */
  readonly dialogue: ClientDialogue | undefined
  readonly factor: number
  readonly switches: number
  readonly rounds: number
  /** What both sides can compute of the password, for the proof of a certificate. */
  readonly passwordHash: (() => Uint8Array) | undefined
}

export type ClientState =
  | { readonly at: 'await-greeting' }
  | { readonly at: 'await-tls'; readonly greeting: HandshakeV10 }
  | { readonly at: 'await-verdict'; readonly exchange: Exchange }
  | { readonly at: 'await-answer'; readonly exchange: Exchange }
  | ({ readonly at: 'ready' } & LoggedIn)
  | { readonly at: 'failed'; readonly error: MysqlError }

/** What a login leaves behind: all that later commands, and a COM_CHANGE_USER, need of it. */
export interface LoggedIn {
  readonly greeting: HandshakeV10
  readonly capabilities: number
  readonly mariadbCapabilities: number
  readonly pluginName: string
  readonly ok: Ok
  readonly peer: Peer | undefined
}

export type ClientInput =
  | { readonly is: 'packet'; readonly payload: Uint8Array; readonly sequenceId: number }
  /** The channel is encrypted, and the peer proven as far as the caller's TLS mode asks. */
  | { readonly is: 'tls-established'; readonly peer: Peer }
  /** Answer to `ask`. */
  | { readonly is: 'answer'; readonly answer: Uint8Array }
  /** The driver gives up, whatever the state: TLS failed, nobody answered the question, the deadline, the end of the stream. */
  | { readonly is: 'abort'; readonly error: MysqlError }

export type ClientEffect =
  /** The payload may hold a secret and is wiped at the next step: frame it at once. */
  | { readonly do: 'send'; readonly payload: Uint8Array; readonly sequenceId: number }
  /** The reader must be empty: a byte that came in clear behind the greeting is an attack (T24). */
  | { readonly do: 'start-tls' }
  | { readonly do: 'ask'; readonly question: Question }
  | { readonly do: 'tell'; readonly step: LoginStep }
  | { readonly do: 'close' }
