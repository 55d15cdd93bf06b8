/**
 * COM_STMT_SEND_LONG_DATA: a piece of one parameter, ahead of COM_STMT_EXECUTE. It has no answer.
 *
 *     int<1>       0x18
 *     int<4>       statement id
 *     int<2>       parameter, from 0
 *     string<EOF>  data, appended to earlier pieces
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_send_long_data.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComStmtSendLongData {
  readonly statementId: number
  readonly parameter: number
  readonly data: Uint8Array
}

export function encodeComStmtSendLongData(piece: ComStmtSendLongData): Uint8Array {
  return new PacketWriter(7 + piece.data.length)
    .u8(command.STMT_SEND_LONG_DATA)
    .u32(piece.statementId)
    .u16(piece.parameter)
    .bytes(piece.data)
    .finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComStmtSendLongData(payload: Uint8Array): ComStmtSendLongData {
  const reader = new PacketReader(payload, 'ComStmtSendLongData')
  reader.marker(command.STMT_SEND_LONG_DATA, 'command')
  return {
    statementId: reader.u32('statement id'),
    parameter: reader.u16('parameter'),
    data: reader.rest().slice(),
  }
}
