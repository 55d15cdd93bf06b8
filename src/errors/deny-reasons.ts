/**
 * Why a connection did not get in: one row per true cause.
 *
 * The wire carries the public error of the row and no more; the reason itself goes to the log, the registry and
 * `saltgate.deny_reasons`. `hostCache` is the column of performance_schema.host_cache that counts it, as measured on
 * MySQL 9.7; `connectError` says whether it also adds to SUM_CONNECT_ERRORS, which is what blocks a host (1129).
 */
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

export const denyReasons = {
  'too-many-connections': {
    error: 'ER_CON_COUNT_ERROR',
    hostCache: undefined,
    connectError: false,
    explains: 'max_connections are in use',
    remedy: 'raise max_connections, or find the client that does not close its connections (SHOW PROCESSLIST)',
  },
  'gave-way': {
    error: 'ER_CON_COUNT_ERROR',
    hostCache: undefined,
    connectError: false,
    explains: 'max_connections were in use, and of all strangers this one had been waited for longest',
    remedy: 'find who opens connections and says nothing; saltgate_stranger_patience says how long they may',
  },
  'host-blocked': {
    error: 'ER_HOST_IS_BLOCKED',
    hostCache: 'COUNT_HOST_BLOCKED_ERRORS',
    connectError: false,
    explains: 'the address had max_connect_errors broken handshakes in a row',
    remedy: 'find what connects without logging in (a TCP health check?), then FLUSH HOSTS',
  },
  'host-not-allowed': {
    error: 'ER_HOST_NOT_PRIVILEGED',
    hostCache: 'COUNT_HOST_ACL_ERRORS',
    connectError: false,
    explains: 'no account has a host pattern that matches the client',
    remedy: "CREATE USER ... @'<the address in the error>', or a pattern that covers it",
  },
  'client-gone': {
    error: 'ER_NET_READ_ERROR',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the client closed its connection before the login was over',
    remedy:
      'look at the phase: right after the greeting it is a port scan or a TCP health check, after a switch the client lacks the plugin',
  },
  'login-timeout': {
    error: 'ER_NET_READ_INTERRUPTED',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the login took longer than connect_timeout',
    remedy: 'the phase says who was waited for: the client, name resolution, or the password check',
  },
  'malformed-packet': {
    error: 'ER_HANDSHAKE_ERROR',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'a packet of the login does not decode, or was not allowed at that point',
    remedy: 'is it a MySQL client at all? If so, capture the login and look at the packet named in the detail',
  },
  'out-of-order': {
    error: 'ER_NET_PACKETS_OUT_OF_ORDER',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the sequence number of a packet is not the next one',
    remedy: 'something between client and server changes packets, or the client does not speak MySQL (an HTTP check?)',
  },
  'packet-too-large': {
    error: 'ER_NET_PACKET_TOO_LARGE',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'a stranger announced a packet larger than the limit before login',
    remedy: 'no MySQL client needs it: look at what connects',
  },
  'plaintext-before-tls': {
    error: 'ER_HANDSHAKE_ERROR',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'bytes that are not TLS followed the request for TLS',
    remedy:
      'the client or something in between injects plain bytes before the encryption starts: treat it as an attack',
  },
  'tls-failed': {
    error: undefined,
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the TLS handshake failed',
    remedy:
      'the detail names the reason: protocol version, no common cipher, or a client that does not trust the certificate',
  },
  'no-plugin-auth': {
    error: 'ER_NOT_SUPPORTED_AUTH_MODE',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the client cannot switch plugins (no CLIENT_PLUGIN_AUTH) and the account needs one',
    remedy: 'use a client of this decade, or give the account mysql_native_password',
  },
  'no-multi-factor': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the first factor is right, but the account has more and the client can do only one',
    remedy: 'use a client with CLIENT_MULTI_FACTOR_AUTHENTICATION, such as the mysql CLI with --password2',
  },
  'charset-refused': {
    error: 'ER_WRONG_VALUE_FOR_VAR',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the client asked for a character set that no connection may use (ucs2, utf16, utf32)',
    remedy: 'use utf8mb4 in the client',
  },
  'zstd-level': {
    error: 'ER_WRONG_COMPRESSION_LEVEL_CLIENT',
    hostCache: 'COUNT_HANDSHAKE_ERRORS',
    connectError: true,
    explains: 'the client asked for zstd with a level that is not 1 to 22',
    remedy: 'set --zstd-compression-level to 1-22',
  },
  'unknown-account': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'no account has this user name for the client host',
    remedy: 'SELECT user, host FROM mysql.user: create the account, or correct the name or the host pattern',
  },
  'scramble-mismatch': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the scramble is not that of the password',
    remedy: 'wrong password, or the client hashes other bytes than the nonce',
  },
  'secret-mismatch': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the password is wrong',
    remedy: 'check the password; a trailing newline or a URL-encoded character is a frequent cause',
  },
  'no-password': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the client sent no password and the account has one',
    remedy: 'give the client the password; an empty environment variable is a frequent cause',
  },
  'password-not-empty': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the client sent a password and the account has none',
    remedy: 'log in without a password, or set one for the account',
  },
  'scramble-malformed': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the proof has a length that the plugin never produces',
    remedy: 'the client ran another plugin, or something between truncated the packet',
  },
  'secret-malformed': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTH_PLUGIN_ERRORS',
    connectError: false,
    explains: 'the password packet does not decrypt, is too long, or lacks its final NUL',
    remedy: 'on a plaintext channel the client must use the RSA key of this server; see the detail',
  },
  'stored-credential-unusable': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: "the account's authentication_string is not one that its plugin understands",
    remedy: 'set the password again with ALTER USER',
  },
  'no-login': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the account has the plugin mysql_no_login',
    remedy: 'the account is meant never to log in',
  },
  'peer-identity': {
    error: 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the account has a socket plugin, which needs the identity of the process at the other end',
    remedy: 'Node cannot read it: give the account a password plugin',
  },
  'plugin-unknown': {
    error: 'ER_PLUGIN_IS_NOT_LOADED',
    hostCache: 'COUNT_NO_AUTH_PLUGIN_ERRORS',
    connectError: false,
    explains: "the account's plugin does not exist here",
    remedy: 'ALTER USER ... IDENTIFIED WITH caching_sha2_password',
  },
  'insecure-channel': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_SSL_ERRORS',
    connectError: false,
    explains: 'the plugin sends the password in clear and the channel is not secure',
    remedy: 'connect with TLS or through the unix socket',
  },
  'tls-required': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_SSL_ERRORS',
    connectError: false,
    explains: 'the password is right, but the account has REQUIRE SSL and the connection is not encrypted',
    remedy: 'connect with TLS (--ssl-mode=REQUIRED)',
  },
  'certificate-required': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_SSL_ERRORS',
    connectError: false,
    explains: 'the password is right, but the account has REQUIRE X509 and no valid client certificate came',
    remedy: 'give the client --ssl-cert and --ssl-key, signed by the CA in ssl_ca',
  },
  'certificate-mismatch': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_SSL_ERRORS',
    connectError: false,
    explains: 'the password is right, but issuer, subject or cipher is not the required one',
    remedy: 'compare SHOW CREATE USER with the certificate named in the detail',
  },
  'secure-transport-required': {
    error: 'ER_SECURE_TRANSPORT_REQUIRED',
    hostCache: 'COUNT_SSL_ERRORS',
    connectError: false,
    explains: 'the password is right, but require_secure_transport is ON and the connection is not encrypted',
    remedy: 'connect with TLS (--ssl-mode=REQUIRED)',
  },
  'account-locked': {
    error: 'ER_ACCOUNT_HAS_BEEN_LOCKED',
    hostCache: 'COUNT_ACCOUNT_LOCKED_ERRORS',
    connectError: false,
    explains: 'the account is locked (ACCOUNT LOCK)',
    remedy: 'ALTER USER ... ACCOUNT UNLOCK',
  },
  'account-blocked': {
    error: 'ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK',
    hostCache: 'COUNT_TEMPORARY_ACCOUNT_LOCKED_ERRORS',
    connectError: false,
    explains: 'FAILED_LOGIN_ATTEMPTS wrong passwords in a row blocked the account for PASSWORD_LOCK_TIME',
    remedy: 'ALTER USER ... ACCOUNT UNLOCK, after finding who sends the wrong password',
  },
  'password-expired': {
    error: 'ER_MUST_CHANGE_PASSWORD_LOGIN',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the password has expired and the client cannot handle that',
    remedy: 'log in with a client that can (the mysql CLI) and ALTER USER, or let an administrator do it',
  },
  'user-connections': {
    error: 'ER_TOO_MANY_USER_CONNECTIONS',
    hostCache: 'COUNT_MAX_USER_CONNECTIONS_ERRORS',
    connectError: false,
    explains: 'the account has max_user_connections connections open',
    remedy: 'raise max_user_connections or use a pool',
  },
  'account-connections': {
    error: 'ER_USER_LIMIT_REACHED',
    hostCache: 'COUNT_MAX_USER_CONNECTIONS_ERRORS',
    connectError: false,
    explains: 'the account has MAX_USER_CONNECTIONS connections open',
    remedy: 'ALTER USER ... WITH MAX_USER_CONNECTIONS n, or use a pool',
  },
  'account-connections-per-hour': {
    error: 'ER_USER_LIMIT_REACHED',
    hostCache: 'COUNT_MAX_USER_CONNECTIONS_PER_HOUR_ERRORS',
    connectError: false,
    explains: 'the account used up MAX_CONNECTIONS_PER_HOUR',
    remedy: 'ALTER USER ... WITH MAX_CONNECTIONS_PER_HOUR n, or keep connections open',
  },
  'database-denied': {
    error: 'ER_DBACCESS_DENIED_ERROR',
    hostCache: 'COUNT_DEFAULT_DATABASE_ERRORS',
    connectError: false,
    explains: 'the password is right, but the account may not use the database',
    remedy: 'GRANT ... ON the database, or connect without one',
  },
  'database-unknown': {
    error: 'ER_BAD_DB_ERROR',
    hostCache: 'COUNT_DEFAULT_DATABASE_ERRORS',
    connectError: false,
    explains: 'the password is right, but the database does not exist',
    remedy: 'correct the name of the database',
  },
  'database-name-too-long': {
    error: 'ER_TOO_LONG_IDENT',
    hostCache: 'COUNT_DEFAULT_DATABASE_ERRORS',
    connectError: false,
    explains: 'the name of the database has more than 64 characters',
    remedy: 'correct the name of the database',
  },
  'offline-mode': {
    error: 'ER_SERVER_OFFLINE_MODE',
    hostCache: undefined,
    connectError: false,
    explains: 'offline_mode is ON and the account is no administrator',
    remedy: 'SET GLOBAL offline_mode = OFF',
  },
  'shutting-down': {
    error: 'ER_SERVER_SHUTDOWN',
    hostCache: undefined,
    connectError: false,
    explains: 'the server is draining',
    remedy: 'connect again when it is back',
  },
  'verifier-overloaded': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_LOCAL_ERRORS',
    connectError: false,
    explains: 'more password checks are waiting than can be done before their deadline',
    remedy: 'find who floods the door with full authentications',
  },
  'verifier-failed': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_LOCAL_ERRORS',
    connectError: false,
    explains: 'the account source or the password check threw; refused to be safe',
    remedy: 'the log has the error',
  },
  killed: {
    error: undefined,
    hostCache: undefined,
    connectError: false,
    explains: 'an administrator killed the connection during its login',
    remedy: 'none needed',
  },
} as const satisfies Record<string, DenyRow>

export type DenyReason = keyof typeof denyReasons
