/**
 * AuthSwitchRequest: the server asks for another plugin.
 *
 *     int<1>       0xfe
 *     string<NUL>  auth plugin name
 *     string<EOF>  auth plugin data
 *
 * 0xfe alone is the form from before plugins: it asks for mysql_old_password with the greeting's nonce.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

export interface AuthSwitchRequest {
  readonly authPluginName: string
  /** As on the wire: the NUL that mysqld puts behind a nonce of 20 bytes is in it. */
  readonly authPluginData: Uint8Array
  /** Present when it is the one-byte form; the name is then mysql_old_password and the data empty. */
  readonly old?: true
}

const OLD: AuthSwitchRequest = { authPluginName: 'mysql_old_password', authPluginData: new Uint8Array(0), old: true }

export function encodeAuthSwitchRequest(request: AuthSwitchRequest): Uint8Array {
  if (request.old && (request.authPluginName !== OLD.authPluginName || request.authPluginData.length > 0)) {
    throw new ConfigurationError('the one-byte AuthSwitchRequest carries no plugin name and no data')
  }
  const writer = new PacketWriter().u8(0xfe)
  if (!request.old) writer.nulString(request.authPluginName).bytes(request.authPluginData)
  return writer.finish()
}

/** Throws: `MalformedPacket`. */
export function decodeAuthSwitchRequest(payload: Uint8Array): AuthSwitchRequest {
  const reader = new PacketReader(payload, 'AuthSwitchRequest')
  reader.marker(0xfe, 'header')
  if (reader.remaining === 0) return OLD
  return { authPluginName: reader.nulLatin1('auth plugin name'), authPluginData: reader.rest().slice() }
}
