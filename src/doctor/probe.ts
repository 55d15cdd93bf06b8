/** What the active examination of a server (`saltgate doctor`) has found out, step by step. */
import type { LoginReport } from '../errors/login-report.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import type { Observation } from './observation.ts'

export interface Probe {
  readonly target: string
  /** Name resolution; `undefined` for an address or a socket. */
  readonly names:
    | {
        readonly host: string
        readonly addresses: readonly string[]
        readonly lookupMs: number
        /** By address: the names that it leads back to, and how long that took; empty where there are none. */
        readonly reverse: ReadonlyMap<string, { readonly names: readonly string[]; readonly ms: number }>
        readonly error: string | undefined
      }
    | undefined
  readonly connectMs: number | undefined
  readonly greeting: HandshakeV10 | undefined
  readonly greetingMs: number | undefined
  readonly tls: ProbedTls | undefined
  readonly attempts: readonly Attempt[]
  /** Why it ended before the logins; `undefined` when it did not. */
  readonly failure:
    | {
        readonly code: number
        readonly sqlState: string
        readonly message: string
        readonly login: LoginReport | undefined
      }
    | undefined
}

export interface ProbedTls {
  /** By version: whether the server takes it, and else the error's code. */
  readonly versions: ReadonlyMap<'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', 'accepted' | string>
  readonly chain: readonly {
    readonly subject: string
    readonly issuer: string
    readonly names: string
    readonly validFromMs: number
    readonly validToMs: number
    readonly x509Version: number
    readonly key: string
  }[]
  /** Node's verdict on chain and name; `undefined` when both are good. */
  readonly distrust: string | undefined
}

/** One login as one client would do it. */
export interface Attempt {
  /** `pymysql@1.1.1`. */
  readonly persona: string
  readonly tls: boolean
  /** Whether the server was made to forget the password before. */
  readonly cache: 'cold' | 'warm' | 'as-it-is'
  readonly seen: Observation
  /** What the real client would print or raise. */
  readonly says: string
}
