/**
 * EOF: ends the columns, and the rows, of a result set for a client without CLIENT_DEPRECATE_EOF.
 *
 *     int<1>  0xfe
 *     int<2>  warnings
 *     int<2>  status flags
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_eof_packet.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

export interface Eof {
  readonly warnings: number
  readonly statusFlags: number
}

export function encodeEof(eof: Eof): Uint8Array {
  return new PacketWriter(5).u8(0xfe).u16(eof.warnings).u16(eof.statusFlags).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeEof(payload: Uint8Array): Eof {
  const reader = new PacketReader(payload, 'Eof')
  reader.marker(0xfe, 'header')
  const eof = { warnings: reader.u16('warnings'), statusFlags: reader.u16('status flags') }
  reader.end()
  return eof
}
