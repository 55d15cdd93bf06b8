/**
 * A connection that nobody captured, written as a capture would have it: what a program passed on has no frames, so they are made up
 * around it, with numbers that count its bytes. Every byte arrives once, in order.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import type { Endpoint, Side } from '../observation.ts'
import type { FlowOpened } from './flows.ts'
import type { PcapngWriter } from './write-pcapng.ts'

const FIN = 0x01
const SYN = 0x02
const RST = 0x04
const PUSH = 0x08
const ACK = 0x10

/** An IP packet has 65,535 bytes at most. */
const largestSegment = 32_768
const NOTHING = new Uint8Array(0)
const ETHERNET = 14
const TCP = 20
/** Segments of 65,495 bytes, and a window of 1 GiB: nobody acknowledges anything while the other side speaks. */
const openingOptions = Uint8Array.of(2, 4, 0xff, 0xd7, 3, 3, 14, 1)
const serverPort = 3306

interface End {
  readonly mac: number
  readonly address: Uint8Array
  readonly port: number
  /** Of its next byte. */
  sequence: number
}

export class WrittenFlow {
  readonly #file: PcapngWriter
  readonly #startedMs: number
  readonly #ends: Readonly<Record<Side, End>>
  readonly #version: 4 | 6

  /**
   * After: the connection is open. A unix socket becomes the address 127.0.0.1.
   *
   * Units: `number` tells clients of a unix socket apart, which have no port.
   */
  constructor(file: PcapngWriter, { client, server, startedMs = 0 }: FlowOpened, number: number) {
    this.#file = file
    this.#startedMs = startedMs
    this.#version = isIPv6(client.address) || isIPv6(server.address) ? 6 : 4
    const endOf = ({ address, port }: Endpoint, mac: number, standIn: number): End => ({
      mac,
      address: this.#version === 4 ? ipv4(address) : ipv6(address),
      port: port === 0 ? standIn : port,
      sequence: 0,
    })
    this.#ends = { client: endOf(client, 1, 1024 + (number % 64_000)), server: endOf(server, 2, serverPort) }
    const paths = [client, server].filter(({ port }) => port === 0).map(({ address }) => `unix socket ${address}`)
    this.#frame('client', SYN, NOTHING, 0, 0, paths.length === 0 ? undefined : paths.join(', '))
    this.#frame('server', SYN | ACK, NOTHING, 0, 0, undefined)
    this.#frame('client', ACK, NOTHING, 0, 0, undefined)
  }

  /** Of what a side sent, `bytes` are written, and of `leftOut` bytes behind them only that they were there. Nothing makes a frame that says `comment`. */
  data(from: Side, bytes: Uint8Array, leftOut: number, atMs: number, comment: string | undefined): void {
    let said = comment
    const frame = (flags: number, piece: Uint8Array, left: number) => {
      this.#frame(from, flags, piece, left, atMs, said)
      said = undefined
    }
    for (let at = 0; at < bytes.length; at += largestSegment) {
      const piece = bytes.subarray(at, at + largestSegment)
      frame(at + piece.length === bytes.length ? PUSH | ACK : ACK, piece, 0)
    }
    for (let left = leftOut; left > 0; left -= largestSegment) frame(ACK, NOTHING, Math.min(left, largestSegment))
    if (said !== undefined) frame(ACK, NOTHING, 0)
  }

  end(from: Side, how: 'fin' | 'rst', atMs: number): void {
    this.#frame(from, (how === 'fin' ? FIN : RST) | ACK, NOTHING, 0, atMs, undefined)
  }

