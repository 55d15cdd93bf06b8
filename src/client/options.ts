/** What a caller may say about a connection; each option is named after MySQL's own where that has one. */
import type { Question } from '../auth/plugin.ts'
import type { LoginStep } from '../machine/login-steps.ts'
import type { RowOptions } from './result.ts'

/** MySQL's --ssl-mode. */
export type TlsMode = 'DISABLED' | 'PREFERRED' | 'REQUIRED' | 'VERIFY_CA' | 'VERIFY_IDENTITY'

export interface ClientTlsOptions {
  /**
   * Left out: VERIFY_IDENTITY, but PREFERRED where nobody stands in between (loopback addresses). A unix socket is never encrypted
   * unless REQUIRED or more is said.
   */
  readonly mode?: TlsMode
  /** PEM, one or more certificates; left out: the authorities that Node knows. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** PEM of the client's certificate (with its chain), key, and the key's passphrase. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  /** PEM of revoked certificates. */
  readonly crl?: string | Buffer
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's list, TLS 1.2 and 1.3 alike. */
  readonly ciphers?: string
  /** SNI, and the name that VERIFY_IDENTITY looks for; left out: `host`. */
  readonly serverName?: string
  /** SHA-256 of the server's certificate, as 64 hex digits with or without colons: proves it in the place of an authority. */
  readonly fingerprint?: string
}

/** A password, or who has one: called once per login, as late as possible; what it returns is never kept. */
export type PasswordSource =
  | string
  | Uint8Array
  | ((login: {
      readonly host: string
      readonly port: number
      readonly user: string
    }) => SecretText | Promise<SecretText>)
type SecretText = string | Uint8Array

export interface ConnectOptions extends RowOptions {
  /** Name or address; default `localhost`, which is TCP here. */
  readonly host?: string
  /** Default 3306. */
  readonly port?: number
  /** Path of a unix socket: instead of host and port. */
  readonly socketPath?: string
  readonly user?: string
  readonly password?: PasswordSource
  /** Of the second and third factor of a multi-factor account. */
  readonly password2?: PasswordSource
  readonly password3?: PasswordSource
  readonly database?: string
  readonly tls?: ClientTlsOptions
  /** The plugin to begin with (--default-auth); left out: the one that the greeting names. */
  readonly defaultAuth?: string
  /** The only plugins that a server may choose; left out: all that the channel permits. */
  readonly allowPlugins?: readonly string[]
  /** Permits plugins that send the password or a token as it is, over a unix socket or TLS with a verified name. Default false. */
  readonly enableCleartextPlugin?: boolean
  /** Permits to ask the server for its RSA key on a plaintext channel, where anybody may answer. Default false. */
  readonly getServerPublicKey?: boolean
  /** PEM of the server's RSA key. */
  readonly serverPublicKey?: string
  /** Token of authentication_openid_connect_client, or who has one. */
  readonly openidToken?: PasswordSource
  /** Answers what a server asks a person (PAM); left out: the first question gets the password, others end the login. */
  readonly prompt?: (question: Question) => string | Promise<string>
  /** Milliseconds for all of it: name, TCP, TLS, login. Default 10,000. */
  readonly connectTimeoutMs?: number
  /** Added to those that name this client; `false` sends none. On plaintext TCP to another machine none are sent (T21). */
  readonly connectAttributes?: Readonly<Record<string, string>> | false
  /** In order of preference; default none. */
  readonly compress?: readonly ('zstd' | 'zlib')[]
  /** 1 to 22; default 3. */
  readonly zstdLevel?: number
  /** Permits several statements in one text. Default false. */
  readonly multiStatements?: boolean
  /** affectedRows counts rows that were found, not only changed ones. Default false. */
  readonly foundRows?: boolean
  /** Whether an account with an expired password may come in to change it. Default false: 1862. */
  readonly connectExpiredPassword?: boolean
  /** Bytes of one packet that are taken; default 64 MiB, as in the mysql client's library 1 GiB at most. */
  readonly maxAllowedPacket?: number
  readonly keepAlive?: boolean
  /** Ends the attempt; later the signal means nothing to the connection. */
  readonly signal?: AbortSignal
  /** Told of each step of the login, as it happens. */
  readonly onStep?: (step: LoginStep, elapsedMs: number) => void
}
