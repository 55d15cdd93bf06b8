/**
 * HandshakeV10, the greeting: what a server says first.
 *
 *     int<1>       protocol version, 10
 *     string<NUL>  server version
 *     int<4>       connection id
 *     string<8>    auth plugin data, part 1
 *     int<1>       filler
 *     int<2>       capabilities, low half
 *     int<1>       collation id, low byte
 *     int<2>       status flags
 *     int<2>       capabilities, high half
 *     int<1>       length of all auth plugin data, or 0 without CLIENT_PLUGIN_AUTH
 *     string<10>   reserved; MariaDB: 6 bytes, then its extended capabilities in 4 if CLIENT_LONG_PASSWORD is clear
 *     string<n>    auth plugin data, part 2: max(13, length - 8) bytes
 *     string<NUL>  auth plugin name, with CLIENT_PLUGIN_AUTH
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { latin1, PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { announced } from './layout.ts'

export interface HandshakeV10 {
  readonly serverVersion: string
  readonly connectionId: number
  /** As on the wire: the trailing NUL is in it, so the usual nonce of 20 bytes makes 21. */
  readonly authPluginData: Uint8Array
  readonly capabilities: number
  /** Low byte only; the collation's id may be larger. */
  readonly collationId: number
  readonly statusFlags: number
  /** 0 from MySQL. */
  readonly mariadbCapabilities: number
  /** `undefined` without CLIENT_PLUGIN_AUTH. */
  readonly authPluginName: string | undefined
}

const PART_1 = 8
const MIN_PART_2 = 13

/** Throws: `ConfigurationError` when a field does not fit, or contradicts the capabilities. */
export function encodeHandshakeV10(greeting: HandshakeV10): Uint8Array {
  const { capabilities, authPluginData } = greeting
  const name = announced(capabilities, 'PLUGIN_AUTH', 'authPluginName', greeting.authPluginName)
  if (authPluginData.length < PART_1 + MIN_PART_2) {
    throw new ConfigurationError(`authPluginData has ${authPluginData.length} bytes; the greeting carries 21 at least`)
  }
  const extended = has(capabilities, capability.LONG_PASSWORD) ? 0 : greeting.mariadbCapabilities
  if (extended !== greeting.mariadbCapabilities) {
    throw new ConfigurationError('mariadbCapabilities needs CLIENT_LONG_PASSWORD to be clear')
  }
  const writer = new PacketWriter()
    .u8(10)
    .nulString(greeting.serverVersion)
    .u32(greeting.connectionId)
    .bytes(authPluginData.subarray(0, PART_1))
    .u8(0)
    .u16(capabilities & 0xffff)
    .u8(greeting.collationId)
    .u16(greeting.statusFlags)
    .u16(capabilities >>> 16)
    .u8(name === undefined ? 0 : authPluginData.length)
    .zeros(6)
    .u32(extended)
    .bytes(authPluginData.subarray(PART_1))
  if (name !== undefined) writer.nulString(name)
  return writer.finish()
}

/** Throws: `MalformedPacket`, also when the protocol version is not 10. */
export function decodeHandshakeV10(payload: Uint8Array): HandshakeV10 {
  const reader = new PacketReader(payload, 'HandshakeV10')
  reader.marker(10, 'protocol version')
  const serverVersion = reader.nulLatin1('server version')
  const connectionId = reader.u32('connection id')
  const part1 = reader.bytes(PART_1, 'auth plugin data part 1')
  reader.skip(1, 'filler')
  const low = reader.u16('capabilities, low')
  const collationId = reader.u8('collation id')
  const statusFlags = reader.u16('status flags')
  const capabilities = (low | (reader.u16('capabilities, high') << 16)) >>> 0
  const dataLength = reader.u8('auth plugin data length')
  reader.skip(6, 'reserved')
  const extended = reader.u32('reserved or MariaDB capabilities')
  const part2 = reader.bytes(Math.max(MIN_PART_2, dataLength - PART_1), 'auth plugin data part 2')
  const authPluginData = new Uint8Array(PART_1 + part2.length)
  authPluginData.set(part1)
  authPluginData.set(part2, PART_1)
  let authPluginName: string | undefined
  if (has(capabilities, capability.PLUGIN_AUTH)) {
    // MySQL 5.5.7 to 5.5.9 and 5.6.0 to 5.6.1 forget the NUL.
    authPluginName = reader.hasNul() ? reader.nulLatin1('auth plugin name') : latin1(reader.rest())
  }
  reader.end()
  return {
    serverVersion,
    connectionId,
    authPluginData,
    capabilities,
    collationId,
    statusFlags,
    mariadbCapabilities: has(capabilities, capability.LONG_PASSWORD) ? 0 : extended,
    authPluginName,
  }
}
