/**
 * ERR: the login or the command failed.
 *
 *     int<1>       0xff
 *     int<2>       error code
 *     string<6>    '#' and the SQLSTATE, once the server knows that the client has CLIENT_PROTOCOL_41
 *     string<EOF>  message
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { latin1, PacketReader, utf8 } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

export interface Err {
  readonly code: number
  /** Five characters; `undefined` for an ERR without the marker, such as one sent instead of a greeting. */
  readonly sqlState: string | undefined
  /** UTF-8 on the wire. */
  readonly message: string
}

const HASH = 0x23

/** Throws: `ConfigurationError` when a field does not fit or the SQLSTATE is not five characters. */
export function encodeErr(err: Err): Uint8Array {
  const writer = new PacketWriter().u8(0xff).u16(err.code)
  if (err.sqlState !== undefined) {
    if (err.sqlState.length !== 5) throw new ConfigurationError(`SQLSTATE '${err.sqlState}' is not five characters`)
    writer.u8(HASH).latin1(err.sqlState)
  }
  return writer.utf8(err.message).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeErr(payload: Uint8Array): Err {
  const reader = new PacketReader(payload, 'Err')
  reader.marker(0xff, 'header')
  const code = reader.u16('error code')
  const rest = reader.rest()
  if (rest[0] !== HASH) return { code, sqlState: undefined, message: utf8(rest) }
  if (rest.length < 6) reader.refuse('SQLSTATE', 'five characters')
  return { code, sqlState: latin1(rest.subarray(1, 6)), message: utf8(rest.subarray(6)) }
}
