/**
 * COM_INIT_DB: change the default database.
 *
 *     int<1>       0x02
 *     string<EOF>  database
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_init_db.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComInitDb {
  readonly database: Uint8Array
}

export function encodeComInitDb(init: ComInitDb): Uint8Array {
  return new PacketWriter().u8(command.INIT_DB).bytes(init.database).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComInitDb(payload: Uint8Array): ComInitDb {
  const reader = new PacketReader(payload, 'ComInitDb')
  reader.marker(command.INIT_DB, 'command')
  return { database: reader.rest().slice() }
}
