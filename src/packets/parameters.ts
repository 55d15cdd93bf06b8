/**
 * The parameter block that COM_QUERY and COM_STMT_EXECUTE share.
 *
 *     string<n>       bitmap of NULLs
 *     int<1>          whether types follow
 *     for each, if so:
 *       int<2>          type, and 0x8000 for unsigned
 *       string<lenenc>  name, with CLIENT_QUERY_ATTRIBUTES
 *     values          of those that are neither NULL nor sent as long data
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import type { PacketReader } from '../wire/reader.ts'
import type { PacketWriter } from '../wire/writer.ts'
import { isNull, nullBitmap, nullBitmapLength, readBinaryValue, type Value, writeBinaryValue } from './binary-value.ts'
import { fieldType } from './column-definition.ts'

export interface ParameterType {
  /** Of `fieldType`. */
  readonly type: number
  readonly unsigned: boolean
  /** Empty for a `?` of the statement; the name of a query attribute. */
  readonly name: string
}

export interface Parameter extends ParameterType {
  /** `undefined` when it was sent by COM_STMT_SEND_LONG_DATA. */
  readonly value: Value | undefined
}

/** What the receiver remembers of a prepared statement. */
export interface RememberedParameters {
  /** The `?` of the statement. */
  readonly count: number
  /** Of the last execution that sent types; empty before. */
  readonly types: readonly ParameterType[]
  /** Indexes that have long data. */
  readonly longData: ReadonlySet<number>
}

const UNSIGNED = 0x8000

/** Throws: `ConfigurationError` when a value does not suit its type. */
export function writeParameters(
  writer: PacketWriter,
  parameters: readonly Parameter[],
  how: { readonly typesFollow: boolean; readonly named: boolean },
): void {
  const values = parameters.map((parameter) => parameter.value)
  writer.bytes(nullBitmap(values, 0)).u8(how.typesFollow ? 1 : 0)
  for (const { type, unsigned, name } of parameters) {
    if (!how.named && name !== '') throw new ConfigurationError('a named parameter needs CLIENT_QUERY_ATTRIBUTES')
    if (how.typesFollow) writer.u16(type | (unsigned ? UNSIGNED : 0))
    if (how.typesFollow && how.named) writer.lenencUtf8(name)
  }
  for (const { type, unsigned, value } of parameters) {
    if (value !== undefined && value !== null) writeBinaryValue(writer, type, unsigned, value)
  }
}

/** Bytes are views of the payload. Throws: `MalformedPacket`, also when types are needed but neither sent nor known. */
export function readParameters(
  reader: PacketReader,
  count: number,
  named: boolean,
  remembered: Pick<RememberedParameters, 'types' | 'longData'>,
): { parameters: Parameter[]; typesFollow: boolean } {
  const nulls = reader.bytes(nullBitmapLength(count, 0), 'bitmap of NULLs')
  const flag = reader.u8('whether types follow')
  if (flag > 1) reader.refuse('whether types follow', '0 or 1')
  const typesFollow = flag === 1
  let types = remembered.types
  if (typesFollow) types = readTypes(reader, count, named)
  if (types.length !== count) reader.refuse('types', `the types of ${count} parameters`)
  const parameters = types.map((type, i) => {
    if (remembered.longData.has(i)) return { ...type, value: undefined }
    if (isNull(nulls, i, 0) || type.type === fieldType.NULL) return { ...type, value: null }
    return { ...type, value: readBinaryValue(reader, type.type, type.unsigned) }
  })
  return { parameters, typesFollow }
}

function readTypes(reader: PacketReader, count: number, named: boolean): ParameterType[] {
  const types: ParameterType[] = []
  for (let i = 0; i < count; i++) {
    const word = reader.u16('type of parameter')
    const name = named ? reader.lenencUtf8('name of parameter') : ''
    types.push({ type: word & 0xff, unsigned: (word & UNSIGNED) !== 0, name })
  }
  return types
}
