/**
 * COM_SET_OPTION: turn several statements per COM_QUERY on (0) or off (1).
 *
 *     int<1>  0x1b
 *     int<2>  option
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_set_option.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComSetOption {
  /** 0 is MYSQL_OPTION_MULTI_STATEMENTS_ON, 1 is ..._OFF. */
  readonly option: number
}

export function encodeComSetOption(set: ComSetOption): Uint8Array {
  return new PacketWriter(3).u8(command.SET_OPTION).u16(set.option).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComSetOption(payload: Uint8Array): ComSetOption {
  const reader = new PacketReader(payload, 'ComSetOption')
  reader.marker(command.SET_OPTION, 'command')
  const set = { option: reader.u16('option') }
  reader.end()
  return set
}
