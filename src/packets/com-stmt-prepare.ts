/**
 * COM_STMT_PREPARE and the head of its answer.
 *
 *     int<1>       0x16
 *     string<EOF>  query
 *
 * StmtPrepareOk, followed by parameter and column definitions:
 *
 *     int<1>  0x00
 *     int<4>  statement id
 *     int<2>  number of columns
 *     int<2>  number of parameters
 *     int<1>  filler
 *     int<2>  warnings
 *     int<1>  whether definitions follow, with CLIENT_OPTIONAL_RESULTSET_METADATA
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { command } from './commands.ts'

export interface ComStmtPrepare {
  readonly query: Uint8Array
}

export interface StmtPrepareOk {
  readonly statementId: number
  readonly columnCount: number
  readonly parameterCount: number
  readonly warnings: number
  /** Always true without CLIENT_OPTIONAL_RESULTSET_METADATA. */
  readonly metadataFollows: boolean
}

export function encodeComStmtPrepare(prepare: ComStmtPrepare): Uint8Array {
  return new PacketWriter(1 + prepare.query.length).u8(command.STMT_PREPARE).bytes(prepare.query).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComStmtPrepare(payload: Uint8Array): ComStmtPrepare {
  const reader = new PacketReader(payload, 'ComStmtPrepare')
  reader.marker(command.STMT_PREPARE, 'command')
  return { query: reader.rest().slice() }
}

export function encodeStmtPrepareOk(ok: StmtPrepareOk, capabilities: number): Uint8Array {
  const writer = new PacketWriter(13)
    .u8(0x00)
    .u32(ok.statementId)
    .u16(ok.columnCount)
    .u16(ok.parameterCount)
    .u8(0)
    .u16(ok.warnings)
  if (has(capabilities, capability.OPTIONAL_RESULTSET_METADATA)) writer.u8(ok.metadataFollows ? 1 : 0)
  return writer.finish()
}

/** Throws: `MalformedPacket`. */
export function decodeStmtPrepareOk(payload: Uint8Array, capabilities: number): StmtPrepareOk {
  const reader = new PacketReader(payload, 'StmtPrepareOk')
  reader.marker(0x00, 'status')
  const statementId = reader.u32('statement id')
  const columnCount = reader.u16('number of columns')
  const parameterCount = reader.u16('number of parameters')
  reader.skip(1, 'filler')
  const warnings = reader.u16('warnings')
  const optional = has(capabilities, capability.OPTIONAL_RESULTSET_METADATA)
  const metadataFollows = !optional || reader.u8('metadata follows') === 1
  reader.end()
  return { statementId, columnCount, parameterCount, warnings, metadataFollows }
}
