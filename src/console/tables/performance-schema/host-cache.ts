/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-host-cache-table.html
 */
import { columns, rowOf, timestamp, type VirtualTable } from '../table.ts'

const hostCacheColumns = columns(
  `IP varchar(64) | HOST varchar(255) null | HOST_VALIDATED enum('YES','NO') | SUM_CONNECT_ERRORS bigint |
  COUNT_HOST_BLOCKED_ERRORS bigint | COUNT_NAMEINFO_TRANSIENT_ERRORS bigint |
  COUNT_NAMEINFO_PERMANENT_ERRORS bigint | COUNT_FORMAT_ERRORS bigint | COUNT_ADDRINFO_TRANSIENT_ERRORS bigint |
  COUNT_ADDRINFO_PERMANENT_ERRORS bigint | COUNT_FCRDNS_ERRORS bigint | COUNT_HOST_ACL_ERRORS bigint |
  COUNT_NO_AUTH_PLUGIN_ERRORS bigint | COUNT_AUTH_PLUGIN_ERRORS bigint | COUNT_HANDSHAKE_ERRORS bigint |
  COUNT_PROXY_USER_ERRORS bigint | COUNT_PROXY_USER_ACL_ERRORS bigint | COUNT_AUTHENTICATION_ERRORS bigint |
  COUNT_SSL_ERRORS bigint | COUNT_MAX_USER_CONNECTIONS_ERRORS bigint |
  COUNT_MAX_USER_CONNECTIONS_PER_HOUR_ERRORS bigint | COUNT_DEFAULT_DATABASE_ERRORS bigint |
  COUNT_INIT_CONNECT_ERRORS bigint | COUNT_LOCAL_ERRORS bigint | COUNT_ACCOUNT_LOCKED_ERRORS bigint |
  COUNT_TEMPORARY_ACCOUNT_LOCKED_ERRORS bigint | COUNT_UNKNOWN_ERRORS bigint | FIRST_SEEN timestamp |
  LAST_SEEN timestamp | FIRST_ERROR_SEEN timestamp null | LAST_ERROR_SEEN timestamp null`,
)

export const hostCache: VirtualTable = {
  schema: 'performance_schema',
  name: 'host_cache',
  readers: 'select',
  columns: hostCacheColumns,
  rows: ({ door }) =>
    door.hostCache.rows().map((row) =>
      rowOf(hostCacheColumns, {
        ...row,
        FIRST_SEEN: timestamp(row.FIRST_SEEN),
        LAST_SEEN: timestamp(row.LAST_SEEN),
        FIRST_ERROR_SEEN: row.FIRST_ERROR_SEEN === null ? null : timestamp(row.FIRST_ERROR_SEEN),
        LAST_ERROR_SEEN: row.LAST_ERROR_SEEN === null ? null : timestamp(row.LAST_ERROR_SEEN),
      }),
    ),
}
