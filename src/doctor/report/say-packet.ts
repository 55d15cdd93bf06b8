/** What a packet says, in one line of words. */
import { clientPlugins } from '../../auth/plugins.ts'
import { capability, has } from '../../packets/capabilities.ts'
import type { ComChangeUser } from '../../packets/com-change-user.ts'
import { attributesText } from '../../packets/connect-attributes.ts'
import type { Err } from '../../packets/err.ts'
import type { HandshakeResponse41 } from '../../packets/handshake-response-41.ts'
import type { HandshakeV10 } from '../../packets/handshake-v10.ts'
import type { SslRequest } from '../../packets/ssl-request.ts'
import type { SeenPacket } from '../observation.ts'
import { collationName, nameText } from './fields.ts'
import { type Context, type Place, statementStart } from './secret-places.ts'

export interface SayContext extends Context {
  /** The last thing that the server asked the plugin for is the password itself, not a proof of it. */
  readonly passwordWanted: boolean
}

export function sayPacket(packet: SeenPacket, secret: Place | undefined, context: SayContext): string {
  const { kind, payload, length } = packet
  const fields = packet.fields as unknown
  if (kind === 'AuthAnswer') return sayAnswer(payload, length, packet.channel !== 'plaintext', context)
  if (kind === 'COM_QUERY' || kind === 'COM_STMT_PREPARE') return sayStatement(packet, secret, context)
  if (fields === undefined) return sayUndecoded(packet, context)
  switch (kind) {
    case 'HandshakeV10':
      return sayGreeting(fields as HandshakeV10)
    case 'SslRequest':
      return `request for TLS: ${collationName((fields as SslRequest).collationId)}`
    case 'HandshakeResponse41':
      return sayLogin(fields as HandshakeResponse41)
    case 'COM_CHANGE_USER': {
      const { user, authPluginName, authAnswer, collationId } = fields as ComChangeUser
      return `change of user to ${quote(nameText(user, collationId ?? 0))}: ${sayProof(authPluginName, authAnswer)}`
    }
    case 'AuthSwitchRequest':
    case 'AuthNextFactor': {
      const { authPluginName, authPluginData } = fields as { authPluginName: string; authPluginData: Uint8Array }
      const what = kind === 'AuthNextFactor' ? 'next factor by' : 'switch to'
      return `${what} ${authPluginName}${sayNonce(authPluginData)}`
    }
    case 'AuthMoreData': {
      const { data } = fields as { data: Uint8Array }
      const meaning = clientPlugins.get(context.plugin ?? '')?.meaningOf?.(data)
      return meaning ?? `${length - 1} bytes of ${context.plugin ?? 'no plugin'}`
    }
    case 'Ok':
      return 'OK'
    case 'Err': {
      const { code, sqlState, message } = fields as Err
      const text = secret === undefined ? message : `${message.slice(0, message.search(/['"]/) + 1)}...`
      return `ERROR ${code}${sqlState === undefined ? '' : ` (${sqlState})`}: ${text}`
    }
    default:
      return sayUndecoded(packet, context)
  }
}

function sayGreeting({
  serverVersion,
  connectionId,
  authPluginData,
  capabilities,
  authPluginName,
}: HandshakeV10): string {
  const plugin = authPluginName ?? 'no plugin named (mysql_native_password)'
  const tls = has(capabilities, capability.SSL) ? 'TLS offered' : 'no TLS'
  return `greeting of ${serverVersion}: ${plugin}, ${tls}${sayNonce(authPluginData)}, connection ${connectionId}`
}

function sayLogin(login: HandshakeResponse41): string {
  const { user, database, collationId, authPluginName, authAnswer, connectAttributes } = login
  const attributes = new Map(attributesText(connectAttributes))
  const parts = [
    sayProof(authPluginName, authAnswer),
    database && database.length > 0 ? `database ${quote(nameText(database, collationId))}` : '',
    collationName(collationId),
    attributes.size > 0 ? `${attributes.size} attributes` : '',
  ]
  return `login of ${quote(nameText(user, collationId))}: ${parts.filter((part) => part !== '').join(', ')}`
}

function sayProof(plugin: string | undefined, answer: Uint8Array): string {
  const named = plugin ?? 'no plugin named (mysql_native_password)'
  return answer.length === 0 ? `${named}, nothing proven yet` : `${named}, answer of ${answer.length} bytes`
}

/** 21 bytes ending in a NUL are a nonce of 20. */
function sayNonce(data: Uint8Array): string {
  if (data.length === 0) return ''
  if (data.length === 21 && data[20] === 0) return ', 20 bytes of nonce and a NUL'
  return `, ${data.length} bytes of data`
}

function sayAnswer(payload: Uint8Array, length: number, secure: boolean, context: SayContext): string {
  const { plugin, passwordWanted } = context
  const [first] = payload
  if (length === 0) return 'empty answer: no password'
  if (length === 1 && first === 0) return 'a NUL: no password'
  if (length === 1 && first === keyRequests.get(plugin ?? '')) return "request for the server's public key"
  const what = answerKinds.get(plugin ?? '')
  if (what !== undefined) return `${what}, ${length} bytes`
  if (plugin === 'sha256_password' || passwordWanted) {
    if (secure) return `password in clear, ${length} bytes with its NUL`
    return length >= shortestSealed
      ? `sealed password, ${length} bytes`
      : `password in clear on a plaintext channel, ${length} bytes`
  }
  return plugin === 'caching_sha2_password' && length === 32 ? 'scramble, 32 bytes' : `answer of ${length} bytes`
}

const keyRequests = new Map([
  ['caching_sha2_password', 2],
  ['sha256_password', 1],
])

const answerKinds = new Map([
  ['mysql_native_password', 'scramble'],
  ['client_ed25519', 'signature'],
  ['parsec', 'nonce and signature'],
  ['mysql_clear_password', 'password in clear'],
  ['dialog', 'what was asked for'],
  ['authentication_openid_connect_client', 'token'],
])

/** Bytes of the text that the smallest RSA key in use makes. */
const shortestSealed = 128

function sayStatement({ kind, payload, length }: SeenPacket, secret: Place | undefined, context: Context): string {
  const start = kind === 'COM_QUERY' ? statementStart(payload, context.capabilities) : 1
  if (start === undefined) return `${kind}, ${length} bytes`
  const end = Math.min(secret?.[0] ?? payload.length, start + longestStatement)
  const text = Buffer.from(payload.buffer, payload.byteOffset + start, Math.max(0, end - start)).toString()
  return `${kind}: ${text.replace(/\s+/g, ' ').trim()}${end < length ? '...' : ''}`
}

/** Bytes of a statement that are shown. */
const longestStatement = 120

function sayUndecoded({ kind, from, length }: SeenPacket, { plugin }: Context): string {
  if (kind.startsWith('COM_')) return length === 1 ? kind : `${kind}, ${length} bytes`
  if (kind === 'Unknown')
    return `${length} bytes ${plugin === undefined && from === 'server' ? 'before any login' : 'of no known packet'}`
  return `${kind} of ${length} bytes`
}

function quote(name: string): string {
  return name === '' ? 'nobody' : `'${name}'`
}
