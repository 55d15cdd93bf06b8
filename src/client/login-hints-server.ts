/**
 * Hints for errors that a server sent: its text says what, these rows say what next. The first row that fits is shown, so
 * special rows come before general ones.
 */
import type { Failure, HintRow } from './login-hints.ts'

export const serverHints: readonly HintRow[] = [
  {
    id: 'too-many-connections',
    codes: [1040],
    hint: 'All of max_connections are in use. Look for clients that do not close or pool theirs (SHOW PROCESSLIST, as an administrator: one place is kept free), or raise max_connections.',
  },
  {
    id: 'bad-handshake',
    codes: [1043],
    hint: 'The server could not read the login. A load balancer that puts a PROXY protocol header before it, for a server that expects none, causes this; so does anything else in between that changes packets.',
  },
  {
    id: 'database-denied',
    codes: [1044],
    hint: 'User and password are right, but the account may not use this database, whether it exists or not. Leave it out (database, -D), or GRANT the account something in it.',
  },
  {
    id: 'access-denied-by-proxysql',
    codes: [1045],
    sign: 'the text begins with `ProxySQL Error`',
    when: ({ error }) => error.message.startsWith('ProxySQL Error'),
    hint: 'It was ProxySQL that refused, not the server behind it: user and password must be in its own table mysql_users.',
  },
  {
    id: 'access-denied-later-factor',
    codes: [1045],
    sign: 'after the first factor',
    when: ({ report }) => report.factor > 1,
    hint: 'The first factor was right; a later one ({plugin}) was not. The passwords of the second and third factor are options of their own (password2 and password3, --password2 and --password3).',
  },
  {
    id: 'access-denied-token',
    codes: [1045],
    sign: 'plugin `authentication_openid_connect_client`',
    when: plugin('authentication_openid_connect_client'),
    hint: 'The server did not accept the token (openidToken, --openid-token-file). Has it expired, and do its issuer and subject fit the account?',
  },
  {
    id: 'access-denied-by-another-system',
    codes: [1045],
    sign: 'plugin `mysql_clear_password` or `dialog`',
    when: plugin('mysql_clear_password', 'dialog'),
    hint: 'This account is judged by another system (PAM, LDAP, a cloud provider), to which the server passes the password: it is the password or token there that counts. Tokens of AWS live for 15 minutes.',
  },
  {
    id: 'access-denied-parsec',
    codes: [1045],
    sign: 'plugin `parsec`',
    when: plugin('parsec'),
    hint: 'User name or password is wrong. With parsec MariaDB says "using password: NO" whether one was given or not.',
  },
  {
    id: 'access-denied-no-password',
    codes: [1045],
    sign: '`using password: NO`',
    when: ({ error }) => error.message.includes('(using password: NO)'),
    hint: 'The server saw no password. If the account has one, give it (password, -p); an environment variable or option file that is empty here is a frequent cause.',
  },
  {
    id: 'access-denied-plaintext',
    codes: [1045],
    sign: 'on a connection without TLS',
    when: ({ report }) => report.channel === 'plaintext',
    hint: "User, password or the host that the server sees do not match an account; or the account asks for TLS (REQUIRE SSL), which is refused with the same words: try tls.mode: 'REQUIRED' (--ssl-mode=REQUIRED).",
  },
  {
    id: 'access-denied-local',
    codes: [1045],
    sign: 'to `localhost`, a loopback address or a unix socket',
    when: ({ report }) => /^(localhost|127\.|\[?::1\]?:|\/)/.test(report.target),
    hint: "User or password is wrong, for the host that the error names: 'user'@'localhost' and 'user'@'127.0.0.1' are two accounts. A unix socket (socketPath, -S) is always localhost; SELECT user, host, plugin FROM mysql.user shows what there is.",
  },
  {
    id: 'access-denied-switched',
    codes: [1045],
    sign: 'the server chose another plugin than its greeting names',
    when: ({ report }) => report.plugin !== undefined && report.plugin !== report.server?.plugin,
    hint: 'User or password is wrong, for the host that the error names; the server chose {plugin}, as it also does for names that it does not know. An account with REQUIRE X509 answers so, too, when no client certificate is given (tls.cert, --ssl-cert).',
  },
  {
    id: 'access-denied',
    codes: [1045],
    hint: 'User or password is wrong, for the host that the error names. A line end or a percent-encoded character in the password is a frequent cause; an account with REQUIRE X509 answers so, too, when no client certificate is given (tls.cert, --ssl-cert).',
  },
  {
    id: 'database-unknown',
    codes: [1049],
    hint: 'User and password are right, but there is no such database. Correct its name (database, -D), or leave it out and look at SHOW DATABASES.',
  },
  {
    id: 'shutting-down',
    codes: [1053],
    hint: 'The server is shutting down; connect again when it is back.',
  },
  {
    id: 'host-blocked',
    codes: [1129],
    hint: 'From this address came max_connect_errors broken handshakes, often of a TCP health check or port scan; wrong passwords do not count. Find what connects without logging in, then TRUNCATE TABLE performance_schema.host_cache (MariaDB: FLUSH HOSTS).',
  },
  {
    id: 'host-not-allowed',
    codes: [1130],
    hint: "No account of the server may come from the address that the error names; behind NAT or in a container it is the gateway's. CREATE USER ... @'that address', or connect from a host that has an account.",
  },
  {
    id: 'login-too-large',
    codes: [1153],
    hint: 'The login is larger than the server, or a proxy before it, takes. Send fewer attributes (connectAttributes), and look at how long the password or token is.',
  },
  {
    id: 'out-of-order',
    codes: [1156],
    hint: 'The server lost count of the packets. A load balancer that puts a PROXY protocol header before the login, for a server that expects none, causes this; so does a proxy that does not restart the numbers.',
  },
  {
    id: 'server-lost-client',
    codes: [1158, 1159],
    hint: 'The server waited in vain for a packet of this client, for as long as its connect_timeout. Something in between holds packets back, or this program was held up: a password callback or prompt that takes too long, a stopped debugger.',
  },
  {
    id: 'init-connect',
    codes: [1184],
    hint: 'The server aborted the new connection, as it does when a statement of its init_connect fails for this account. Its error log has the statement.',
  },
  {
    id: 'user-connections',
    codes: [1203],
    hint: 'The user has max_user_connections connections open. Close or pool them, or let an administrator raise the limit.',
  },
  {
    id: 'account-limit',
    codes: [1226],
    hint: 'The account has used up the resource that the error names. Close or pool connections, wait for the next hour where the limit is per hour, or let an administrator raise it: ALTER USER ... WITH that resource.',
  },
  {
    id: 'admin-port',
    codes: [1227],
    hint: 'User and password are right. This is the administrative port (admin_port), which is for accounts with SERVICE_CONNECTION_ADMIN; others use the ordinary one (port, -P).',
  },
  {
    id: 'value-refused',
    codes: [1231],
    hint: 'The server refuses a setting that came with the login, such as a character set; the error names it. This client asks for utf8mb4 alone, so look at what a proxy in between asks for.',
  },
  {
    id: 'plugin-switch-hidden',
    codes: [1251],
    hint: 'The server believes that this client knows only its oldest plugin. That comes of a server or proxy whose greeting does not offer CLIENT_PLUGIN_AUTH: go round the proxy, or give the account a plugin that it knows.',
  },
  {
    id: 'old-password-hash',
    codes: [1275],
    hint: 'The account has a password hash from before MySQL 4.1, which the server no longer takes. Let an administrator set the password anew (SET PASSWORD, ALTER USER).',
  },
  {
    id: 'plugin-not-loaded',
    codes: [1524],
    hint: 'The plugin of the account is not loaded in the server: MySQL 8.4 leaves mysql_native_password off and 9.0 has none. An administrator gives the account another one: ALTER USER ... IDENTIFIED WITH caching_sha2_password BY ...',
  },
  {
    id: 'socket-account',
    codes: [1698],
    hint: "The account takes no password here: most often it is known by the operating system's user at the other end of the unix socket (auth_socket, unix_socket). Run as that user, over the socket (socketPath, -S), or let an administrator give it a password plugin.",
  },
  {
    id: 'password-must-change',
    codes: [1820],
    hint: "The password has expired, and the session may only change it: ALTER USER USER() IDENTIFIED BY '...' (MariaDB: SET PASSWORD = PASSWORD('...')).",
  },
  {
    id: 'password-expired',
    codes: [1862],
    hint: "The password has expired. Come in to change it with connectExpiredPassword: true (--connect-expired-password), then ALTER USER USER() IDENTIFIED BY '...'; or let an administrator do it.",
  },
  {
    id: 'offline-mode',
    codes: [3032],
    hint: 'An administrator took the server offline (offline_mode=ON): only accounts with CONNECTION_ADMIN come in until it is OFF again.',
  },
  {
    id: 'account-locked',
    codes: [3118, 4151],
    hint: 'The account is locked: an administrator unlocks it by ALTER USER ... ACCOUNT UNLOCK.',
  },
  {
    id: 'tls-demanded',
    codes: [3159],
    hint: "The server takes only connections with TLS (require_secure_transport=ON). Connect with tls.mode: 'REQUIRED' or more (--ssl-mode=REQUIRED), or through its unix socket (socketPath, -S).",
  },
  {
    id: 'zstd-level',
    codes: [3923],
    hint: 'The level for zstd is 1 to 22 (zstdLevel, --zstd-compression-level).',
  },
  {
    id: 'account-blocked',
    codes: [3955],
    hint: 'Too many wrong passwords in a row blocked the account; until the block ends, the right one is refused as well. Find who sends the wrong one; an administrator lifts the block by ALTER USER ... ACCOUNT UNLOCK.',
  },
]

function plugin(...names: readonly string[]): (failure: Failure) => boolean {
  return ({ report }) => report.plugin !== undefined && names.includes(report.plugin)
}
