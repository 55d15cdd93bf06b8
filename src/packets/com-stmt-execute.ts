/**
 * COM_STMT_EXECUTE: run a prepared statement.
 *
 *     int<1>           0x17
 *     int<4>           statement id; MariaDB: 0xffffffff is the last one prepared
 *     int<1>           flags
 *     int<4>           iteration count, always 1
 *     if the statement has parameters, or with CLIENT_QUERY_ATTRIBUTES and PARAMETER_COUNT_AVAILABLE:
 *       int<lenenc>      number of parameters and attributes, with CLIENT_QUERY_ATTRIBUTES
 *       parameter block  when there are any; layout in parameters.ts
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { command } from './commands.ts'
import { type Parameter, type RememberedParameters, readParameters, writeParameters } from './parameters.ts'

export interface ComStmtExecute {
  readonly statementId: number
  /** Of `executeFlag`. */
  readonly flags: number
  /** The parameters of the statement, then the query attributes. */
  readonly parameters: readonly Parameter[]
  /** Whether the types were sent; else they are those of the execution before. */
  readonly typesFollow: boolean
}

export const executeFlag = {
  CURSOR_TYPE_READ_ONLY: 1,
  CURSOR_TYPE_FOR_UPDATE: 2,
  CURSOR_TYPE_SCROLLABLE: 4,
  PARAMETER_COUNT_AVAILABLE: 8,
} as const

/** MariaDB's id for "the statement prepared last", for clients that do not wait for the answer to COM_STMT_PREPARE. */
export const LAST_PREPARED = 0xffffffff

/** Throws: `ConfigurationError` when a value does not suit its type. */
export function encodeComStmtExecute(execute: ComStmtExecute, capabilities: number): Uint8Array {
  const { statementId, flags, parameters, typesFollow } = execute
  const named = has(capabilities, capability.QUERY_ATTRIBUTES)
  const writer = new PacketWriter().u8(command.STMT_EXECUTE).u32(statementId).u8(flags).u32(1)
  if (parameters.length > 0 || (named && (flags & executeFlag.PARAMETER_COUNT_AVAILABLE) !== 0)) {
    if (named) writer.lenenc(parameters.length)
    if (parameters.length > 0) writeParameters(writer, parameters, { typesFollow, named })
  }
  return writer.finish()
}

/** Reads the statement id alone: what the receiver needs to find the statement, and so the rest. */
export function decodeStatementId(payload: Uint8Array): number {
  const reader = new PacketReader(payload, 'ComStmtExecute')
  reader.marker(command.STMT_EXECUTE, 'command')
  return reader.u32('statement id')
}

/** After: all byte values are copies. Throws: `MalformedPacket`. */
export function decodeComStmtExecute(
  payload: Uint8Array,
  capabilities: number,
  statement: RememberedParameters,
): ComStmtExecute {
  const reader = new PacketReader(new Uint8Array(payload), 'ComStmtExecute')
  reader.marker(command.STMT_EXECUTE, 'command')
  const statementId = reader.u32('statement id')
  const flags = reader.u8('flags')
  reader.skip(4, 'iteration count')
  const named = has(capabilities, capability.QUERY_ATTRIBUTES)
  const announced = named && (flags & executeFlag.PARAMETER_COUNT_AVAILABLE) !== 0
  let { count } = statement
  if (named && (count > 0 || announced)) {
    count = reader.lenenc('number of parameters')
    if (count < statement.count) reader.refuse('number of parameters', `${statement.count} at least`)
  }
  const block = count > 0 ? readParameters(reader, count, named, statement) : { parameters: [], typesFollow: false }
  // MariaDB Connector/Node 3.5 says that types follow even where there are no parameters.
  if (count === 0 && reader.remaining > 0) reader.marker(1, 'whether types follow')
  reader.end()
  return { statementId, flags, ...block }
}
