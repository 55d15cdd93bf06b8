/**
 * The status counters of the door, named as MySQL names them in SHOW GLOBAL STATUS. Plain numbers in one object: the hot path
 * adds, the console reads.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/server-status-variables.html
 */
export interface StatusCounters {
  /** Every attempt, refused ones too, but not those turned away with 1040 before the greeting (as measured on 9.7). */
  Connections: number
  Aborted_connects: number
  /** Ended after the login without COM_QUIT. */
  Aborted_clients: number
  Max_used_connections: number
  /** Wall clock, ms since 1970; 0 before the first connection. */
  maxUsedConnectionsAtMs: number
  Connection_errors_accept: number
  Connection_errors_internal: number
  Connection_errors_max_connections: number
  Connection_errors_peer_address: number
  Connection_errors_select: number
  Connection_errors_tcpwrap: number
  Locked_connects: number
  Ssl_accepts: number
  Ssl_finished_accepts: number
  Ssl_client_connects: number
  Ssl_session_cache_hits: number
  Bytes_received: number
  Bytes_sent: number
  Questions: number
  Queries: number
  Com_change_user: number
  Prepared_stmt_count: number
  Performance_schema_session_connect_attrs_lost: number
  Performance_schema_session_connect_attrs_longest_seen: number
  Saltgate_fast_authentications: number
  Saltgate_full_authentications: number
  /** Logins of which it was found out what was wrong with the proof, those among them that got in all the same. */
  Saltgate_near_proofs: number
}

export function newStatusCounters(): StatusCounters {
  return {
    Connections: 0,
    Aborted_connects: 0,
    Aborted_clients: 0,
    Max_used_connections: 0,
    maxUsedConnectionsAtMs: 0,
    Connection_errors_accept: 0,
    Connection_errors_internal: 0,
    Connection_errors_max_connections: 0,
    Connection_errors_peer_address: 0,
    Connection_errors_select: 0,
    Connection_errors_tcpwrap: 0,
    Locked_connects: 0,
    Ssl_accepts: 0,
    Ssl_finished_accepts: 0,
    Ssl_client_connects: 0,
    Ssl_session_cache_hits: 0,
    Bytes_received: 0,
    Bytes_sent: 0,
    Questions: 0,
    Queries: 0,
    Com_change_user: 0,
    Prepared_stmt_count: 0,
    Performance_schema_session_connect_attrs_lost: 0,
    Performance_schema_session_connect_attrs_longest_seen: 0,
    Saltgate_fast_authentications: 0,
    Saltgate_full_authentications: 0,
    Saltgate_near_proofs: 0,
  }
}
