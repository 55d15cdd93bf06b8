/**
 * COM_FIELD_LIST: the columns of a table, as the command-line client asks for them for its completion.
 *
 *     int<1>       0x04
 *     string<NUL>  table
 *     string<EOF>  wildcard of column names, empty for all
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_field_list.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComFieldList {
  readonly table: Uint8Array
  readonly wildcard: Uint8Array
}

/** Throws: `ConfigurationError` when the table has a NUL. */
export function encodeComFieldList(list: ComFieldList): Uint8Array {
  return new PacketWriter().u8(command.FIELD_LIST).nulString(list.table).bytes(list.wildcard).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComFieldList(payload: Uint8Array): ComFieldList {
  const reader = new PacketReader(payload, 'ComFieldList')
  reader.marker(command.FIELD_LIST, 'command')
  return { table: reader.nul('table').slice(), wildcard: reader.rest().slice() }
}