  #frame(
    from: Side,
    flags: number,
    payload: Uint8Array,
    leftOut: number,
    atMs: number,
    comment: string | undefined,
  ): void {
    const source = this.#ends[from]
    const target = this.#ends[from === 'client' ? 'server' : 'client']
    const tcpOptions = (flags & SYN) === 0 ? NOTHING : openingOptions
    const length = payload.length + leftOut
    const headers = this.#ipHeaders(source, target, TCP + tcpOptions.length + length, TCP + tcpOptions.length)
    const tcp = headers.subarray(headers.length - TCP - tcpOptions.length)
    tcp.writeUInt16BE(source.port, 0)
    tcp.writeUInt16BE(target.port, 2)
    tcp.writeUInt32BE(source.sequence, 4)
    tcp.writeUInt32BE((flags & ACK) === 0 ? 0 : target.sequence, 8)
    tcp[12] = (tcp.length / 4) << 4
    tcp[13] = flags
    tcp.writeUInt16BE(0xffff, 14)
    tcp.set(tcpOptions, TCP)
    // What is left out cannot be summed up; such a frame has no checksum, like one that a network card would complete.
    if (leftOut === 0) {
      const pseudo = sumOf(source.address) + sumOf(target.address) + 6 + tcp.length + length
      tcp.writeUInt16BE(complement(pseudo + sumOf(tcp) + sumOf(payload)), 16)
    }
    const counted = length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)
    source.sequence = (source.sequence + counted) >>> 0
    this.#file.frame({ timeMs: this.#startedMs + atMs, headers, payload, leftOut, comment })
  }

  /** Ethernet and IP, and room behind them. Units: `length` of TCP with its payload, `room` of its header. */
  #ipHeaders(source: End, target: End, length: number, room: number): Buffer {
    const size = this.#version === 4 ? 20 : 40
    const headers = Buffer.alloc(ETHERNET + size + room)
    // Addresses that nobody was given by a maker.
    headers.writeUIntBE(0x020000000000 + target.mac, 0, 6)
    headers.writeUIntBE(0x020000000000 + source.mac, 6, 6)
    headers.writeUInt16BE(this.#version === 4 ? 0x0800 : 0x86dd, 12)
    const ip = headers.subarray(ETHERNET, ETHERNET + size)
    if (this.#version === 4) {
      ip[0] = 0x45
      ip.writeUInt16BE(size + length, 2)
      // Must not be fragmented, so that no identification is needed.
      ip[6] = 0x40
      ip[8] = 64
      ip[9] = 6
      ip.set(source.address, 12)
      ip.set(target.address, 16)
      ip.writeUInt16BE(complement(sumOf(ip)), 10)
    } else {
      ip[0] = 0x60
      ip.writeUInt16BE(length, 4)
      ip[6] = 6
      ip[7] = 64
      ip.set(source.address, 8)
      ip.set(target.address, 24)
    }
    return headers
  }
}

function ipv4(address: string): Uint8Array {
  return Uint8Array.from(isIPv4(address) ? address.split('.').map(Number) : [127, 0, 0, 1])
}

/** 16 bytes; of an IPv4 address, mapped. */
function ipv6(address: string): Uint8Array {
  const bytes = Buffer.alloc(16)
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain)) {
    bytes.fill(0xff, 10, 12)
    bytes.set(ipv4(address), 12)
    return bytes
  }
  // In the one way to write it: at most one `::`, and IPv4 behind it as dots.
  const canonical = new SocketAddress({ family: 'ipv6', address: plain }).address
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)
  const digits = dotted === null ? canonical : `${dotted[1]}${hexGroups(ipv4(dotted[2] as string))}`
  const [head = '', tail = ''] = digits.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [left, right] = [groups(head), groups(tail)]
  left.forEach((group, i) => {
    bytes.writeUInt16BE(group, 2 * i)
  })
  right.forEach((group, i) => {
    bytes.writeUInt16BE(group, 16 - 2 * (right.length - i))
  })
  return bytes
}

function hexGroups([a = 0, b = 0, c = 0, d = 0]: Uint8Array): string {
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

/** Of the words of 16 bits; a last byte counts as the high half of one. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0
  const even = bytes.length & ~1
  for (let i = 0; i < even; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number)
  return even === bytes.length ? sum : sum + ((bytes[even] as number) << 8)
}

/** Spec: https://www.rfc-editor.org/rfc/rfc1071 */
function complement(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}
