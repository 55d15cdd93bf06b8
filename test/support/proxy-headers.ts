/** PROXY headers, right and wrong, built without any code of `src`. */
import { bytes, int, text, zeros } from './bytes.ts'

export interface ProxyHeaderCase {
  readonly name: string
  readonly bytes: Uint8Array
  /** What it says, or what is wrong with it. */
  readonly says:
    | { readonly address: string; readonly port: number }
    | 'nobody'
    | 'is no header'
    | 'is malformed'
    | 'has not ended'
}

export function v1(line: string): Uint8Array {
  return text(`PROXY ${line}\r\n`)
}

const signature = bytes('0d0a0d0a 000d0a51 5549540a')

export function v2(command: number, family: number, body: Uint8Array, length = body.length): Uint8Array {
  return bytes(signature, [command, family], int(length, 2).reverse(), body)
}

export function tlv(type: number, value: Uint8Array): Uint8Array {
  return bytes([type], int(value.length, 2).reverse(), value)
}

/** 203.0.113.7:40001 to 198.51.100.9:3306. */
export const ipv4 = bytes('cb007107 c6336409 9c41 0cea')
/** 2001:db8::7 to 2001:db8::9, same ports. */
export const ipv6 = bytes('20010db8000000000000000000000007 20010db8000000000000000000000009 9c41 0cea')

/** A header of IPv4 whose last TLV is its CRC32c, moved by so much. */
export function withSum(error = 0): Uint8Array {
  const header = v2(0x21, 0x11, bytes(ipv4, tlv(3, zeros(4))))
  const sum = int((crc32c(header) + error) % 2 ** 32, 4).reverse()
  return bytes(header.subarray(0, -4), sum)
}

const table = Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let i = 0; i < 8; i++) sum = sum % 2 === 1 ? (0x82f63b78 ^ (sum >>> 1)) >>> 0 : sum >>> 1
  return sum
})

export function crc32c(data: Uint8Array): number {
  return (data.reduce((sum, byte) => (table[(sum ^ byte) & 0xff] as number) ^ (sum >>> 8), 0xffffffff) ^ -1) >>> 0
}

const client = { address: '203.0.113.7', port: 40001 }
const client6 = { address: '2001:db8::7', port: 40001 }
const words = '203.0.113.7 198.51.100.9 40001 3306'
const words6 = '2001:db8::7 2001:db8::9 40001 3306'
const long = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
const mapped = bytes('00000000000000000000ffffcb007107', '00000000000000000000ffffc6336409', '9c41 0cea')
const vpce = bytes([1], text('vpce-08d2bf15fac5001c9'))

const right: Readonly<Record<string, readonly [Uint8Array, ProxyHeaderCase['says']]>> = {
  TCP4: [v1(`TCP4 ${words}`), client],
  TCP6: [v1(`TCP6 ${words6}`), client6],
  'TCP6 in capitals': [v1('TCP6 2001:DB8::7 2001:DB8::9 40001 3306'), client6],
  'TCP6 with all groups': [v1('TCP6 2001:0db8:0000:0000:0000:0000:0000:0007 ::1 40001 3306'), client6],
  'TCP6 with a mapped address': [v1('TCP6 ::ffff:203.0.113.7 ::ffff:198.51.100.9 40001 3306'), client],
  'TCP6 of the greatest length': [v1(`TCP6 ${long} ${long} 65535 65535`), { address: long, port: 65535 }],
  'port 0': [v1('TCP4 203.0.113.7 198.51.100.9 0 0'), { ...client, port: 0 }],
  'port 65535': [v1('TCP4 203.0.113.7 198.51.100.9 65535 65535'), { ...client, port: 65535 }],
  UNKNOWN: [v1('UNKNOWN'), 'nobody'],
  'UNKNOWN with addresses': [v1(`UNKNOWN ${words}`), 'nobody'],
  'UNKNOWN with anything': [v1('UNKNOWN 127.0.0.1  !'), 'nobody'],
  'UNKNOWN of 107 bytes': [v1(`UNKNOWN ${'x'.repeat(91)}`), 'nobody'],
  'v2 of IPv4': [v2(0x21, 0x11, ipv4), client],
  'v2 of IPv6': [v2(0x21, 0x21, ipv6), client6],
  'v2 of IPv6 with mapped addresses': [v2(0x21, 0x21, mapped), client],
  'v2 LOCAL': [v2(0x20, 0x00, zeros(0)), 'nobody'],
  'v2 LOCAL with addresses': [v2(0x20, 0x11, ipv4), 'nobody'],
  'v2 LOCAL of an unknown family': [v2(0x20, 0xf7, zeros(3)), 'nobody'],
  'v2 LOCAL with a wrong sum': [v2(0x20, 0x00, tlv(3, zeros(4))), 'nobody'],
  'v2 unspecified': [v2(0x21, 0x00, zeros(0)), 'nobody'],
  'v2 unspecified with bytes': [v2(0x21, 0x00, ipv6), 'nobody'],
  'v2 of a unix stream': [v2(0x21, 0x31, zeros(216)), 'nobody'],
  'v2 of a unix stream with a TLV': [v2(0x21, 0x31, bytes(zeros(216), tlv(5, text('id')))), 'nobody'],
  'v2 with an unknown TLV': [v2(0x21, 0x11, bytes(ipv4, tlv(0xf1, text('x')))), client],
  'v2 with an empty TLV': [v2(0x21, 0x11, bytes(ipv4, tlv(0xf1, zeros(0)))), client],
  'v2 with padding twice': [v2(0x21, 0x11, bytes(ipv4, tlv(4, zeros(5)), tlv(4, zeros(0)))), client],
  'v2 with its sum': [withSum(), client],
  'v2 of AWS': [v2(0x21, 0x11, bytes(ipv4, tlv(0xea, vpce), tlv(4, zeros(36)))), client],
  'v2 of 536 bytes': [v2(0x21, 0x11, bytes(ipv4, tlv(0xf1, zeros(505)))), client],
}

