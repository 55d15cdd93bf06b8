/**
 * The system variables that change what the server does: MySQL's, by MySQL's names, ranges and defaults, and Saltgate's
 * own with the prefix `saltgate_`. Those that are only remembered are in `settings-remembered.ts`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html
 */
import { acceptProxies, proxiesTaken } from './proxy-networks.ts'
import { boolean, integer, nullableText, oneOf, readOnly, sessionFixed, setOf, strict, text } from './setting-row.ts'

const seconds = [1, 31_536_000] as const
const unsigned32 = [0, 4_294_967_295] as const

export const settingsTable = {
  // Who may connect, and how many
  connect_timeout: integer(10, [2, 31_536_000], 'global', 'Seconds that a whole login may take'),
  max_connections: integer(151, [1, 100_000], 'global', 'Connections at a time; one more is kept for CONNECTION_ADMIN'),
  max_connect_errors: integer(100, [1, 4_294_967_295], 'global', 'Broken handshakes in a row that block an address'),
  max_user_connections: sessionFixed(
    integer(0, unsigned32, 'both', 'Connections at a time of one account; 0: no limit'),
  ),
  back_log: readOnly(
    integer(511, [1, 65_535], 'global', 'Connections that the system queues before they are accepted'),
  ),
  host_cache_size: integer(
    -1,
    [-1, 65_536],
    'global',
    'Addresses kept in the host cache; 0: none; -1: as max_connections needs',
  ),
  skip_name_resolve: readOnly(boolean(false, 'global', 'Names of clients are not looked up; accounts match addresses')),
  proxy_protocol_networks: text(
    '',
    'global',
    'Proxies whose connections begin with a PROXY header: addresses, networks, localhost for unix sockets',
    acceptProxies,
    proxiesTaken,
  ),
  offline_mode: boolean(false, 'global', 'Only CONNECTION_ADMIN may log in; other sessions are ended'),

  // Passwords
  default_authentication_plugin: oneOf(
    'caching_sha2_password',
    ['caching_sha2_password', 'sha256_password', 'mysql_native_password'],
    'global',
    'The plugin of the greeting, and of CREATE USER without IDENTIFIED WITH',
  ),
  authentication_policy: readOnly(text('*,,', 'global', 'Which factors an account may have')),
  caching_sha2_password_digest_rounds: strict(
    integer(
      5000,
      [5000, 1_000_000],
      'global',
      'Rounds of SHA-256 for new passwords: 5000 as in MySQL 8, 10000 as in 9.7',
      1000,
    ),
  ),
  caching_sha2_password_auto_generate_rsa_keys: readOnly(
    boolean(true, 'global', 'Makes the RSA key pair on the first start'),
  ),
  caching_sha2_password_private_key_path: readOnly(text('private_key.pem', 'global', 'The RSA private key')),
  caching_sha2_password_public_key_path: readOnly(text('public_key.pem', 'global', 'The RSA public key')),
  sha256_password_auto_generate_rsa_keys: readOnly(
    boolean(true, 'global', 'Makes the RSA key pair on the first start'),
  ),
  sha256_password_private_key_path: readOnly(text('private_key.pem', 'global', 'The RSA private key')),
  sha256_password_public_key_path: readOnly(text('public_key.pem', 'global', 'The RSA public key')),
  sha256_password_proxy_users: boolean(false, 'global', 'Proxy users of sha256_password; no effect'),
  mysql_native_password_proxy_users: boolean(false, 'global', 'Proxy users of mysql_native_password; no effect'),
  check_proxy_users: boolean(false, 'global', 'Proxy users by plugins without support of their own; no effect'),
  default_password_lifetime: integer(0, [0, 65_535], 'global', 'Days until a password expires; 0: never'),
  disconnect_on_expired_password: readOnly(
    boolean(true, 'global', 'Refuses an expired password of a client that cannot change it'),
  ),
  password_require_current: boolean(false, 'global', 'A change of password asks for the current one; no effect'),
  password_history: integer(0, unsigned32, 'global', 'Changes before a password may come back; no effect'),
  password_reuse_interval: integer(0, unsigned32, 'global', 'Days before a password may come back; no effect'),

  // TLS
  require_secure_transport: boolean(false, 'global', 'Refuses TCP connections without TLS'),
  tls_version: setOf(
    'TLSv1.2,TLSv1.3',
    ['TLSv1.2', 'TLSv1.3'],
    'global',
    'Versions of TLS to speak; empty: none. Takes effect with a reload of TLS',
  ),
  tls_ciphersuites: nullableText(null, 'global', 'Ciphers of TLS 1.3, with colons; NULL: the defaults'),
  ssl_cipher: text('', 'global', 'Ciphers of TLS 1.2, with colons; empty: the defaults'),
  ssl_ca: readOnly(
    text('', 'global', 'File with the CAs that may sign client certificates; empty: ca.pem of the data directory'),
  ),
  ssl_cert: readOnly(
    text('', 'global', 'File with the server certificate; empty: server-cert.pem of the data directory'),
  ),
  ssl_key: readOnly(
    text('', 'global', 'File with the key of the server certificate; empty: server-key.pem of the data directory'),
  ),
  ssl_session_cache_timeout: integer(300, [0, 84_600], 'global', 'Seconds in which a TLS session may be resumed'),
  auto_generate_certs: readOnly(boolean(true, 'global', 'Makes the TLS files on the first start')),

  // A session's life
  wait_timeout: integer(28_800, seconds, 'both', 'Seconds of silence after which a session is ended'),
  interactive_timeout: integer(28_800, seconds, 'both', 'wait_timeout of a client that says it is interactive'),
  net_read_timeout: integer(30, seconds, 'both', 'Seconds to wait for the rest of a packet'),
  net_write_timeout: integer(60, seconds, 'both', 'Seconds to wait for a client that does not read'),
  max_allowed_packet: sessionFixed(
    integer(67_108_864, [1024, 1_073_741_824], 'both', 'Bytes of a packet after the login, at most', 1024),
  ),
  max_execution_time: integer(0, unsigned32, 'both', 'Milliseconds that a SELECT may take; 0: no limit'),
  max_prepared_stmt_count: integer(16_382, [0, 4_194_304], 'global', 'Prepared statements of all sessions, at most'),
  protocol_compression_algorithms: setOf(
    'zlib,zstd,uncompressed',
    ['zlib', 'zstd', 'uncompressed'],
    'global',
    'Compression that the server offers',
  ),
  init_connect: text('', 'global', 'Statements for each new session; no effect'),
  performance_schema_session_connect_attrs_size: readOnly(
    integer(512, [0, 1_048_576], 'global', 'Bytes of connection attributes kept for each session'),
  ),

  // Who the server is
  version: readOnly(text('9.7.0-saltgate', 'global', 'What the greeting says; clients choose features by it')),
  version_comment: readOnly(text('Saltgate', 'global', 'What the server is')),
  server_id: integer(1, unsigned32, 'global', 'Number of the server in a replication group; no effect'),
  server_uuid: readOnly(text('', 'global', 'Identity of the server')),
  hostname: readOnly(text('', 'global', 'Name of the machine')),
  port: readOnly(integer(3307, [0, 65_535], 'global', 'TCP port')),
  socket: readOnly(text('', 'global', 'Path of the unix socket')),
  bind_address: readOnly(text('127.0.0.1', 'global', 'Addresses listened on')),
  datadir: readOnly(text('', 'global', 'Data directory')),
  admin_address: readOnly(text('', 'global', 'Address of the administrative interface; there is none')),
  admin_port: readOnly(integer(33_062, [0, 65_535], 'global', 'Port of the administrative interface; there is none')),

  // Saltgate's own
  saltgate_dns_timeout: integer(2000, [1, 60_000], 'global', 'Milliseconds to wait for the name of an address'),
  saltgate_max_login_packet: integer(
    32_768,
    [4096, 16_777_215],
    'global',
    'Bytes of a packet before the login, at most',
  ),
  saltgate_logins_logged: integer(
    50,
    [1, 1_000_000],
    'global',
    'Lines a second in the log for admitted logins, and as many for refused ones; those beyond are counted in one line',
  ),
  saltgate_stranger_patience: integer(
    1000,
    [0, 3_600_000],
    'global',
    'Milliseconds that a silent stranger keeps its place when max_connections are in use; 0: as long as the login may take',
  ),
  saltgate_allow_clear_password: boolean(
    false,
    'global',
    'Offers mysql_clear_password on secure channels to accounts that need the password itself',
  ),
  saltgate_near_proofs: integer(
    2,
    [0, 1000],
    'global',
    'Wrong proofs a second, one for each account, of which it is found out what the client did; 0: none',
  ),
  saltgate_handshake_history: integer(1000, [0, 1_000_000], 'global', 'Ended logins kept for saltgate.handshakes'),
} as const
