/** Writes captures: frames of every kind of network, in both formats. Shares nothing with the reader. */

export interface Sent {
  /** `address:port`; an IPv6 address in brackets, written out in full. */
  readonly from: string
  readonly to: string
  readonly flags: string
  readonly sequence: number
  readonly acknowledged?: number
  readonly data?: Uint8Array
}

/** A TCP segment in an IP packet, without checksums. `flags`: letters of `SFRPA`. */
export function ipPacket(sent: Sent): Buffer {
  const data = sent.data ?? new Uint8Array(0)
  const source = endpointOf(sent.from)
  const destination = endpointOf(sent.to)
  const tcp = Buffer.alloc(20)
  tcp.writeUInt16BE(source.port, 0)
  tcp.writeUInt16BE(destination.port, 2)
  tcp.writeUInt32BE(sent.sequence >>> 0, 4)
  tcp.writeUInt32BE((sent.acknowledged ?? 0) >>> 0, 8)
  tcp[12] = 5 << 4
  for (const flag of sent.flags) tcp[13] = (tcp[13] as number) | (flagBits[flag] as number)
  return Buffer.concat([ipHeader(source.address, destination.address, 6, tcp.length + data.length), tcp, data])
}

/** `length`: of what follows the header. */
export function ipHeader(source: Buffer, destination: Buffer, protocol: number, length: number): Buffer {
  if (source.length === 16) {
    const ip = Buffer.alloc(8)
    ip[0] = 0x60
    ip.writeUInt16BE(length, 4)
    ip[6] = protocol
    ip[7] = 64
    return Buffer.concat([ip, source, destination])
  }
  const ip = Buffer.alloc(12)
  ip[0] = 0x45
  ip.writeUInt16BE(20 + length, 2)
  ip[6] = 0x40
  ip[8] = 64
  ip[9] = protocol
  return Buffer.concat([ip, source, destination])
}

export function endpointOf(text: string): { address: Buffer; port: number } {
  const [, address = '', port] = /^(.*):(\d+)$/.exec(text) ?? []
  const bytes = address.startsWith('[')
    ? Buffer.from(
        address
          .slice(1, -1)
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join(''),
        'hex',
      )
    : Buffer.from(address.split('.').map(Number))
  return { address: bytes, port: Number(port) }
}

/** What each kind of network puts around an IP packet. */
export const links: Readonly<Record<string, { readonly type: number; frame(packet: Uint8Array): Uint8Array }>> = {
  ethernet: { type: 1, frame: (packet) => ethernet([], packet) },
  VLAN: { type: 1, frame: (packet) => ethernet([0x8100, 7], packet) },
  QinQ: { type: 1, frame: (packet) => ethernet([0x88a8, 7, 0x8100, 8], packet) },
  'Linux cooked v1': { type: 113, frame: (packet) => Buffer.concat([Buffer.alloc(14), etherType(packet), packet]) },
  'Linux cooked v2': { type: 276, frame: (packet) => Buffer.concat([etherType(packet), Buffer.alloc(18), packet]) },
  'BSD loopback, little-endian': {
    type: 0,
    frame: (packet) => Buffer.concat([Buffer.from([isIPv6(packet) ? 30 : 2, 0, 0, 0]), packet]),
  },
  'BSD loopback, big-endian': {
    type: 0,
    frame: (packet) => Buffer.concat([Buffer.from([0, 0, 0, isIPv6(packet) ? 24 : 2]), packet]),
  },
  'OpenBSD loopback': {
    type: 108,
    frame: (packet) => Buffer.concat([Buffer.from([0, 0, 0, isIPv6(packet) ? 28 : 2]), packet]),
  },
  'raw IP': { type: 101, frame: (packet) => packet },
  'raw IP of old': { type: 12, frame: (packet) => packet },
  'raw IP of OpenBSD': { type: 14, frame: (packet) => packet },
}

export function ethernet(tags: readonly number[], packet: Uint8Array): Buffer {
  const words = Buffer.alloc(tags.length * 2)
  for (const [i, tag] of tags.entries()) words.writeUInt16BE(tag, i * 2)
  return Buffer.concat([Buffer.alloc(12), words, etherType(packet), packet])
}

export interface Frame {
  readonly bytes: Uint8Array
  /** Since 1970. */
  readonly nanoseconds?: bigint
  /** Where the capture has less of it than was sent. */
  readonly originalLength?: number
}

