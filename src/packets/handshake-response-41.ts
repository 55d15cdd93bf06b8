/**
 * HandshakeResponse41, the login: who the client is and its first authentication answer.
 *
 *     string<32>      head: see login-head.ts
 *     string<NUL>     user
 *     string<lenenc>  authentication answer, with CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;
 *                     else a one-byte length and the answer, with CLIENT_SECURE_CONNECTION
 *     string<NUL>     database, with CLIENT_CONNECT_WITH_DB
 *     string<NUL>     auth plugin name, with CLIENT_PLUGIN_AUTH
 *     lenenc block    connect attributes, with CLIENT_CONNECT_ATTRS
 *     int<1>          zstd level, with CLIENT_ZSTD_COMPRESSION_ALGORITHM
 *
 * The capability word in the packet decides its layout, not what was negotiated: servers read it so.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { type ConnectAttributes, readConnectAttributes, writeConnectAttributes } from './connect-attributes.ts'
import { announced, checkLoginString } from './layout.ts'
import { type LoginHead, readLoginHead, writeLoginHead } from './login-head.ts'

export interface HandshakeResponse41 extends LoginHead {
  /** In the character set of `collationId`, as all text here. */
  readonly user: Uint8Array
  readonly authAnswer: Uint8Array
  /** `undefined` without CLIENT_CONNECT_WITH_DB; empty means no database too. */
  readonly database: Uint8Array | undefined
  /** `undefined` without CLIENT_PLUGIN_AUTH, and when the client announces a name but sends none. */
  readonly authPluginName: string | undefined
  /** `undefined` without CLIENT_CONNECT_ATTRS. */
  readonly connectAttributes: ConnectAttributes | undefined
  /** `undefined` without CLIENT_ZSTD_COMPRESSION_ALGORITHM, and when the client announces a level but sends none. */
  readonly zstdLevel: number | undefined
}

const NAME = 'HandshakeResponse41'

/** Throws: `ConfigurationError` when a field does not fit, or contradicts the capabilities. */
export function encodeHandshakeResponse41(login: HandshakeResponse41): Uint8Array {
  const { capabilities, user, authAnswer } = login
  const writer = new PacketWriter()
  writeLoginHead(writer, login)
  checkLoginString(user, 'user')
  writer.nulString(user)
  checkLoginString(authAnswer, 'authAnswer')
  if (has(capabilities, capability.PLUGIN_AUTH_LENENC_CLIENT_DATA)) writer.lenencBytes(authAnswer)
  else if (has(capabilities, capability.SECURE_CONNECTION)) writer.u8(authAnswer.length).bytes(authAnswer)
  else throw new ConfigurationError('a login needs CLIENT_SECURE_CONNECTION')

  const database = announced(capabilities, 'CONNECT_WITH_DB', 'database', login.database)
  if (database !== undefined) {
    checkLoginString(database, 'database')
    writer.nulString(database)
  }
  const attributes = announced(capabilities, 'CONNECT_ATTRS', 'connectAttributes', login.connectAttributes)
  if (login.authPluginName !== undefined || attributes !== undefined) {
    const name = announced(capabilities, 'PLUGIN_AUTH', 'authPluginName', login.authPluginName)
    if (name !== undefined) {
      checkLoginString(name, 'authPluginName')
      writer.nulString(name)
    }
  }
  if (attributes !== undefined) writeConnectAttributes(writer, attributes)
  if (login.zstdLevel !== undefined) {
    writer.u8(announced(capabilities, 'ZSTD_COMPRESSION_ALGORITHM', 'zstdLevel', login.zstdLevel) as number)
  }
  return writer.finish()
}

/**
 * Reads a login as mysqld does: bytes after the last field are ignored, a missing plugin name or zstd level is none.
 *
 * After: all byte fields are copies.
 * Throws: `MalformedPacket`, also without CLIENT_PROTOCOL_41 or CLIENT_SECURE_CONNECTION.
 */
export function decodeHandshakeResponse41(payload: Uint8Array): HandshakeResponse41 {
  const reader = new PacketReader(payload, NAME)
  const head = readLoginHead(reader)
  const { capabilities } = head
  if (!has(capabilities, capability.PROTOCOL_41)) reader.refuse('capabilities', 'CLIENT_PROTOCOL_41')
  const user = reader.nul('user').slice()

  let authAnswer: Uint8Array
  if (has(capabilities, capability.PLUGIN_AUTH_LENENC_CLIENT_DATA)) {
    authAnswer = reader.lenencBytes('authentication answer').slice()
  } else if (has(capabilities, capability.SECURE_CONNECTION)) {
    authAnswer = reader.bytes(reader.u8('authentication answer length'), 'authentication answer').slice()
  } else {
    return reader.refuse('capabilities', 'CLIENT_SECURE_CONNECTION')
  }

  const database = has(capabilities, capability.CONNECT_WITH_DB) ? reader.nul('database').slice() : undefined
  // As in mysqld, a name without its NUL is no name, and the cursor stays.
  const authPluginName =
    has(capabilities, capability.PLUGIN_AUTH) && reader.hasNul() ? reader.nulLatin1('auth plugin name') : undefined
  const connectAttributes = has(capabilities, capability.CONNECT_ATTRS)
    ? readConnectAttributes(reader, NAME)
    : undefined
  const zstdLevel =
    has(capabilities, capability.ZSTD_COMPRESSION_ALGORITHM) && reader.remaining > 0
      ? reader.u8('zstd level')
      : undefined
  return { ...head, user, authAnswer, database, authPluginName, connectAttributes, zstdLevel }
}
