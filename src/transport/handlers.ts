/** Who takes what a connection reads: packets, or bytes as they come; and who waits for TLS. */
import type { TLSSocket, TLSSocketOptions } from 'node:tls'
import type { MysqlError } from '../errors/errors.ts'
import type { TakeInPlace } from '../wire/framer.ts'

export interface PacketHandler {
  /** While false, packets stay undecoded in the reader. */
  readonly wantsPacket: boolean
  /** Packets of this peer that are handled before others get their turn; 64 unless given. */
  readonly packetsAtOnce?: number
  /** Bytes that may lie in the reader while no packet is wanted; the reader's limit unless given. */
  readonly heldBytes?: number
  /** Takes the bytes as they come, in place of packets: for what is said ahead of the protocol. */
  onBytes?(chunk: Uint8Array): void
  /** `payload` is valid during the call only. */
  onPacket(payload: Uint8Array, sequenceId: number, frames: number): void
  /** A faster way for packets that come by the thousand: asked first, for each that is whole and of one frame. */
  readonly takeInPlace?: TakeInPlace
  /** The bytes cannot be framed: too large, or a broken continuation. */
  onFramingError(error: MysqlError): void
  /** The peer will send nothing more; everything it sent was handed over. */
  onEnded(): void
  /** The socket is gone. Called exactly once, last. */
  onClosed(): void
}

/** Takes bytes as they come, in the place of a packet handler. */
export interface ByteSink {
  /** `chunk` belongs to the sink. */
  onBytes(chunk: Uint8Array): void
  /** The compression is broken. */
  onFramingError(error: MysqlError): void
  onEnded(): void
  onClosed(): void
}

/** Counts the bytes of all connections, as they are after TLS. */
export interface Traffic {
  Bytes_received: number
  Bytes_sent: number
}

export interface TlsUpgrade<Options = TLSSocketOptions> {
  readonly options: Options
  onSecure(socket: TLSSocket): void
  onFailure(detail: string): void
  /** The bytes around the SSLRequest are not TLS; the channel is still plain. */
  onPlaintext(): void
}

/** Tells the outcome of a TLS handshake, once. */
export function followHandshake(secure: TLSSocket, established: string, upgrade: TlsUpgrade<unknown>): void {
  let settled = false
  const fail = (error?: Error & { code?: string }) => {
    if (settled) return
    settled = true
    upgrade.onFailure(error?.code ?? error?.message ?? 'the peer left during the TLS handshake')
  }
  secure.once(established, () => {
    if (settled) return
    settled = true
    upgrade.onSecure(secure)
  })
  secure.once('error', fail)
  secure.prependOnceListener('end', () => fail())
  secure.prependOnceListener('close', () => fail())
}

/** In the place of a handler, while bytes go to a sink. */
export const nobody: PacketHandler = {
  wantsPacket: false,
  onPacket: () => {},
  onFramingError: () => {},
  onEnded: () => {},
  onClosed: () => {},
}