const noHeaders: Readonly<Record<string, Uint8Array>> = {
  'proxy in small letters': text(`proxy TCP4 ${words}\r\n`),
  'a space first': text(` PROXY TCP4 ${words}\r\n`),
  'a tab behind PROXY': text(`PROXY\tTCP4 ${words}\r\n`),
  'PROXY alone': text('PROXY\r\n'),
  'v2 whose signature breaks at its end': bytes('0d0a0d0a 000d0a51 5549540b', [0x21, 0x11, 0, 12], ipv4),
  'an empty line first': bytes(text('\r\n'), v1(`TCP4 ${words}`)),
  HTTP: text('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  'a TLS ClientHello': bytes('16 03 01 00 05 01 00 00 01 03'),
  'a packet of MySQL': bytes('20 00 00 01', zeros(32)),
  zeros: zeros(64),
}

const malformed: Readonly<Record<string, Uint8Array>> = {
  'two spaces behind PROXY': v1(` TCP4 ${words}`),
  'nothing behind PROXY': v1(''),
  'a line feed alone': text(`PROXY TCP4 ${words}\n`),
  'a carriage return alone': text(`PROXY TCP4 ${words}\rx`),
  'two carriage returns': text(`PROXY TCP4 ${words}\r\r\n`),
  'two spaces between words': v1('TCP4 203.0.113.7  198.51.100.9 40001 3306'),
  'tabs between words': v1('TCP4 203.0.113.7\t198.51.100.9\t40001\t3306'),
  'a space at the end': v1(`TCP4 ${words} `),
  'a fifth word': v1(`TCP4 ${words} 1`),
  'three words': v1('TCP4 203.0.113.7 198.51.100.9 40001'),
  'no words': v1('TCP4'),
  TCP5: v1(`TCP5 ${words}`),
  UDP4: v1(`UDP4 ${words}`),
  'tcp4 in small letters': v1(`tcp4 ${words}`),
  'unknown in small letters': v1('unknown'),
  'UNKNOWN run together': v1('UNKNOWNX'),
  'TCP4 with IPv6': v1(`TCP4 ${words6}`),
  'TCP6 with IPv4': v1(`TCP6 ${words}`),
  'families mixed': v1('TCP6 2001:db8::7 198.51.100.9 40001 3306'),
  'leading zeros in an address': v1('TCP4 203.0.113.007 198.51.100.9 40001 3306'),
  'three numbers in an address': v1('TCP4 203.0.113 198.51.100.9 40001 3306'),
  'a number of 256 in an address': v1('TCP4 203.0.113.256 198.51.100.9 40001 3306'),
  'an address as one number': v1('TCP4 3405803783 198.51.100.9 40001 3306'),
  'an address in hex': v1('TCP4 0xcb.0.113.7 198.51.100.9 40001 3306'),
  'a name for an address': v1('TCP4 localhost 198.51.100.9 40001 3306'),
  'a broken destination': v1('TCP4 203.0.113.7 198.51.100.999 40001 3306'),
  'a zone behind an address': v1('TCP6 fe80::1%eth0 2001:db8::9 40001 3306'),
  'brackets around an address': v1('TCP6 [2001:db8::7] 2001:db8::9 40001 3306'),
  'two gaps in an address': v1('TCP6 2001::db8::7 2001:db8::9 40001 3306'),
  'nine groups in an address': v1('TCP6 1:2:3:4:5:6:7:8:9 2001:db8::9 40001 3306'),
  'port 65536': v1('TCP4 203.0.113.7 198.51.100.9 65536 3306'),
  'a port with a zero first': v1('TCP4 203.0.113.7 198.51.100.9 040001 3306'),
  'a negative port': v1('TCP4 203.0.113.7 198.51.100.9 -1 3306'),
  'a port with a plus': v1('TCP4 203.0.113.7 198.51.100.9 +1 3306'),
  'a port with an exponent': v1('TCP4 203.0.113.7 198.51.100.9 1e3 3306'),
  'a broken destination port': v1('TCP4 203.0.113.7 198.51.100.9 40001 x'),
  'a NUL in the line': v1(`TCP4 ${words}\0`),
  'a byte above ASCII': bytes(text('PROXY UNKNOWN '), [0xb2], text('\r\n')),
  '108 bytes': v1(`UNKNOWN ${'x'.repeat(92)}`),
  'no end for 107 bytes': text(`PROXY UNKNOWN ${'x'.repeat(93)}`),
  'version 1 in binary': v2(0x11, 0x11, ipv4),
  'version 3': v2(0x31, 0x11, ipv4),
  'command 2': v2(0x22, 0x11, ipv4),
  'v2 of a family without a protocol': v2(0x21, 0x10, ipv4),
  'v2 of no family with a protocol': v2(0x21, 0x01, ipv4),
  'v2 of UDP over IPv4': v2(0x21, 0x12, ipv4),
  'v2 of UDP over IPv6': v2(0x21, 0x22, ipv6),
  'v2 of unix datagrams': v2(0x21, 0x32, zeros(216)),
  'v2 of a fourth family': v2(0x21, 0x41, ipv4),
  'v2 with 11 bytes of IPv4': v2(0x21, 0x11, ipv4.subarray(1)),
  'v2 with 35 bytes of IPv6': v2(0x21, 0x21, ipv6.subarray(1)),
  'v2 of IPv6 with addresses of IPv4': v2(0x21, 0x21, ipv4),
  'v2 with 215 bytes of paths': v2(0x21, 0x31, zeros(215)),
  'v2 of 537 bytes': v2(0x21, 0x11, bytes(ipv4, tlv(0xf1, zeros(506)))),
  'v2 that announces 65535 bytes': v2(0x21, 0x11, ipv4, 65535),
  'v2 LOCAL that announces 65535 bytes': v2(0x20, 0x00, zeros(0), 65535),
  'v2 with one byte of a TLV': v2(0x21, 0x11, bytes(ipv4, [0xf1])),
  'v2 with two bytes of a TLV': v2(0x21, 0x11, bytes(ipv4, [0xf1, 0])),
  'v2 with a TLV beyond the end': v2(0x21, 0x11, bytes(ipv4, [0xf1, 0, 2, 0])),
  'v2 with a TLV twice': v2(0x21, 0x11, bytes(ipv4, tlv(5, text('a')), tlv(5, text('b')))),
  'v2 with a wrong sum': withSum(1),
  'v2 with a sum of three bytes': v2(0x21, 0x11, bytes(ipv4, tlv(3, zeros(3)))),
  'v2 with a sum of five bytes': v2(0x21, 0x11, bytes(ipv4, tlv(3, zeros(5)))),
  'v2 of a unix stream with half a TLV': v2(0x21, 0x31, bytes(zeros(216), [5, 0])),
}

const unfinished: Readonly<Record<string, Uint8Array>> = {
  nothing: zeros(0),
  'the beginning of version 1': text('PROX'),
  'a line without its end': text(`PROXY TCP4 ${words}`),
  'a line without its line feed': text(`PROXY TCP4 ${words}\r`),
  'the beginning of version 2': signature.subarray(0, 5),
  'a signature': signature,
  'v2 without its last byte': v2(0x21, 0x11, ipv4).subarray(0, -1),
}

export const proxyHeaders: readonly ProxyHeaderCase[] = [
  ...Object.entries(right).map(([name, [header, says]]) => ({ name, bytes: header, says })),
  ...casesOf(noHeaders, 'is no header'),
  ...casesOf(malformed, 'is malformed'),
  ...casesOf(unfinished, 'has not ended'),
]

/** Headers that say the client is on this machine; nothing else is wrong with them. */
export const claimsOfLoopback: Readonly<Record<string, Uint8Array>> = {
  '127.0.0.1': v1('TCP4 127.0.0.1 198.51.100.9 40001 3306'),
  '127.8.9.10': v1('TCP4 127.8.9.10 198.51.100.9 40001 3306'),
  '::1': v1('TCP6 ::1 2001:db8::9 40001 3306'),
  '0:0:0:0:0:0:0:1': v1('TCP6 0:0:0:0:0:0:0:1 2001:db8::9 40001 3306'),
  '::ffff:127.0.0.1': v1('TCP6 ::ffff:127.0.0.1 2001:db8::9 40001 3306'),
  '::ffff:7f00:1': v1('TCP6 ::ffff:7f00:1 2001:db8::9 40001 3306'),
  'v2 127.0.0.1': v2(0x21, 0x11, bytes('7f000001', ipv4.subarray(4))),
  'v2 ::1': v2(0x21, 0x21, bytes(zeros(15), [1], ipv6.subarray(16))),
  'v2 ::ffff:127.0.0.1': v2(0x21, 0x21, bytes(zeros(10), 'ffff7f000001', ipv6.subarray(16))),
}

function casesOf(group: Readonly<Record<string, Uint8Array>>, says: ProxyHeaderCase['says']): ProxyHeaderCase[] {
  return Object.entries(group).map(([name, header]) => ({ name, bytes: header, says }))
}
