/**
 * The first bytes of a login, read before its layout is known: they decide which layout it is.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
 */
import { MalformedPacket } from '../errors/errors.ts'
import { capability } from '../packets/capabilities.ts'
import type { SslRequest } from '../packets/ssl-request.ts'

export interface LoginPrelude {
  /** `pre-4.1`: HandshakeResponse320, which nobody has needed since 2004. */
  readonly form: '4.1' | 'pre-4.1'
  readonly capabilities: number
  readonly collationId: number
}

/** The capabilities that change where the fields of HandshakeResponse41 lie. */
const layoutBits =
  capability.PROTOCOL_41 |
  capability.CONNECT_WITH_DB |
  capability.SECURE_CONNECTION |
  capability.PLUGIN_AUTH |
  capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  capability.CONNECT_ATTRS |
  capability.ZSTD_COMPRESSION_ALGORITHM

/**
 * Reads the capability word and collation of a login or SSLRequest.
 *
 * Throws: `MalformedPacket` when the packet is shorter than both layouts allow.
 */
export function preludeOf(payload: Uint8Array): LoginPrelude {
  if (payload.length < 2) throw tooShort(payload, 'capabilities', 2)
  const low = (payload[0] as number) | ((payload[1] as number) << 8)
  if ((low & capability.PROTOCOL_41) === 0) return { form: 'pre-4.1', capabilities: low, collationId: 0 }
  if (payload.length < 32) throw tooShort(payload, 'the fixed part', 32)
  const capabilities = (low | ((payload[2] as number) << 16) | ((payload[3] as number) << 24)) >>> 0
  return { form: '4.1', capabilities, collationId: payload[8] as number }
}

/**
 * Says what the login inside TLS changed since its SSLRequest. Its layout bits and collation must be those sent in clear:
 * mysqld reads the packet by the earlier word, so a client that changes them means something else than what is read (T27).
 *
 * Throws: `MalformedPacket` as `preludeOf`.
 */
export function changedSince(request: SslRequest, payload: Uint8Array): string | undefined {
  const { form, capabilities, collationId } = preludeOf(payload)
  if (form === 'pre-4.1' || ((capabilities ^ request.capabilities) & layoutBits) !== 0) {
    return 'the login inside TLS has other capabilities than the SSLRequest'
  }
  if (collationId !== request.collationId) {
    return 'the login inside TLS has another collation than the SSLRequest'
  }
  return undefined
}

function tooShort(payload: Uint8Array, field: string, needed: number): MalformedPacket {
  return new MalformedPacket({ packet: 'HandshakeResponse41', field, offset: 0, needed, available: payload.length })
}
