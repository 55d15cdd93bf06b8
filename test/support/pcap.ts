/**
 * The TCP streams of a capture as a test wants them: whole, from the first byte. Not for captures that are damaged.
 */
import { CaptureReader } from '../../src/doctor/capture/read-capture.ts'

/** One connection, cut as it was sent. */
export interface Conversation {
  readonly client: readonly Uint8Array[]
  readonly server: readonly Uint8Array[]
  /** Both, in time order. */
  readonly segments: readonly Segment[]
}

export interface Segment {
  readonly from: 'client' | 'server'
  readonly bytes: Uint8Array
}

/** Returns the connections in the order of their start, without those that were open before. Throws: `Error` for a damaged capture. */
export function readPcap(file: Uint8Array): Conversation[] {
  const streams: Segment[][] = []
  const reader = new CaptureReader(({ sawSyn }) => {
    if (!sawSyn) return undefined
    const segments: Segment[] = []
    streams.push(segments)
    return {
      onData: (from, bytes) => segments.push({ from, bytes: new Uint8Array(bytes) }),
      onGap: () => {
        throw new Error('bytes are missing')
      },
      onEnd() {},
      finish() {},
    }
  })
  reader.push(file)
  const { stopped } = reader.end()
  if (stopped !== undefined) throw new Error(`${stopped.why} at offset ${stopped.offset}`)
  return streams.map((segments) => {
    const of = (from: Segment['from']) => segments.filter((segment) => segment.from === from).map(({ bytes }) => bytes)
    return { client: of('client'), server: of('server'), segments }
  })
}
