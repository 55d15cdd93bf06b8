/**
 * The 32 bytes that open both an SSLRequest and a HandshakeResponse41: one layout, so one codec.
 *
 *     int<4>      capabilities
 *     int<4>      max packet size
 *     int<1>      collation id
 *     string<19>  filler
 *     int<4>      MariaDB's extended capabilities if CLIENT_LONG_PASSWORD is clear, else more filler
 *
 * Servers ignore the filler. mysql-connector-python writes a two-byte collation id, so its high byte lies there: filler
 * that is not zero is kept, for traces that show what was really sent.
 */
import { ConfigurationError } from '../errors/errors.ts'
import type { PacketReader } from '../wire/reader.ts'
import type { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'

export interface LoginHead {
  readonly capabilities: number
  /** Bytes. */
  readonly maxPacketSize: number
  /** Low byte only, as servers read it. */
  readonly collationId: number
  /** 0 unless CLIENT_LONG_PASSWORD is clear. */
  readonly mariadbCapabilities: number
  /** Present when not all zero: 23 bytes, the last 4 of them zero if CLIENT_LONG_PASSWORD is clear. */
  readonly filler?: Uint8Array
}

const FILLER = 19
const FILLER_AND_EXTENDED = 23

export function writeLoginHead(writer: PacketWriter, head: LoginHead): void {
  writer.u32(head.capabilities).u32(head.maxPacketSize).u8(head.collationId)
  const mysql = has(head.capabilities, capability.LONG_PASSWORD)
  if (mysql && head.mariadbCapabilities !== 0) {
    throw new ConfigurationError('mariadbCapabilities needs CLIENT_LONG_PASSWORD to be clear')
  }
  if (head.filler !== undefined && head.filler.length !== FILLER_AND_EXTENDED) {
    throw new ConfigurationError(`filler has ${head.filler.length} bytes instead of ${FILLER_AND_EXTENDED}`)
  }
  if (head.filler === undefined) writer.zeros(FILLER)
  else writer.bytes(head.filler.subarray(0, FILLER))
  if (mysql && head.filler !== undefined) writer.bytes(head.filler.subarray(FILLER))
  else writer.u32(head.mariadbCapabilities)
}

export function readLoginHead(reader: PacketReader): LoginHead {
  const capabilities = reader.u32('capabilities')
  const maxPacketSize = reader.u32('max packet size')
  const collationId = reader.u8('collation id')
  const mysql = has(capabilities, capability.LONG_PASSWORD)
  const filler = new Uint8Array(FILLER_AND_EXTENDED)
  filler.set(reader.bytes(mysql ? FILLER_AND_EXTENDED : FILLER, 'filler'))
  const mariadbCapabilities = mysql ? 0 : reader.u32('MariaDB capabilities')
  const head = { capabilities, maxPacketSize, collationId, mariadbCapabilities }
  return isZero(filler) ? head : { ...head, filler }
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false
  return true
}
