/**
 * Where secrets lie in each kind of packet: the one table that every report obeys. Answers, passwords, tokens and what is derived of
 * them are told by their length, nothing else; so is a statement from its first literal on, which may be the password of an account.
 *
 * In doubt the place is secret: a packet that does not decode may hold its answer anywhere.
 */
import { capability, has } from '../../packets/capabilities.ts'
import type { SeenKind, SeenPacket } from '../observation.ts'

/** From, and up to but without: bytes of the payload. */
export type Place = readonly [start: number, end: number]

/** What the packets before this one have settled. */
export interface Context {
  /** The plugin at work; `undefined` before a login. */
  readonly plugin: string | undefined
  /** Whether the last login was let in. */
  readonly loggedIn: boolean
  /** What both sides can do; 0 before a login. */
  readonly capabilities: number
}

/** Returns the secret place of a packet; `undefined` where it has none. */
export function secretPlace(packet: SeenPacket, context: Context): Place | undefined {
  const { payload } = packet
  const row = table[packet.kind]
  const place = row === undefined ? behindFirstByte(packet) : row(packet, context)
  return place === undefined || place[0] >= Math.min(place[1], payload.length) ? undefined : place
}

type Row = (packet: SeenPacket, context: Context) => Place | undefined

const nothing: Row = () => undefined
const all: Row = ({ payload }) => [0, payload.length]
const behindFirstByte = ({ payload }: SeenPacket): Place => [1, payload.length]
const unlessDecoded: Row = (packet, context) => (packet.fields === undefined ? all(packet, context) : undefined)

/** A command that is not here may hold values: all behind its first byte is secret. */
const table: { readonly [kind in SeenKind]?: Row } = {
  HandshakeV10: nothing,
  SslRequest: unlessDecoded,
  AuthSwitchRequest: unlessDecoded,
  AuthNextFactor: unlessDecoded,
  HandshakeResponse41: ({ payload, fields }) => {
    const lenenc = has(Number(fields?.capabilities ?? 0), capability.PLUGIN_AUTH_LENENC_CLIENT_DATA)
    return answerBehindUser(payload, 32, fields?.authAnswer, lenenc)
  },
  COM_CHANGE_USER: ({ payload, fields }) => answerBehindUser(payload, 1, fields?.authAnswer, false),
  AuthAnswer: (packet, context) => (isControlByte(packet.payload) ? undefined : all(packet, context)),
  AuthMoreData: (packet, { plugin }) => (harmlessData.has(plugin ?? '') ? undefined : behindFirstByte(packet)),
  Ok: (packet) => infoOfOk(packet),
  // The text of a failed statement is repeated in its ERR.
  Err: ({ payload }, { loggedIn }) => (loggedIn ? fromFirstQuote(payload, 1) : undefined),
  COM_QUERY: ({ payload }, { capabilities }) => {
    const head = statementStart(payload, capabilities)
    return head === undefined ? [1, payload.length] : fromFirstQuote(payload, head)
  },
  COM_STMT_PREPARE: ({ payload }) => fromFirstQuote(payload, 1),
  COM_QUIT: nothing,
  COM_INIT_DB: nothing,
  COM_FIELD_LIST: nothing,
  COM_PING: nothing,
  COM_RESET_CONNECTION: nothing,
  COM_PROCESS_KILL: nothing,
  COM_SET_OPTION: nothing,
  COM_STATISTICS: nothing,
  COM_STMT_CLOSE: nothing,
  COM_STMT_RESET: nothing,
  COM_STMT_FETCH: nothing,
  Unknown: (packet, context) =>
    packet.from === 'server' && context.plugin === undefined ? undefined : all(packet, context),
}

/**
 * Plugins whose AuthMoreData anybody may read: states, public keys, salts, questions. What others send may prove the password, as the
 * last message of SCRAM does.
 */
const harmlessData = new Set(['caching_sha2_password', 'sha256_password', 'parsec', 'dialog'])

/** What a plugin says by one byte: no password, and the two requests for the server's key. */
export function isControlByte(payload: Uint8Array): boolean {
  return payload.length === 1 && (payload[0] as number) <= 2
}

/** Where the statement of a COM_QUERY begins; `undefined` when it has attributes, which are values. */
export function statementStart(payload: Uint8Array, capabilities: number): number | undefined {
  if (!has(capabilities, capability.QUERY_ATTRIBUTES)) return 1
  return payload[1] === 0 && payload[2] === 1 ? 3 : undefined
}

/** The answer, where it stands as it was decoded; of a packet that does not decode all but the flags. Units: `start` of the user. */
function answerBehindUser(payload: Uint8Array, start: number, answer: unknown, lenenc: boolean): Place | undefined {
  // The layout from before MySQL 4.1 begins with flags, too, and its answer comes early.
  if (!(answer instanceof Uint8Array)) return [Math.min(start, 4), payload.length]
  if (answer.length === 0) return undefined
  const nul = payload.indexOf(0, start)
  const at = nul + 1 + (lenenc ? lenencSize(payload[nul + 1] ?? 0) : 1)
  const found = payload.subarray(at, at + answer.length)
  return Buffer.compare(found, answer) === 0 ? [at, at + answer.length] : [nul + 1, payload.length]
}

function lenencSize(first: number): number {
  return first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9
}

/** MariaDB proves its certificate by a digest of the password in the info of the OK. */
function infoOfOk({ payload, fields }: SeenPacket): Place | undefined {
  const info = fields?.info
  if (!(info instanceof Uint8Array)) return [1, payload.length]
  if (info.length === 0) return undefined
  const at = Buffer.from(payload.buffer, payload.byteOffset, payload.length).lastIndexOf(info)
  return [at === -1 ? 1 : at, at === -1 ? payload.length : at + info.length]
}

/** Not from mark to mark: an apostrophe in a comment would turn inside and outside round. */
function fromFirstQuote(payload: Uint8Array, start: number): Place | undefined {
  for (let i = start; i < payload.length; i++) {
    if (payload[i] === 0x27 || payload[i] === 0x22) return [i + 1, payload.length]
  }
  return undefined
}
