/**
 * COM_STMT_RESET: drop the long data and the cursor of a prepared statement.
 *
 *     int<1>  0x1a
 *     int<4>  statement id
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_reset.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComStmtReset {
  readonly statementId: number
}

export function encodeComStmtReset(reset: ComStmtReset): Uint8Array {
  return new PacketWriter(5).u8(command.STMT_RESET).u32(reset.statementId).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComStmtReset(payload: Uint8Array): ComStmtReset {
  const reader = new PacketReader(payload, 'ComStmtReset')
  reader.marker(command.STMT_RESET, 'command')
  const reset = { statementId: reader.u32('statement id') }
  reader.end()
  return reset
}