export interface Order {
  readonly littleEndian?: boolean
}

/** A classic capture. */
export function pcap(
  linkType: number,
  frames: Iterable<Frame>,
  { littleEndian = true, nanoseconds = false }: Order & { readonly nanoseconds?: boolean } = {},
): Buffer {
  const u32 = words(littleEndian)
  const records = [u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, littleEndian ? 0x00040002 : 0x00020004)]
  records.push(u32(0, 0, 65535, linkType))
  for (const { bytes, nanoseconds: time = 0n, originalLength = bytes.length } of frames) {
    const seconds = Number(time / 1_000_000_000n)
    const fraction = Number(time % 1_000_000_000n)
    const units = nanoseconds ? fraction : Math.floor(fraction / 1000)
    records.push(u32(seconds, units, bytes.length, originalLength), Buffer.from(bytes))
  }
  return Buffer.concat(records)
}

/** Blocks of one byte order; the section header comes first. */
export function pcapng({ littleEndian = true }: Order, ...blocks: ((u32: Words) => Uint8Array)[]): Buffer {
  const u32 = words(littleEndian)
  const section = block(0x0a0d0d0a, (u32) => u32(0x1a2b3c4d, littleEndian ? 1 : 0x00010000, 0xffffffff, 0xffffffff))
  return Buffer.concat([section, ...blocks].map((make) => make(u32)))
}

/** Any block. */
export function block(type: number, body: (u32: Words) => Uint8Array) {
  return (u32: Words): Buffer => {
    const bytes = body(u32)
    const padding = Buffer.alloc(-bytes.length & 3)
    const length = u32(12 + bytes.length + padding.length)
    return Buffer.concat([u32(type), length, bytes, padding, length])
  }
}

export function interfaceDescription(
  linkType: number,
  {
    resolution,
    offsetSeconds,
    snapLength = 0,
  }: { resolution?: number; offsetSeconds?: number; snapLength?: number } = {},
) {
  return block(1, (u32) => {
    const isLittle = isLittleEndian(u32)
    // 16-bit fields come in pairs, in the order of the file.
    const pair = (a: number, b: number) => u32(isLittle ? b * 0x10000 + a : a * 0x10000 + b)
    const options: Buffer[] = []
    if (resolution !== undefined) options.push(pair(9, 1), Buffer.from([resolution, 0, 0, 0]))
    if (offsetSeconds !== undefined) {
      options.push(pair(14, 8), ...(isLittle ? [u32(offsetSeconds, 0)] : [u32(0, offsetSeconds)]))
    }
    if (options.length > 0) options.push(u32(0))
    return Buffer.concat([pair(linkType, 0), u32(snapLength), ...options])
  })
}

/** `time`: in the units of its interface. */
export function enhancedPacket(number: number, time: bigint, bytes: Uint8Array, originalLength = bytes.length) {
  return block(6, (u32) => {
    const halves = u32(number, Number(time >> 32n), Number(time & 0xffffffffn), bytes.length, originalLength)
    return Buffer.concat([halves, bytes])
  })
}

export function simplePacket(bytes: Uint8Array, originalLength = bytes.length) {
  return block(3, (u32) => Buffer.concat([u32(originalLength), bytes]))
}

export function tlsSecrets(keyLog: string) {
  return block(10, (u32) => Buffer.concat([u32(0x544c534b, keyLog.length), Buffer.from(keyLog)]))
}

export type Words = (...values: readonly number[]) => Buffer

function words(littleEndian: boolean): Words {
  return (...values) => {
    const bytes = Buffer.alloc(values.length * 4)
    for (const [i, value] of values.entries()) {
      if (littleEndian) bytes.writeUInt32LE(value, i * 4)
      else bytes.writeUInt32BE(value, i * 4)
    }
    return bytes
  }
}

function isLittleEndian(u32: Words): boolean {
  return u32(1)[0] === 1
}

function isIPv6(packet: Uint8Array): boolean {
  return (packet[0] as number) >> 4 === 6
}

function etherType(packet: Uint8Array): Buffer {
  return Buffer.from(isIPv6(packet) ? [0x86, 0xdd] : [0x08, 0x00])
}

const flagBits: Readonly<Record<string, number>> = { F: 0x01, S: 0x02, R: 0x04, P: 0x08, A: 0x10 }
