/**
 * COM_CHANGE_USER: log in again as someone else on the same connection.
 *
 *     int<1>       0x11
 *     string<NUL>  user
 *     string<n>    authentication answer after a one-byte length, with CLIENT_SECURE_CONNECTION
 *     string<NUL>  database, empty for none
 *     int<2>       collation id
 *     string<NUL>  auth plugin name, with CLIENT_PLUGIN_AUTH
 *     lenenc block connect attributes, with CLIENT_CONNECT_ATTRS
 *
 * Clients leave out fields from the end, and servers differ in what they make of it: a field that is not there is
 * `undefined`, and the machine decides. The npm client `mariadb` leaves out the database itself, so that its collation
 * is read as one, here as in the server.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_change_user.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { type ConnectAttributes, readConnectAttributes, writeConnectAttributes } from './connect-attributes.ts'
import { checkLoginString } from './layout.ts'

export interface ComChangeUser {
  readonly user: Uint8Array
  readonly authAnswer: Uint8Array
  /** Empty for none. */
  readonly database: Uint8Array
  readonly collationId: number | undefined
  readonly authPluginName: string | undefined
  readonly connectAttributes: ConnectAttributes | undefined
}

const NAME = 'ComChangeUser'

/** Throws: `ConfigurationError` when a field does not fit, lacks its capability, or follows one that is left out. */
export function encodeComChangeUser(change: ComChangeUser, capabilities: number): Uint8Array {
  const { user, authAnswer, database, collationId, authPluginName, connectAttributes } = change
  checkLoginString(user, 'user')
  checkLoginString(database, 'database')
  const writer = new PacketWriter().u8(0x11).nulString(user)
  if (!has(capabilities, capability.SECURE_CONNECTION)) {
    throw new ConfigurationError('COM_CHANGE_USER needs CLIENT_SECURE_CONNECTION')
  }
  writer.u8(authAnswer.length).bytes(authAnswer).nulString(database)
  const follows = authPluginName !== undefined || connectAttributes !== undefined
  if (collationId === undefined) {
    if (follows) throw new ConfigurationError('fields after the collation id need one')
    return writer.finish()
  }
  writer.u16(collationId)
  if (authPluginName !== undefined) {
    if (!has(capabilities, capability.PLUGIN_AUTH)) {
      throw new ConfigurationError('authPluginName needs CLIENT_PLUGIN_AUTH')
    }
    writer.nulString(authPluginName)
  }
  if (connectAttributes !== undefined) {
    if (!has(capabilities, capability.CONNECT_ATTRS)) {
      throw new ConfigurationError('connectAttributes need CLIENT_CONNECT_ATTRS')
    }
    if (authPluginName === undefined && has(capabilities, capability.PLUGIN_AUTH)) {
      throw new ConfigurationError('connectAttributes need an authPluginName before them')
    }
    writeConnectAttributes(writer, connectAttributes)
  }
  return writer.finish()
}

/**
 * Reads the command under the capabilities of the login; bytes after the last field are ignored, as in mysqld.
 *
 * After: all byte fields are copies. Throws: `MalformedPacket`, also without CLIENT_SECURE_CONNECTION.
 */
export function decodeComChangeUser(payload: Uint8Array, capabilities: number): ComChangeUser {
  const reader = new PacketReader(payload, NAME)
  reader.marker(0x11, 'command')
  const user = reader.nul('user').slice()
  if (!has(capabilities, capability.SECURE_CONNECTION)) reader.refuse('capabilities', 'CLIENT_SECURE_CONNECTION')
  const authAnswer = reader.bytes(reader.u8('authentication answer length'), 'authentication answer').slice()
  const database = reader.nul('database').slice()
  const collationId = reader.remaining > 0 ? reader.u16('collation id') : undefined
  const authPluginName =
    has(capabilities, capability.PLUGIN_AUTH) && reader.remaining > 0 ? reader.nulLatin1('auth plugin name') : undefined
  const connectAttributes =
    has(capabilities, capability.CONNECT_ATTRS) && reader.remaining > 0
      ? readConnectAttributes(reader, NAME)
      : undefined
  return { user, authAnswer, database, collationId, authPluginName, connectAttributes }
}
