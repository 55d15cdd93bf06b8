/** What is known of a reason to refuse a connection. */
import type { ServerErrorSymbol } from './codes.ts'

export interface DenyRow {
  /** The public error, or `undefined` when the connection just ends. */
  readonly error: ServerErrorSymbol | undefined
  readonly hostCache: HostCacheCounter | undefined
  readonly connectError: boolean
  readonly explains: string
  readonly remedy: string
}

export type HostCacheCounter =
  | 'COUNT_HOST_BLOCKED_ERRORS'
  | 'COUNT_NAMEINFO_TRANSIENT_ERRORS'
  | 'COUNT_NAMEINFO_PERMANENT_ERRORS'
  | 'COUNT_FORMAT_ERRORS'
  | 'COUNT_ADDRINFO_TRANSIENT_ERRORS'
  | 'COUNT_ADDRINFO_PERMANENT_ERRORS'
  | 'COUNT_FCRDNS_ERRORS'
  | 'COUNT_HOST_ACL_ERRORS'
  | 'COUNT_NO_AUTH_PLUGIN_ERRORS'
  | 'COUNT_AUTH_PLUGIN_ERRORS'
  | 'COUNT_HANDSHAKE_ERRORS'
  | 'COUNT_PROXY_USER_ERRORS'
  | 'COUNT_PROXY_USER_ACL_ERRORS'
  | 'COUNT_AUTHENTICATION_ERRORS'
  | 'COUNT_SSL_ERRORS'
  | 'COUNT_MAX_USER_CONNECTIONS_ERRORS'
  | 'COUNT_MAX_USER_CONNECTIONS_PER_HOUR_ERRORS'
  | 'COUNT_DEFAULT_DATABASE_ERRORS'
  | 'COUNT_INIT_CONNECT_ERRORS'
  | 'COUNT_LOCAL_ERRORS'
  | 'COUNT_ACCOUNT_LOCKED_ERRORS'
  | 'COUNT_TEMPORARY_ACCOUNT_LOCKED_ERRORS'
  | 'COUNT_UNKNOWN_ERRORS'
