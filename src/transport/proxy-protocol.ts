/**
 * The header that a proxy sends ahead of everything else, to say on whose behalf it connects. Version 1 is a line of text,
 * version 2 is binary and has room for more (TLVs).
 *
 * The grammar is kept to the letter: what is read here decides who somebody is. Whether a header may come at all, and whose claims are
 * believed, is for the caller to say.
 *
 * Spec: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
import { parseAddress } from '../accounts/address.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** What a header says. Without a source it is the proxy itself that speaks, or it does not know for whom. */
export interface ProxyClaim {
  /** As the header spells it; of version 2 all eight groups of an IPv6 address. */
  readonly source: Endpoint | undefined
  readonly destination: Endpoint | undefined
  /** By type, unknown ones too; padding left out. Headers that name no family have none that count. */
  readonly tlvs: ReadonlyMap<number, Uint8Array>
}

export interface ProxyHeader extends ProxyClaim {
  /** Bytes of the header; what comes behind them is the client's. */
  readonly length: number
}

/** Types of TLV, those of clouds included. `SSL` and `AWS` hold structures of their own, which nobody here reads. */
export const proxyTlv = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  NETNS: 0x30,
  GCP_PSC_CONNECTION_ID: 0xe0,
  AWS: 0xea,
  AZURE: 0xee,
} as const

/** Bytes of the longest header of version 1, line end included. */
const v1Limit = 107

/**
 * Bytes of the longest header of version 2 that is taken. The specification calls 536 safe for senders, because it always fits into
 * one TCP segment. Those of AWS, Azure and Google stay below 120; one of HAProxy with all that it can say of TLS has about 150.
 */
const v2Limit = 536

/**
 * Reads the header at the start of what came so far; `undefined` when more has to come.
 *
 * Throws: `MalformedPacket`, as soon as the bytes cannot become a header any more; its field is `signature` when they never were
 * the start of one.
 */
export function decodeProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (startsLike(bytes, v2Signature)) return bytes.length < v2Addresses ? undefined : decodeV2(bytes)
  if (startsLike(bytes, v1Signature)) return decodeV1(bytes)
  throw malformed('signature', 0, 'a PROXY header')
}

/**
 * Writes a header. Without a source and a destination it says that the proxy speaks for itself (version 2), or does not know
 * (version 1). Version 1 has no room for TLVs: they are left out.
 *
 * Throws: `ConfigurationError` for an address that is none, and for TLVs that take more than 536 bytes with all the rest.
 */
export function encodeProxyHeader(version: 'v1' | 'v2', { source, destination, tlvs }: ProxyClaim): Uint8Array {
  const from = source === undefined ? undefined : addressBytes(source)
  const to = destination === undefined ? undefined : addressBytes(destination)
  const known = source !== undefined && destination !== undefined && from !== undefined && to !== undefined
  const v4 = from?.length === 4 && to?.length === 4
  if (version === 'v1') {
    if (!known) return Buffer.from('PROXY UNKNOWN\r\n')
    const words = [v4 ? 'TCP4' : 'TCP6', asText(from, v4), asText(to, v4), source.port, destination.port]
    return Buffer.from(`PROXY ${words.join(' ')}\r\n`)
  }
  const parts: Uint8Array[] = []
  if (known) parts.push(asFamily(from, v4), asFamily(to, v4), bigEndian(source.port), bigEndian(destination.port))
  for (const [type, value] of tlvs) parts.push(Uint8Array.of(type), bigEndian(value.length), value)
  const body = Buffer.concat(parts)
  const length = v2Addresses + body.length
  if (length > v2Limit) throw new ConfigurationError(`a PROXY header has ${v2Limit} bytes at most, not ${length}`)
  const [command, family] = !known ? [0x20, 0x00] : [0x21, v4 ? 0x11 : 0x21]
  return Buffer.concat([v2Signature, Uint8Array.of(command, family), bigEndian(body.length), body])
}

function decodeV1(bytes: Uint8Array): ProxyHeader | undefined {
  const longest = bytes.subarray(0, v1Limit)
  const end = longest.indexOf(CR)
  const line = Buffer.from(end === -1 ? longest : longest.subarray(0, end)).toString('latin1')
  const odd = line.search(/[^\x20-\x7e]/)
  if (odd !== -1) throw malformed('line', odd, 'printable characters')
  if (line.length + 2 > v1Limit) throw malformed('line', v1Limit - 2, 'the end of the line')
  if (end === -1 || bytes.length === end + 1) return undefined
  if (bytes[end + 1] !== LF) throw malformed('line', end + 1, 'the end of the line')
  const length = end + 2
  // Whatever follows UNKNOWN is to be overlooked.
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { length, ...nobody }
  const [, family, ...words] = line.split(' ')
  if (family !== 'TCP4' && family !== 'TCP6') throw malformed('family', v1Signature.length, 'TCP4, TCP6 or UNKNOWN')
  const [source, destination, sourcePort, destinationPort] = words
  if (words.length !== 4) throw malformed('line', v1Signature.length, 'two addresses and two ports')
  for (const word of [source, destination]) {
    if (parseAddress(word ?? '')?.length !== (family === 'TCP4' ? 4 : 16)) {
      throw malformed('address', line.indexOf(word ?? ''), `an address of ${family}`)
    }
  }
  return {
    length,
    source: { address: source ?? '', port: portOf(sourcePort, line) },
    destination: { address: destination ?? '', port: portOf(destinationPort, line) },
    tlvs: nobody.tlvs,
  }
}

