/**
 * A login as somebody beside it saw it: from a capture, from a tap, or from a probe of our own. Everything that the doctor says is
 * read off this.
 */
import type { Channel } from '../auth/plugin.ts'
import type { PacketKind } from '../machine/phases.ts'
import type { Err } from '../packets/err.ts'
import type { HandshakeResponse41 } from '../packets/handshake-response-41.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import type { SslRequest } from '../packets/ssl-request.ts'

export type Side = 'client' | 'server'

export interface Endpoint {
  /** An IP address in canonical text, or the path of a unix socket. */
  readonly address: string
  /** 0 of a unix socket. */
  readonly port: number
}

/** A packet's kind: those of the phase table, a command by its name, or a packet that is none of these. */
export type SeenKind = PacketKind | `COM_${string}` | 'Unknown'

export interface SeenPacket {
  readonly from: Side
  /** Since the connection's first frame. */
  readonly atMs: number
  readonly kind: SeenKind
  /** Bytes of their own; at most 64 KiB of a longer packet. */
  readonly payload: Uint8Array
  /** Of the whole payload. */
  readonly length: number
  readonly sequenceId: number
  /** The fields as the codec names them; `undefined` where there are none, or they do not decode. */
  readonly fields: Readonly<Record<string, unknown>> | undefined
  /** Why it does not decode, or does not belong there. */
  readonly problem: string | undefined
  readonly channel: Channel
}

/** One exchange of proofs: what was asked, over which nonce, and what was answered. */
export interface SeenExchange {
  readonly plugin: string
  /** By which packet it began. */
  readonly by: 'login' | 'switch' | 'next-factor' | 'change-user'
  /** Without the trailing NUL of a nonce of 20 bytes. */
  readonly nonce: Uint8Array
  /** As on the wire, with the NUL. */
  readonly data: Uint8Array
  /** What the client answered, in order: the first answer, then those to AuthMoreData. */
  readonly answers: readonly Uint8Array[]
  /** What the server sent as AuthMoreData. */
  readonly moreData: readonly Uint8Array[]
  /** 1 to 3. */
  readonly factor: number
  readonly channel: Channel
}

export interface SeenTls {
  /** By an SSLRequest; false where the first bytes were TLS. */
  readonly requested: boolean
  /** The highest version that the client offers, and the one that the server chose: `TLSv1.3`. */
  readonly offered: string | undefined
  readonly version: string | undefined
  readonly cipher: string | undefined
  readonly serverName: string | undefined
  /** DER, the server's own first; seen up to TLS 1.2, or where the keys are known. */
  readonly certificates: readonly Uint8Array[]
  readonly alerts: readonly {
    readonly from: Side
    readonly level: string
    readonly description: string
    readonly atMs: number
  }[]
  readonly resumed: boolean
  /** Whether what was inside could be read, and where not, why. */
  readonly inside: 'seen' | 'no-keys' | 'not-reached' | string
}

export type Outcome = 'ok' | 'refused' | 'aborted'

export interface Observation {
  /** From 1, in the order in which the connections began. */
  readonly number: number
  readonly client: Endpoint
  readonly server: Endpoint
  /** Milliseconds since 1970; `undefined` where no clock was seen. */
  readonly startedMs: number | undefined
  readonly durationMs: number
  /** From greeting to verdict, commands behind it up to a limit. */
  readonly packets: readonly SeenPacket[]
  readonly greeting: HandshakeV10 | undefined
  readonly sslRequest: SslRequest | undefined
  readonly login: HandshakeResponse41 | undefined
  readonly exchanges: readonly SeenExchange[]
  readonly tls: SeenTls | undefined
  readonly channel: Channel
  /** Of the last login on the connection, a COM_CHANGE_USER included. */
  readonly outcome: Outcome
  /** The ERR that refused it, or that came in the place of the greeting. */
  readonly error: Err | undefined
  /** Who closed, and how. */
  readonly end: { readonly by: Side | undefined; readonly how: 'fin' | 'rst' | 'open'; readonly atMs: number }
  /** What speaks there instead of MySQL. */
  readonly foreign: 'http' | 'tls' | 'ssh' | 'x-protocol' | 'postgresql' | 'text' | undefined
  /** Bytes that the capture lacks. */
  readonly gaps: readonly { readonly from: Side; readonly bytes: number; readonly atMs: number }[]
  /** Where decoding stopped before the end, and why, with the offset in that side's stream; `undefined` when it did not. */
  readonly stopped: string | undefined
}
