/**
 * OK: the login or the command succeeded. With CLIENT_DEPRECATE_EOF it also ends a result set, under header 0xfe.
 *
 *     int<1>          0x00 or 0xfe
 *     int<lenenc>     affected rows
 *     int<lenenc>     last insert id
 *     int<2>          status flags
 *     int<2>          warnings
 *     string<lenenc>  info; absent when empty and no session changes follow
 *     string<lenenc>  session changes, with CLIENT_SESSION_TRACK and SERVER_SESSION_STATE_CHANGED
 *
 * The manual says that info is `string<EOF>` without CLIENT_SESSION_TRACK, but mysqld writes and libmysqlclient reads a
 * length there too; we write one, and read both.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { serverStatus } from './server-status.ts'
import { decodeSessionChanges, encodeSessionChanges, type SessionChange } from './session-changes.ts'

export interface Ok {
  readonly header: 0x00 | 0xfe
  readonly affectedRows: bigint
  readonly lastInsertId: bigint
  readonly statusFlags: number
  readonly warnings: number
  readonly info: Uint8Array
  /** `undefined` unless SERVER_SESSION_STATE_CHANGED is set. */
  readonly sessionChanges: readonly SessionChange[] | undefined
}

/** Throws: `ConfigurationError` when a field does not fit, or session changes contradict capabilities or status. */
export function encodeOk(ok: Ok, capabilities: number): Uint8Array {
  const changed = carriesChanges(ok.statusFlags, capabilities)
  if (changed !== (ok.sessionChanges !== undefined)) {
    throw new ConfigurationError(
      'sessionChanges go with CLIENT_SESSION_TRACK and SERVER_SESSION_STATE_CHANGED, and only with both',
    )
  }
  const writer = new PacketWriter(32)
    .u8(ok.header)
    .lenenc(ok.affectedRows)
    .lenenc(ok.lastInsertId)
    .u16(ok.statusFlags)
    .u16(ok.warnings)
  if (changed || ok.info.length > 0) writer.lenencBytes(ok.info)
  if (ok.sessionChanges !== undefined) writer.lenencBytes(encodeSessionChanges(ok.sessionChanges))
  return writer.finish()
}

/** Throws: `MalformedPacket`. */
export function decodeOk(payload: Uint8Array, capabilities: number): Ok {
  const reader = new PacketReader(payload, 'Ok')
  const header = reader.u8('header')
  if (header !== 0x00 && header !== 0xfe) reader.refuse('header', '0x00 or 0xfe')
  const affectedRows = reader.lenencBig('affected rows')
  const lastInsertId = reader.lenencBig('last insert id')
  const statusFlags = reader.u16('status flags')
  const warnings = reader.u16('warnings')
  const changed = carriesChanges(statusFlags, capabilities)
  const info = readInfo(reader, changed, has(capabilities, capability.SESSION_TRACK))
  const sessionChanges = changed ? decodeSessionChanges(reader.lenencBytes('session changes')) : undefined
  reader.end()
  return { header: header as Ok['header'], affectedRows, lastInsertId, statusFlags, warnings, info, sessionChanges }
}

function readInfo(reader: PacketReader, changed: boolean, tracked: boolean): Uint8Array {
  if (tracked) return changed || reader.remaining > 0 ? reader.lenencBytes('info').slice() : new Uint8Array(0)
  const rest = reader.rest()
  const first = rest[0] ?? 0
  // Every info text is shorter than 251 bytes, so its length is one byte.
  return rest.slice(first === rest.length - 1 ? 1 : 0)
}

function carriesChanges(statusFlags: number, capabilities: number): boolean {
  return has(capabilities, capability.SESSION_TRACK) && (statusFlags & serverStatus.SESSION_STATE_CHANGED) !== 0
}
