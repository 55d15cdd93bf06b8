/**
 * The status flags that a server sends in its greeting and in every OK and EOF.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/mysql__com_8h.html
 */

export const serverStatus = {
  IN_TRANS: 1 << 0,
  AUTOCOMMIT: 1 << 1,
  MORE_RESULTS_EXISTS: 1 << 3,
  QUERY_NO_GOOD_INDEX_USED: 1 << 4,
  QUERY_NO_INDEX_USED: 1 << 5,
  CURSOR_EXISTS: 1 << 6,
  LAST_ROW_SENT: 1 << 7,
  DB_DROPPED: 1 << 8,
  NO_BACKSLASH_ESCAPES: 1 << 9,
  METADATA_CHANGED: 1 << 10,
  QUERY_WAS_SLOW: 1 << 11,
  PS_OUT_PARAMS: 1 << 12,
  IN_TRANS_READONLY: 1 << 13,
  /** An OK with this flag carries session changes. */
  SESSION_STATE_CHANGED: 1 << 14,
} as const
