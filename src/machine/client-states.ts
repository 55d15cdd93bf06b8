/** The vocabulary of the client's login machine. Theory of operation is in `client-handshake.ts`. */
import type { AuthPlugin, ClientDialogue } from '../auth/plugin.ts'
import type { MysqlError } from '../errors/errors.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import type { Ok } from '../packets/ok.ts'

export interface ClientOptions {
  readonly user: string
  /** UTF-8, without NUL; empty for "no password". */
  readonly password: Uint8Array
  readonly database?: string
  /** What the client can do; masked by what the server offers. CLIENT_SSL is added by `tls`. */
  readonly capabilities: number
  readonly collationId: number
  readonly maxPacketSize: number
  /** `required`: nothing but an SSLRequest follows a greeting, or the login fails. */
  readonly tls: 'never' | 'preferred' | 'required'
  readonly plugins: ReadonlyMap<string, AuthPlugin>
  /** Tried first when the greeting names a plugin that we do not have. */
  readonly defaultPlugin: string
  readonly allowClearPassword: boolean
  readonly mayRequestPublicKey: boolean
  readonly serverPublicKey?: string
  readonly connectAttributes?: ConnectAttributes
  readonly zstdLevel?: number
}

export type ClientState =
  | { readonly at: 'await-greeting' }
  | { readonly at: 'await-tls'; readonly greeting: HandshakeV10 }
  | {
      readonly at: 'await-verdict'
      readonly greeting: HandshakeV10
      readonly capabilities: number
      readonly pluginName: string
      readonly dialogue: ClientDialogue | undefined
      readonly switches: number
      readonly rounds: number
    }
  | {
      readonly at: 'ready'
      readonly greeting: HandshakeV10
      readonly capabilities: number
      readonly pluginName: string
      readonly ok: Ok
    }
  | { readonly at: 'failed'; readonly error: MysqlError }

export type ClientInput =
  | { readonly is: 'packet'; readonly payload: Uint8Array; readonly sequenceId: number }
  /** The channel is encrypted and the peer proven as far as the caller's TLS mode asks. */
  | { readonly is: 'tls-established' }
  | { readonly is: 'tls-failed'; readonly error: MysqlError }
  | { readonly is: 'deadline' }
  | { readonly is: 'ended' }

export type ClientEffect =
  | { readonly do: 'send'; readonly payload: Uint8Array; readonly sequenceId: number }
  /** The reader must be empty: a byte that came in clear behind the greeting is an attack (T24). */
  | { readonly do: 'start-tls' }
  | { readonly do: 'close' }
