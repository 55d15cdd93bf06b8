/**
 * The vocabulary of the server's login machine: where it stands, what can happen to it, what it asks for. Theory of
 * operation is in `server-handshake.ts`.
 */
import type { Account } from '../accounts/account.ts'
import type { AuthPlugin, Channel, ServerDialogue } from '../auth/plugin.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { MysqlError } from '../errors/errors.ts'
import type { SslRequest } from '../packets/ssl-request.ts'
import type { Login } from './login.ts'
import type { BackendOk } from './login-ok.ts'
import type { PhaseName } from './phases.ts'

/** The account that a proof is checked against. A decoy looks like one and never gets in. */
export interface Candidate {
  readonly account: Account
  readonly decoy: boolean
  /** Digests of passwords that passed full authentication for this credential version. */
  readonly fastDigests: readonly Uint8Array[]
}

/** One exchange of a login: the proof of one factor, by one of its alternatives. Most logins have one. */
export interface Attempt {
  readonly login: Login
  readonly candidate: Candidate
  readonly plugin: AuthPlugin
  readonly nonce: Uint8Array
  /** 1, 2 or 3. */
  readonly factor: number
  /** Of the account's alternatives for the first factor; 0 is the account's own plugin. */
  readonly alternative: number
  /** The stored credentials to prove: the current one, then the retained one of a dual password. */
  readonly authStrings: readonly string[]
  /** Whether an answer of the client held anything: the "using password" of error 1045. */
  readonly usedPassword: boolean
  /** Why the alternatives before this one did not hold. */
  readonly failed: readonly DenyReason[]
  /** Fresh bytes for the exchanges that may follow. */
  readonly nonces: Uint8Array
}

/** Where a login stands. Each member holds what is known there, and nothing else. */
export type ServerState =
  | { readonly at: 'await-start' }
  | { readonly at: 'await-login' }
  | { readonly at: 'await-tls'; readonly request: SslRequest }
  | { readonly at: 'await-login-over-tls'; readonly request: SslRequest }
  | { readonly at: 'await-account'; readonly login: Login; readonly answer: Uint8Array }
  /** The answer to an AuthSwitchRequest or AuthNextFactor. */
  | { readonly at: 'await-switch-answer'; readonly attempt: Attempt }
  | {
      readonly at: 'await-auth-answer'
      readonly attempt: Attempt
      readonly dialogue: ServerDialogue
      readonly round: number
    }
  | { readonly at: 'await-secret-check'; readonly attempt: Attempt }
  | { readonly at: 'await-admission'; readonly attempt: Attempt; readonly proof: Proof }
  /** The backend's session is being opened, or a relayed answer is with the backend, which judges it. */
  | { readonly at: 'await-backend'; readonly login: Login; readonly account: Account; readonly own?: OwnProof }
  /** The answer to a question that the backend asked. */
  | { readonly at: 'await-relayed-answer'; readonly login: Login; readonly account: Account }
  | { readonly at: 'ready'; readonly login: Login; readonly account: Account; readonly pluginName: string }
  | {
      readonly at: 'refused'
      readonly error: MysqlError | undefined
      readonly reason: DenyReason
      readonly during: PhaseName
      readonly detail: string | undefined
    }

/** The phase of each state: what the process list, the table of handshakes and a refusal name. */
export const phaseOf: Readonly<Record<ServerState['at'], PhaseName>> = {
  'await-start': 'greeting',
  'await-login': 'login',
  'await-tls': 'tls',
  'await-login-over-tls': 'login-over-tls',
  'await-account': 'account',
  'await-switch-answer': 'auth-switch-answer',
  'await-auth-answer': 'auth-answer',
  'await-secret-check': 'secret-check',
  'await-admission': 'admission',
  'await-backend': 'backend',
  'await-relayed-answer': 'auth-answer',
  ready: 'ready',
  refused: 'refused',
}

/** A proof that was checked here and holds; `last` is owed to the client ahead of the verdict. */
export interface OwnProof {
  readonly attempt: Attempt
  readonly proof: HoldingProof
}

export interface HoldingProof {
  readonly holds: true
  readonly credential: number
  /** What the plugin has to say before OK, held back while a backend may still want the password. */
  readonly last?: Uint8Array
  /** What a backend's nonce can be signed with; only where `LoginPolicy.hasBackend`. Whoever is given it wipes it. */
  readonly signer?: Signer
}

