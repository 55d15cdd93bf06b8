/**
 * What the reader of captures hands on, and to whom: the contract between the bytes of a capture and whoever follows the connections
 * in it. Nothing here knows MySQL.
 */
import type { Endpoint, Side } from '../observation.ts'

/** A connection that begins, or that is seen for the first time. */
export interface FlowOpened {
  readonly client: Endpoint
  readonly server: Endpoint
  /** Milliseconds since 1970; `undefined` where the capture has no clock. */
  readonly startedMs: number | undefined
  /** All times of a flow count from its first frame. */
  readonly atMs: 0
  /** Whether the capture has the beginning of the connection. Without it, who is the client is told by the ports. */
  readonly sawSyn: boolean
}

/**
 * Follows one connection. Calls come in the order of cause and effect: a side's bytes come after all that it had acknowledged, so
 * that an answer never precedes its question, even where the capture has the frames the other way round.
 */
export interface FlowHandler {
  /** `bytes` are only valid during the call. `atMs` is that of their frame: a segment that had to wait comes with its own time. */
  onData(from: Side, bytes: Uint8Array, atMs: number): void
  /** Bytes that were sent, and that the capture lacks. */
  onGap(from: Side, bytes: number, atMs: number): void
  /** `fin` at most once for each side; `rst`, at most once and perhaps of a side that sent `fin` before, is the last. */
  onEnd(from: Side, how: 'fin' | 'rst', atMs: number): void
  /** The last call: the connection is closed, the capture at its end, or there are too many connections and this one is the idlest. */
  finish(): void
}

export interface CaptureOptions {
  /** Called for each chunk, with the bytes taken from the source so far: those of the packed file, where it is packed. */
  readonly onProgress?: (bytesRead: number) => void
  /** NSS key log lines that the capture carries (pcapng). */
  readonly onSecrets?: (keyLog: string) => void
  /** Tell the server of a connection whose beginning is not in the capture. 3306 and 33060 unless given. */
  readonly serverPorts?: readonly number[]
  readonly limits?: Partial<CaptureLimits>
}

/** Memory that a capture may take, whatever is in it. Units: bytes, but for `flows`. */
export interface CaptureLimits {
  /** Segments of one connection that wait for others. Beyond it what is missing counts as lost. */
  readonly outOfOrderOfFlow: number
  /** Of all connections. */
  readonly outOfOrder: number
  /** Connections open at a time. Beyond it the idlest is finished. */
  readonly flows: number
}

export const captureLimits: CaptureLimits = {
  outOfOrderOfFlow: 256 * 1024,
  outOfOrder: 64 * 1024 * 1024,
  flows: 65_536,
}

export interface CaptureSummary {
  readonly format: 'pcap' | 'pcapng' | undefined
  /** Of the capture, unpacked, as far as it was read. */
  readonly bytes: number
  readonly frames: number
  readonly tcpFrames: number
  /** Connections for which `open` gave a handler. */
  readonly flows: number
  /** Connections finished before their end, because too many were open. */
  readonly droppedFlows: number
  /** Frames without a TCP segment that can be used, by reason. */
  readonly skipped: ReadonlyMap<string, number>
  /** Segments that brought nothing new, keep-alives included. */
  readonly retransmitted: number
  /** Segments that waited for others. */
  readonly outOfOrder: number
  /** Segments that contradict bytes held already; the first ones were kept. */
  readonly conflicting: number
  /** Bytes lost in gaps. */
  readonly lostBytes: number
  /** Where reading ended before the end of the file, in bytes of the unpacked capture, and why. */
  readonly stopped: { readonly offset: number; readonly why: string } | undefined
}
