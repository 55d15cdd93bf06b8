/**
 * COM_STMT_FETCH: the next rows of a prepared statement's cursor.
 *
 *     int<1>  0x1c
 *     int<4>  statement id
 *     int<4>  number of rows
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_fetch.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComStmtFetch {
  readonly statementId: number
  readonly rows: number
}

export function encodeComStmtFetch(fetch: ComStmtFetch): Uint8Array {
  return new PacketWriter(9).u8(command.STMT_FETCH).u32(fetch.statementId).u32(fetch.rows).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComStmtFetch(payload: Uint8Array): ComStmtFetch {
  const reader = new PacketReader(payload, 'ComStmtFetch')
  reader.marker(command.STMT_FETCH, 'command')
  const fetch = { statementId: reader.u32('statement id'), rows: reader.u32('number of rows') }
  reader.end()
  return fetch
}
