/**
 * Which capabilities belong to a leg, and which to the session that runs over both. How commands and answers look must be the same on
 * both legs, since nobody translates; the rest is each leg's own.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 */
import { capability, mariadbCapability } from '../packets/capabilities.ts'
import type { BackendFacts } from './backend.ts'

/** What both legs must have alike. */
export const ofSession =
  capability.FOUND_ROWS |
  capability.LONG_FLAG |
  capability.NO_SCHEMA |
  capability.ODBC |
  capability.LOCAL_FILES |
  capability.IGNORE_SPACE |
  capability.INTERACTIVE |
  capability.TRANSACTIONS |
  capability.MULTI_STATEMENTS |
  capability.MULTI_RESULTS |
  capability.PS_MULTI_RESULTS |
  capability.CAN_HANDLE_EXPIRED_PASSWORDS |
  capability.SESSION_TRACK |
  capability.DEPRECATE_EOF |
  capability.OPTIONAL_RESULTSET_METADATA |
  capability.QUERY_ATTRIBUTES

/** What the gateway itself speaks with a client, whatever the backend can. CLIENT_SSL and compression are added where they can be had. */
const ofClientLeg =
  capability.CONNECT_WITH_DB |
  capability.PROTOCOL_41 |
  capability.IGNORE_SIGPIPE |
  capability.RESERVED |
  capability.SECURE_CONNECTION |
  capability.PLUGIN_AUTH |
  capability.CONNECT_ATTRS |
  capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  capability.MULTI_FACTOR_AUTHENTICATION |
  capability.SSL_VERIFY_SERVER_CERT |
  capability.REMEMBER_OPTIONS

/** What it speaks with a backend. */
export const ofBackendLeg =
  capability.LONG_PASSWORD |
  capability.PROTOCOL_41 |
  capability.SECURE_CONNECTION |
  capability.PLUGIN_AUTH |
  capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  capability.MULTI_FACTOR_AUTHENTICATION

/** MariaDB's extended ones that change nothing the gateway would have to understand. */
const mariadbOfSession =
  mariadbCapability.PROGRESS |
  mariadbCapability.STMT_BULK_OPERATIONS |
  mariadbCapability.EXTENDED_METADATA |
  mariadbCapability.CACHE_METADATA |
  mariadbCapability.BULK_UNIT_RESULTS

/** What a client is offered: of the session's what the backends have, of its own leg what the gateway has. */
export function offeredTo(
  facts: BackendFacts,
  {
    localInfile,
    ssl,
    compression,
  }: { readonly localInfile: boolean; readonly ssl: boolean; readonly compression: boolean },
): { readonly capabilities: number; readonly mariadbCapabilities: number } {
  const session =
    facts.capabilities & (ofSession | capability.LONG_PASSWORD) & ~(localInfile ? 0 : capability.LOCAL_FILES)
  const packed = compression ? capability.COMPRESS | capability.ZSTD_COMPRESSION_ALGORITHM : 0
  return {
    capabilities: (session | ofClientLeg | packed | (ssl ? capability.SSL : 0)) >>> 0,
    mariadbCapabilities: facts.mariadbCapabilities & mariadbOfSession,
  }
}
