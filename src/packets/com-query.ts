/**
 * COM_QUERY: a statement, and its query attributes.
 *
 *     int<1>           0x03
 *     int<lenenc>      number of attributes, with CLIENT_QUERY_ATTRIBUTES
 *     int<lenenc>      number of attribute sets, always 1, with CLIENT_QUERY_ATTRIBUTES
 *     parameter block  when there are attributes; layout in parameters.ts, types always follow
 *     string<EOF>      query
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { command } from './commands.ts'
import { type Parameter, readParameters, writeParameters } from './parameters.ts'

export interface ComQuery {
  readonly query: Uint8Array
  /** Empty without CLIENT_QUERY_ATTRIBUTES. */
  readonly attributes: readonly Parameter[]
}

const NOTHING_REMEMBERED = { types: [], longData: new Set<number>() }

/** Throws: `ConfigurationError` when there are attributes without CLIENT_QUERY_ATTRIBUTES, or one does not fit. */
export function encodeComQuery(query: ComQuery, capabilities: number): Uint8Array {
  const writer = new PacketWriter(16 + query.query.length).u8(command.QUERY)
  if (has(capabilities, capability.QUERY_ATTRIBUTES)) {
    writer.lenenc(query.attributes.length).lenenc(1)
    if (query.attributes.length > 0) writeParameters(writer, query.attributes, { typesFollow: true, named: true })
  } else if (query.attributes.length > 0) {
    throw new ConfigurationError('query attributes need CLIENT_QUERY_ATTRIBUTES')
  }
  return writer.bytes(query.query).finish()
}

/** After: all byte fields are copies. Throws: `MalformedPacket`. */
export function decodeComQuery(payload: Uint8Array, capabilities: number): ComQuery {
  const reader = new PacketReader(new Uint8Array(payload), 'ComQuery')
  reader.marker(command.QUERY, 'command')
  let attributes: Parameter[] = []
  if (has(capabilities, capability.QUERY_ATTRIBUTES)) {
    const count = reader.lenenc('number of attributes')
    if (reader.lenenc('number of attribute sets') !== 1) reader.refuse('number of attribute sets', '1')
    if (count > 0) attributes = readParameters(reader, count, true, NOTHING_REMEMBERED).parameters
  }
  return { attributes, query: reader.rest() }
}
