/**
 * AuthMoreData: the server's further turn in a plugin's dialogue.
 *
 *     int<1>       0x01
 *     string<EOF>  data, opaque to all but the plugin
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_more_data.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

export interface AuthMoreData {
  readonly data: Uint8Array
}

export function encodeAuthMoreData(more: AuthMoreData): Uint8Array {
  return new PacketWriter(1 + more.data.length).u8(0x01).bytes(more.data).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeAuthMoreData(payload: Uint8Array): AuthMoreData {
  const reader = new PacketReader(payload, 'AuthMoreData')
  reader.marker(0x01, 'header')
  return { data: reader.rest().slice() }
}
