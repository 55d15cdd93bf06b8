/**
 * The capability bits of both peers, and MariaDB's extended ones.
 *
 * A bit decides the layout of later packets, so every codec reads this table. The comment on a bit says why our server
 * does not offer it; bits without one are offered.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 */

export const capability = {
  /** MariaDB calls it CLIENT_MYSQL and clears it to announce its extended bits; MySQL always sets it. */
  LONG_PASSWORD: 1 << 0,
  FOUND_ROWS: 1 << 1,
  LONG_FLAG: 1 << 2,
  CONNECT_WITH_DB: 1 << 3,
  NO_SCHEMA: 1 << 4,
  COMPRESS: 1 << 5,
  ODBC: 1 << 6,
  /** Not offered: the server would read files of the client, which nothing here needs. */
  LOCAL_FILES: 1 << 7,
  IGNORE_SPACE: 1 << 8,
  PROTOCOL_41: 1 << 9,
  INTERACTIVE: 1 << 10,
  SSL: 1 << 11,
  IGNORE_SIGPIPE: 1 << 12,
  TRANSACTIONS: 1 << 13,
  RESERVED: 1 << 14,
  /** The manual's CLIENT_RESERVED2: the login carries a length before the authentication answer. */
  SECURE_CONNECTION: 1 << 15,
  MULTI_STATEMENTS: 1 << 16,
  MULTI_RESULTS: 1 << 17,
  PS_MULTI_RESULTS: 1 << 18,
  PLUGIN_AUTH: 1 << 19,
  CONNECT_ATTRS: 1 << 20,
  PLUGIN_AUTH_LENENC_CLIENT_DATA: 1 << 21,
  CAN_HANDLE_EXPIRED_PASSWORDS: 1 << 22,
  SESSION_TRACK: 1 << 23,
  DEPRECATE_EOF: 1 << 24,
  OPTIONAL_RESULTSET_METADATA: 1 << 25,
  ZSTD_COMPRESSION_ALGORITHM: 1 << 26,
  QUERY_ATTRIBUTES: 1 << 27,
  MULTI_FACTOR_AUTHENTICATION: 1 << 28,
  /** Not offered: reserved for a second capability word that MySQL has not defined. */
  CAPABILITY_EXTENSION: 1 << 29,
  /** Meaning only inside a client's library; MySQL offers it all the same. */
  SSL_VERIFY_SERVER_CERT: 1 << 30,
  /** Meaning only inside a client's library; MySQL offers it all the same. */
  REMEMBER_OPTIONS: 0x80000000,
} as const

/**
 * MariaDB's extended bits, sent in the last four filler bytes by peers that clear LONG_PASSWORD.
 *
 * Spec: https://mariadb.com/kb/en/connection/#capabilities
 */
export const mariadbCapability = {
  PROGRESS: 1 << 0,
  COM_MULTI: 1 << 1,
  STMT_BULK_OPERATIONS: 1 << 2,
  EXTENDED_METADATA: 1 << 3,
  CACHE_METADATA: 1 << 4,
  BULK_UNIT_RESULTS: 1 << 5,
} as const

export type CapabilityName = keyof typeof capability

/** Tells whether a bit is set. Units: both are 32-bit words. */
export function has(capabilities: number, bit: number): boolean {
  return (capabilities & bit) !== 0
}

/** Lists the names of the bits that are set, lowest first. */
export function names(capabilities: number): CapabilityName[] {
  return all.filter((name) => has(capabilities, capability[name]))
}

const all = Object.keys(capability) as CapabilityName[]