function portOf(word = '', line: string): number {
  const port = /^(0|[1-9]\d{0,4})$/.test(word) ? Number(word) : Number.NaN
  if (!(port <= 0xffff)) throw malformed('port', line.lastIndexOf(word), 'a port from 0 to 65535')
  return port
}

/** `bytes` holds the signature and the four bytes behind it, at least. */
function decodeV2(bytes: Uint8Array): ProxyHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const command = view.getUint8(12)
  const family = view.getUint8(13)
  const length = v2Addresses + view.getUint16(14)
  if (command !== LOCAL && command !== PROXY) throw malformed('version and command', 12, 'version 2, LOCAL or PROXY')
  if (length > v2Limit) throw malformed('length', 14, `${v2Limit} bytes at most`)
  const addressLength = addressLengths.get(family)
  // Of LOCAL nothing else counts: the specification wants the rest discarded, whatever it is.
  if (command === PROXY) {
    if (addressLength === undefined)
      throw malformed('family', 13, 'TCP over IPv4 or IPv6, a unix stream or unspecified')
    if (length < v2Addresses + addressLength) throw malformed('length', 14, `${addressLength} bytes of addresses`)
  }
  if (bytes.length < length) return undefined
  if (command === LOCAL || addressLength === undefined || family === UNSPECIFIED) return { length, ...nobody }

  const header = bytes.subarray(0, length)
  const tlvs = decodeTlvs(header, v2Addresses + addressLength)
  if (family === UNIX_STREAM) return { length, ...nobody, tlvs }
  const size = (addressLength - 4) / 2
  const endpoint = (i: number): Endpoint => ({
    address: addressText(header.subarray(v2Addresses + i * size, v2Addresses + (i + 1) * size)),
    port: view.getUint16(v2Addresses + 2 * size + 2 * i),
  })
  return { length, source: endpoint(0), destination: endpoint(1), tlvs }
}

/** Of each type one: which of two counts would be for the reader to guess. */
function decodeTlvs(header: Uint8Array, start: number): ReadonlyMap<number, Uint8Array> {
  const tlvs = new Map<number, Uint8Array>()
  for (let at = start; at < header.length; ) {
    const [type = 0, high = 0, low = 0] = header.subarray(at, at + 3)
    const from = at + 3
    const end = from + high * 256 + low
    if (from > header.length || end > header.length) throw malformed('TLV', at, 'a TLV that ends with the header')
    if (type !== proxyTlv.NOOP && tlvs.has(type)) throw malformed('TLV', at, 'one TLV of each type')
    if (type === proxyTlv.CRC32C) checkSum(header, from, end)
    if (type !== proxyTlv.NOOP) tlvs.set(type, Uint8Array.from(header.subarray(from, end)))
    at = end
  }
  return tlvs
}

/** The sum is that of the whole header with zeros in its own place. */
function checkSum(header: Uint8Array, from: number, end: number): void {
  if (end - from !== 4) throw malformed('CRC32c', from, '4 bytes')
  const summed = Uint8Array.from(header)
  summed.fill(0, from, end)
  const claimed = new DataView(header.buffer, header.byteOffset).getUint32(from)
  if (crc32c(summed) !== claimed) throw malformed('CRC32c', from, 'the sum of the header')
}

function crc32c(bytes: Uint8Array): number {
  let sum = 0xffff_ffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f6_3b78 : 0)
  }
  return ~sum >>> 0
}

function startsLike(bytes: Uint8Array, signature: Uint8Array): boolean {
  return signature.every((byte, i) => i >= bytes.length || bytes[i] === byte)
}

function malformed(field: string, offset: number, why: string): MalformedPacket {
  return new MalformedPacket({ packet: 'PROXY header', field, offset, needed: 0, available: 0, why })
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':')
}

function addressBytes({ address, port }: Endpoint): Uint8Array {
  const bytes = parseAddress(address)
  if (bytes === undefined || !Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new ConfigurationError(`a PROXY header cannot name ${JSON.stringify(address)} with port ${port}`)
  }
  return Uint8Array.from(bytes)
}

/** Both addresses of a header are of one family: beside an IPv6 address, an IPv4 one is mapped. */
function asFamily(bytes: Uint8Array, v4: boolean): Uint8Array {
  return v4 || bytes.length === 16 ? bytes : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes)
}

function asText(bytes: Uint8Array, v4: boolean): string {
  return addressText(asFamily(bytes, v4))
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

const CR = 0x0d
const LF = 0x0a
const v1Signature = Buffer.from('PROXY ')
const v2Signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
/** Where the addresses of version 2 begin: behind version and command, family, and length. */
const v2Addresses = 16
const LOCAL = 0x20
const PROXY = 0x21
const UNSPECIFIED = 0x00
const UNIX_STREAM = 0x31
/** Bytes of both addresses, ports included. A family that is missing here, such as UDP's, cannot carry MySQL. */
const addressLengths: ReadonlyMap<number, number> = new Map([
  [UNSPECIFIED, 0],
  [0x11, 12],
  [0x21, 36],
  [UNIX_STREAM, 216],
])
const nobody = { source: undefined, destination: undefined, tlvs: new Map<number, Uint8Array>() } as const
