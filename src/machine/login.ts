/**
 * What a client said of itself in its login, as text: the fields of HandshakeResponse41 and COM_CHANGE_USER that
 * outlive the packet, and what can be said against them before any account is looked up.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import { charsetOf, decodeName, refusedCharset } from './collations.ts'

export interface Login {
  readonly user: string
  readonly database: string | undefined
  /** What both sides can do: the client's capabilities that the server offered. */
  readonly capabilities: number
  /** The same of MariaDB's extended ones. */
  readonly mariadbCapabilities: number
  readonly collationId: number
  readonly maxPacketSize: number
  /** The plugin that the client named; `undefined` without CLIENT_PLUGIN_AUTH. */
  readonly authPluginName: string | undefined
  readonly connectAttributes: ConnectAttributes | undefined
  readonly zstdLevel: number | undefined
}

/** The same, with names as bytes in the client's character set. */
export interface SaidLogin extends Omit<Login, 'user' | 'database'> {
  readonly user: Uint8Array
  readonly database: Uint8Array | undefined
}

export type JudgedLogin =
  | { readonly login: Login }
  | { readonly refused: DenyReason; readonly values?: readonly string[]; readonly detail?: string }

/** Turns the names into text and applies the checks that mysqld makes before authentication. */
export function judgeLogin(said: SaidLogin): JudgedLogin {
  if (has(said.capabilities, capability.ZSTD_COMPRESSION_ALGORITHM)) {
    const level = said.zstdLevel ?? 0
    if (level < 1 || level > 22) return { refused: 'zstd-level', values: ['zstd'] }
  }
  if (refusedCharset(said.collationId)) {
    return { refused: 'charset-refused', values: ['character_set_client', charsetOf(said.collationId)] }
  }
  const user = decodeName(said.user, said.collationId)
  const database = said.database === undefined ? '' : decodeName(said.database, said.collationId)
  if (user === undefined || database === undefined) {
    return { refused: 'malformed-packet', detail: 'a name that is not text in its character set' }
  }
  return {
    login: {
      user,
      database: database === '' ? undefined : database,
      capabilities: said.capabilities,
      mariadbCapabilities: said.mariadbCapabilities,
      collationId: said.collationId,
      maxPacketSize: said.maxPacketSize,
      authPluginName: said.authPluginName,
      connectAttributes: said.connectAttributes,
      zstdLevel: said.zstdLevel,
    },
  }
}