/** SHA1(password) for mysql_native_password, SHA256(password) for caching_sha2_password, or the password itself. */
export interface Signer {
  readonly kind: 'sha1' | 'sha256' | 'password'
  readonly bytes: Uint8Array
}

/** The outcome of the proof, before anything else about the account is looked at. */
export type Proof =
  | HoldingProof
  | { readonly holds: false; readonly reason: DenyReason; readonly detail: string | undefined }

/** All that can happen to a login. */
export type ServerInput =
  | { readonly is: 'packet'; readonly payload: Uint8Array; readonly sequenceId: number }
  | { readonly is: 'tls-established' }
  | { readonly is: 'tls-failed'; readonly detail: string }
  /** Answer to `find-account`. `nonces` are as many bytes as `nonceBytes` asks for, and fresh: nobody has seen them. */
  | { readonly is: 'account'; readonly candidate: Candidate; readonly nonces: Uint8Array }
  /** Another answer to `find-account`: the backend judges. `account` stands for whoever that lets in. */
  | { readonly is: 'relay'; readonly account: Account }
  /** A relaying backend speaks; `answered`: it waits for what the client says to that. */
  | { readonly is: 'backend-asks'; readonly packet: RelayedPacket; readonly answered: boolean }
  /** The backend does not take the recovered proof: its own cache is cold. Only after caching_sha2_password's fast authentication. */
  | { readonly is: 'backend-wants-password' }
  /** Answer to `open-backend`. */
  | { readonly is: 'backend-ready'; readonly ok: BackendOk }
  /** Answer to `check-secret`. */
  | { readonly is: 'secret-checked'; readonly proof: Proof }
  /** Answers to `admit`. */
  | { readonly is: 'admitted'; readonly statusFlags: number }
  | { readonly is: 'denied'; readonly reason: DenyReason; readonly error?: MysqlError; readonly detail?: string }
  | { readonly is: 'deadline' }
  /** The peer will send nothing more. */
  | { readonly is: 'ended' }
  /** This side gives up, whatever the state: a kill, a shutdown, a framing error. */
  | { readonly is: 'abort'; readonly reason: DenyReason; readonly error?: MysqlError; readonly detail?: string }

/** All that a login can ask for. */
export type ServerEffect =
  | { readonly do: 'send'; readonly payload: Uint8Array; readonly sequenceId: number }
  /** Start TLS now; bytes received behind the SSLRequest belong to TLS. */
  | { readonly do: 'start-tls' }
  | { readonly do: 'find-account'; readonly login: Login }
  | {
      readonly do: 'check-secret'
      readonly attempt: Attempt
      readonly secret: Uint8Array
      readonly form: 'clear' | 'sealed'
    }
  /** The proof is settled; everything else about the account is not. A proof that does not hold may only be denied. */
  | { readonly do: 'admit'; readonly attempt: Attempt; readonly proof: Proof }
  /** Only where `LoginPolicy.hasBackend`. Without `own` the login is relayed: the backend is given what the client answers. */
  | { readonly do: 'open-backend'; readonly login: Login; readonly account: Account; readonly own?: OwnProof }
  | { readonly do: 'relay-answer'; readonly answer: Uint8Array }
  | { readonly do: 'close' }

/** What a backend may say before its verdict. */
export type RelayedPacket =
  | { readonly kind: 'auth-switch' | 'next-factor'; readonly plugin: string; readonly data: Uint8Array }
  | { readonly kind: 'more-data'; readonly data: Uint8Array }

/** What the machine of every connection of one server shares; a new object after a reload. */
export interface LoginPolicy {
  readonly serverVersion: string
  /** Offered in the greeting, CLIENT_SSL included only if TLS can be had. */
  readonly capabilities: number
  readonly mariadbCapabilities: number
  readonly collationId: number
  readonly defaultPlugin: AuthPlugin
  readonly plugins: ReadonlyMap<string, AuthPlugin>
  /** PEM of the RSA key that clients without TLS may ask for. */
  readonly publicKey: string | undefined
  /** Whether `mysql_clear_password` may run, on a secure channel. */
  readonly allowClearPassword: boolean
  /** Nobody is let in before a backend is there for them. */
  readonly hasBackend: boolean
}

export interface Stranger {
  readonly connectionId: number
  /** As it appears in errors: the validated name, or the address. */
  readonly host: string
  readonly channel: Channel
}
