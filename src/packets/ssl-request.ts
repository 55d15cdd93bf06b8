/**
 * SSLRequest: the head of a login alone, sent in clear before TLS starts. Layout in `login-head.ts`.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_ssl_request.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { capability, has } from './capabilities.ts'
import { type LoginHead, readLoginHead, writeLoginHead } from './login-head.ts'

export type SslRequest = LoginHead

/** Throws: `ConfigurationError` when a field does not fit or CLIENT_SSL is clear. */
export function encodeSslRequest(request: SslRequest): Uint8Array {
  if (!has(request.capabilities, capability.SSL)) throw new ConfigurationError('an SSLRequest needs CLIENT_SSL')
  const writer = new PacketWriter()
  writeLoginHead(writer, request)
  return writer.finish()
}

/** Throws: `MalformedPacket` unless it is exactly 32 bytes with CLIENT_SSL. */
export function decodeSslRequest(payload: Uint8Array): SslRequest {
  const reader = new PacketReader(payload, 'SslRequest')
  const request = readLoginHead(reader)
  if (!has(request.capabilities, capability.SSL)) reader.refuse('capabilities', 'CLIENT_SSL')
  reader.end()
  return request
}
