/** Who speaks first on a port where a MySQL server should: a client of another protocol, or a proxy's header. */
import type { Observation } from './observation.ts'

const proxyV2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
/** Bytes; the longest header of version 1, line end included. */
const longestProxyV1 = 107

/** Names the protocol of a client that does not wait for a greeting; `undefined` for one that may be MySQL's. */
export function foreignClient(bytes: Uint8Array): Observation['foreign'] {
  const [type = 0, version = 0, minor = 0xff] = bytes
  if (type === 0x16 && version === 3 && minor <= 4) return 'tls'
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 8)).toString('latin1')
  if (/^(GET|HEAD|POST|PUT|OPTIONS|PRI|CONNECT) /.test(start)) return 'http'
  if (start.startsWith('SSH-')) return 'ssh'
  if (bytes.length >= 8) {
    const code = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4)
    // The startup message of version 3.0, its SSLRequest and its GSSENCRequest.
    if (code === 196_608 || code === 80_877_103 || code === 80_877_104) return 'postgresql'
  }
  return /^[\x20-\x7e]{4}/.test(start) ? 'text' : undefined
}

/**
 * Bytes of a PROXY protocol header at the start; 0 where there is none.
 *
 * Spec: https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
 */
export function proxyHeaderLength(bytes: Uint8Array): number {
  if (proxyV2.every((byte, i) => bytes[i] === byte) && bytes.length >= 16) {
    return Math.min(bytes.length, 16 + (((bytes[14] as number) << 8) | (bytes[15] as number)))
  }
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, longestProxyV1)).toString('latin1')
  return line.startsWith('PROXY ') ? line.indexOf('\r\n') + 2 : 0
}
