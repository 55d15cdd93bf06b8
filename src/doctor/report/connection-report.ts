/**
 * One connection as every report tells it, and as `--json` prints it: plain values, no secret anywhere in it. docs/trace.md describes the
 * fields for who reads them by program; none is renamed or taken away.
 */
import type { Channel } from '../../auth/plugin.ts'
import type { Observation, Outcome, SeenKind, Side } from '../observation.ts'

export interface ConnectionReport {
  readonly number: number
  /** ISO 8601, UTC. */
  readonly startedAt: string | null
  readonly durationMs: number
  readonly client: { readonly address: string; readonly port: number; readonly program: string | null }
  readonly server: {
    readonly address: string
    readonly port: number
    readonly version: string | null
    readonly connectionId: number | null
    readonly plugin: string | null
    readonly capabilities: readonly string[]
    readonly collation: string | null
  }
  readonly user: string | null
  readonly database: string | null
  /** The user of the last COM_CHANGE_USER: outcome and error are of that login. */
  readonly changedUser: string | null
  /** What the client said of itself; `null` before it said anything that decodes. */
  readonly login: {
    readonly plugin: string | null
    readonly capabilities: readonly string[]
    readonly collation: string
    readonly maxPacketSize: number
    readonly attributes: readonly (readonly [name: string, value: string])[]
  } | null
  /** In the order used, each once where it was used several times in a row. */
  readonly plugins: readonly string[]
  readonly exchanges: readonly ExchangeReport[]
  readonly channel: Channel
  readonly tls: TlsReport | null
  readonly outcome: Outcome
  readonly error: { readonly code: number; readonly sqlState: string | null; readonly message: string } | null
  /** In one sentence. */
  readonly verdict: string
  readonly steps: readonly Step[]
  readonly findings: readonly FindingReport[]
  readonly end: { readonly by: Side | null; readonly how: 'fin' | 'rst' | 'open'; readonly atMs: number }
  readonly foreign: NonNullable<Observation['foreign']> | null
  /** Bytes that the capture lacks. */
  readonly gaps: readonly { readonly from: Side; readonly bytes: number; readonly atMs: number }[]
  /** Why decoding stopped before the end. */
  readonly stopped: string | null
}

export interface ExchangeReport {
  readonly plugin: string
  readonly by: 'login' | 'switch' | 'next-factor' | 'change-user'
  readonly factor: number
  readonly channel: Channel
  /** Bytes that the server sent with the plugin's name: 21 are a nonce of 20 and a NUL. */
  readonly dataBytes: number
  /** Bytes of each answer. */
  readonly answers: readonly number[]
  /** What the first answer proves, where a password was given to test it with: `right`, or what is wrong about it. */
  readonly proof: string | null
}

export interface TlsReport {
  readonly requested: boolean
  readonly offered: string | null
  readonly version: string | null
  readonly cipher: string | null
  readonly serverName: string | null
  readonly resumed: boolean
  readonly inside: string
  readonly certificates: readonly {
    readonly subject: string
    readonly issuer: string
    readonly names: string
    readonly validFrom: string
    readonly validTo: string
  }[]
  readonly alerts: readonly {
    readonly from: Side
    readonly level: string
    readonly description: string
    readonly atMs: number
  }[]
}

/** Where in a connection a step stands, so that two connections can be laid side by side. */
export type StepPhase = 'greeting' | 'tls' | 'login' | 'authentication' | 'verdict' | 'commands' | 'end'

/** What one side said or did. */
export interface Step {
  /** Since the connection's first frame. */
  readonly atMs: number
  /** Since the step before. */
  readonly sinceMs: number
  readonly phase: StepPhase
  /** `null`: both, or nobody. */
  readonly from: Side | null
  readonly kind: SeenKind | 'Tls' | 'TlsAlert' | 'Gap' | 'Close'
  /** In words. */
  readonly text: string
  readonly channel: Channel
  /** Of a packet: payload bytes, number in its dialogue, fields by name. */
  readonly length?: number
  readonly sequenceId?: number
  readonly fields?: Readonly<Record<string, Shown>>
  /** Why it does not decode or does not belong there. */
  readonly problem?: string
  /** With `--verbose`: the payload, `--` for each byte of a secret; 4096 bytes at most. */
  readonly hex?: string
}

/** A value in JSON. Bytes that stay unsaid are `{ bytes: 32 }`. */
export type Shown =
  | string
  | number
  | boolean
  | null
  | readonly Shown[]
  | { readonly bytes: number; readonly hex?: string }
  | { readonly [name: string]: Shown }

export interface FindingReport {
  readonly id: string
  readonly title: string
  readonly severity: 'decisive' | 'risk' | 'note'
  /** Proven by its evidence; otherwise possible. */
  readonly certain: boolean
  readonly evidence: readonly string[]
  readonly affects: string
  readonly remedy: { readonly client?: string; readonly server?: string }
  readonly reference: string
}
