/**
 * The packets in which a client says who it is, read: SSLRequest, HandshakeResponse41 and COM_CHANGE_USER; and the greeting that
 * they answer. Which of them may come when is the business of `server-handshake.ts`.
 *
 * Throws, all of them: `MalformedPacket`.
 */
import type { ServerErrorSymbol } from '../errors/codes.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeComChangeUser } from '../packets/com-change-user.ts'
import { decodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { encodeHandshakeV10 } from '../packets/handshake-v10.ts'
import { serverStatus } from '../packets/server-status.ts'
import { decodeSslRequest, type SslRequest } from '../packets/ssl-request.ts'
import { withNul } from './exchanges.ts'
import { type JudgedLogin, judgeLogin, type Login } from './login.ts'
import { changedSince, preludeOf } from './login-prelude.ts'
import type { LoginPolicy, Stranger } from './server-states.ts'

export type Said =
  | { readonly is: 'tls-request'; readonly request: SslRequest }
  | { readonly is: 'login'; readonly judged: JudgedLogin; readonly answer: Uint8Array }
  | {
      readonly is: 'nonsense'
      readonly reason: DenyReason
      readonly detail: string
      readonly symbol?: ServerErrorSymbol
    }
  /** A client that knows neither capabilities nor SQLSTATE. */
  | { readonly is: 'pre-4.1'; readonly reason: DenyReason; readonly detail: string }

export function greetingOf(policy: LoginPolicy, { connectionId }: Stranger, nonce: Uint8Array): Uint8Array {
  const { serverVersion, capabilities, mariadbCapabilities, collationId, defaultPlugin } = policy
  return encodeHandshakeV10({
    ...{ serverVersion, connectionId, capabilities, mariadbCapabilities },
    authPluginData: withNul(nonce),
    collationId: collationId & 0xff,
    statusFlags: serverStatus.AUTOCOMMIT,
    authPluginName: defaultPlugin.name,
  })
}

/** The first packet of a client. */
export function readFirst(payload: Uint8Array, policy: LoginPolicy): Said {
  const prelude = preludeOf(payload)
  if (prelude.form === 'pre-4.1') {
    // Measured on 9.7: a short one is a bad handshake, a long one an old client; neither gets an SQLSTATE.
    const reason = payload.length > 64 ? 'no-plugin-auth' : 'malformed-packet'
    return { is: 'pre-4.1', reason, detail: 'a login from before 4.1' }
  }
  if (has(prelude.capabilities, capability.SSL) && has(policy.capabilities, capability.SSL)) {
    return { is: 'tls-request', request: decodeSslRequest(payload) }
  }
  return readResponse(payload, prelude.capabilities, policy)
}

/** The login behind an SSLRequest. */
export function readOverTls(payload: Uint8Array, request: SslRequest, policy: LoginPolicy): Said {
  const detail = changedSince(request, payload)
  if (detail !== undefined) return { is: 'nonsense', reason: 'malformed-packet', detail }
  return readResponse(payload, request.capabilities, policy)
}

/** `previous` is the login that the connection came in with. */
export function readChangeUser(payload: Uint8Array, previous: Login): Said {
  const packet = decodeComChangeUser(payload, previous.capabilities)
  const { collationId, authPluginName, authAnswer } = packet
  const wantsPlugin = has(previous.capabilities, capability.PLUGIN_AUTH)
  if (collationId === undefined || (wantsPlugin && authPluginName === undefined)) {
    const detail = 'COM_CHANGE_USER lacks a field'
    return { is: 'nonsense', reason: 'malformed-packet', symbol: 'ER_UNKNOWN_COM_ERROR', detail }
  }
  const { capabilities, mariadbCapabilities, maxPacketSize, zstdLevel } = previous
  const kept = { collationId, capabilities, mariadbCapabilities, maxPacketSize, zstdLevel }
  return { is: 'login', judged: judgeLogin({ ...packet, ...kept }), answer: authAnswer.slice() }
}

function readResponse(payload: Uint8Array, said: number, policy: LoginPolicy): Said {
  const response = decodeHandshakeResponse41(payload)
  const capabilities = (said & policy.capabilities) >>> 0
  const mariadbCapabilities = (response.mariadbCapabilities & policy.mariadbCapabilities) >>> 0
  const judged = judgeLogin({ ...response, capabilities, mariadbCapabilities })
  return { is: 'login', judged, answer: response.authAnswer.slice() }
}
