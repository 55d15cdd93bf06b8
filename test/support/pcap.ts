/**
 * Reads TCP streams out of a classic pcap file (Ethernet, IPv4): enough for the captures in `test/vectors`.
 */

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

/** Returns the connections in the order of their start. Throws: `Error` for another format or missing bytes. */
export function readPcap(file: Uint8Array): Conversation[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (view.getUint32(0, true) !== 0xa1b2c3d4) throw new Error('no little-endian pcap with microseconds')
  if (view.getUint32(20, true) !== 1) throw new Error('link type is not Ethernet')

  /** By client port: what each side sent, and the next sequence number of each side's port. */
  const streams = new Map<number, { segments: Segment[]; next: Map<number, number> }>()
  for (let at = 24; at < file.length; at += 16 + view.getUint32(at + 8, true)) {
    const ip = at + 16 + 14
    if (view.getUint16(ip - 2) !== 0x0800 || view.getUint8(ip + 9) !== 6) continue
    const tcp = ip + (view.getUint8(ip) & 0x0f) * 4
    const source = view.getUint16(tcp)
    const sequence = view.getUint32(tcp + 4)
    const flags = view.getUint8(tcp + 13)
    const isSyn = (flags & 0x02) !== 0
    if (isSyn && (flags & 0x10) === 0) streams.set(source, { segments: [], next: new Map() })
    const from = streams.has(source) ? 'client' : 'server'
    const stream = streams.get(from === 'client' ? source : view.getUint16(tcp + 2))
    // A connection that was open before the capture began.
    if (stream === undefined) continue
    if (isSyn) {
      stream.next.set(source, (sequence + 1) >>> 0)
      continue
    }
    const start = tcp + (view.getUint8(tcp + 12) >> 4) * 4
    const data = file.subarray(start, ip + view.getUint16(ip + 2))
    const alreadySeen = ((stream.next.get(source) ?? 0) - sequence) | 0
    if (data.length === 0 || alreadySeen >= data.length) continue
    if (alreadySeen < 0) throw new Error('bytes are missing')
    stream.segments.push({ from, bytes: new Uint8Array(data.subarray(alreadySeen)) })
    stream.next.set(source, (sequence + data.length) >>> 0)
  }
  return Array.from(streams.values(), ({ segments }) => {
    const of = (from: Segment['from']) => segments.filter((segment) => segment.from === from).map(({ bytes }) => bytes)
    return { client: of('client'), server: of('server'), segments }
  })
}
