/**
 * COM_STMT_CLOSE: forget a prepared statement. It has no answer.
 *
 *     int<1>  0x19
 *     int<4>  statement id
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_close.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComStmtClose {
  readonly statementId: number
}

export function encodeComStmtClose(close: ComStmtClose): Uint8Array {
  return new PacketWriter(5).u8(command.STMT_CLOSE).u32(close.statementId).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComStmtClose(payload: Uint8Array): ComStmtClose {
  const reader = new PacketReader(payload, 'ComStmtClose')
  reader.marker(command.STMT_CLOSE, 'command')
  const close = { statementId: reader.u32('statement id') }
  reader.end()
  return close
}
