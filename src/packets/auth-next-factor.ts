/**
 * AuthNextFactor: one factor of multi-factor authentication passed, here is the next.
 *
 *     int<1>       0x02
 *     string<NUL>  auth plugin name
 *     string<EOF>  auth plugin data
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_next_factor_request.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

export interface AuthNextFactor {
  readonly authPluginName: string
  /** As on the wire, with the NUL behind a nonce. */
  readonly authPluginData: Uint8Array
}

export function encodeAuthNextFactor(next: AuthNextFactor): Uint8Array {
  return new PacketWriter().u8(0x02).nulString(next.authPluginName).bytes(next.authPluginData).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeAuthNextFactor(payload: Uint8Array): AuthNextFactor {
  const reader = new PacketReader(payload, 'AuthNextFactor')
  reader.marker(0x02, 'header')
  return { authPluginName: reader.nulLatin1('auth plugin name'), authPluginData: reader.rest().slice() }
}
