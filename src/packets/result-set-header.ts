/**
 * The head of a result set: how many columns, and whether their definitions follow.
 *
 *     int<lenenc>  number of columns
 *     int<1>       whether definitions follow, with CLIENT_OPTIONAL_RESULTSET_METADATA or MariaDB's CACHE_METADATA
 *
 * The manual has them the other way round; MySQL 9.7 sends them like this, and its client reads them so.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has, mariadbCapability } from './capabilities.ts'

export interface ResultSetHeader {
  readonly columnCount: number
  /** Always true unless one of the two capabilities was negotiated. */
  readonly metadataFollows: boolean
}

export function encodeResultSetHeader(
  header: ResultSetHeader,
  capabilities: number,
  mariadbCapabilities = 0,
): Uint8Array {
  const writer = new PacketWriter(10)
  const follows = header.metadataFollows ? 1 : 0
  writer.lenenc(header.columnCount)
  if (saysWhether(capabilities, mariadbCapabilities)) writer.u8(follows)
  return writer.finish()
}

/** Throws: `MalformedPacket`. */
export function decodeResultSetHeader(
  payload: Uint8Array,
  capabilities: number,
  mariadbCapabilities = 0,
): ResultSetHeader {
  const reader = new PacketReader(payload, 'ResultSetHeader')
  const columnCount = reader.lenenc('number of columns')
  const metadataFollows = !saysWhether(capabilities, mariadbCapabilities) || reader.u8('metadata follows') === 1
  reader.end()
  return { columnCount, metadataFollows }
}

function saysWhether(capabilities: number, mariadbCapabilities: number): boolean {
  return (
    has(capabilities, capability.OPTIONAL_RESULTSET_METADATA) ||
    has(mariadbCapabilities, mariadbCapability.CACHE_METADATA)
  )
}
