/** What was recorded of a TLS connection, cut and put together in other ways. */
import type { Segment } from './pcap.ts'

export function* repeat(length: number): Generator<number> {
  for (;;) yield length
}

/** The same bytes in the same order, in other pieces. */
export function cut(segments: readonly Segment[], lengths: Iterator<number>): Segment[] {
  return joined(segments).flatMap(({ from, bytes }) => {
    const pieces: Segment[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + (lengths.next().value as number)
      pieces.push({ from, bytes: bytes.slice(at, end) })
      at = end
    }
    return pieces
  })
}

/** What one side says without the other in between, in one piece. */
export function joined(segments: readonly Segment[]): Segment[] {
  const whole: { from: Segment['from']; bytes: Uint8Array }[] = []
  for (const { from, bytes } of segments) {
    const last = whole.at(-1)
    if (last?.from === from) last.bytes = Uint8Array.from([...last.bytes, ...bytes])
    else whole.push({ from, bytes: bytes.slice() })
  }
  return whole
}

export function total(segments: readonly Segment[]): number {
  return segments.reduce((length, { bytes }) => length + bytes.length, 0)
}

export function headOf(segments: readonly Segment[], length: number): Segment[] {
  let left = length
  return segments.map(({ from, bytes }) => {
    const head = bytes.slice(0, left)
    left -= head.length
    return { from, bytes: head }
  })
}

/** One record each, of segments that hold whole ones. */
export function recordsOf(segments: readonly Segment[]): Segment[] {
  return joined(segments).flatMap(({ from, bytes }) => {
    const records: Segment[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + 5 + bytes[at + 3]! * 256 + bytes[at + 4]!
      records.push({ from, bytes: bytes.slice(at, end) })
      at = end
    }
    return records
  })
}

/** What the records of one flight carry, without their headers. */
export function runs(records: readonly Segment[]): Segment[] {
  return joined(records.map(({ from, bytes }) => ({ from, bytes: bytes.slice(5) })))
}

export function record(type: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(type, 3, 3, bytes.length >> 8, bytes.length & 0xff, ...bytes)
}
