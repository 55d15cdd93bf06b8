/**
 * The options that say how to connect, as the command line shows them. What they mean is in `client/named-options.ts`; those that
 * only a command line or an option file can give are described here.
 */
export interface CommandLineOption {
  /** As in commander, with the value that the help shows. */
  readonly flags: string
  readonly what: string
  /** `optional`: a value only behind `=`, or directly behind the letter. `flag`: on without a value. `list`: may be repeated. */
  readonly takes: 'value' | 'optional' | 'flag' | 'list'
  readonly hidden?: true
}

/** By name. */
export const commandLineOptions: ReadonlyMap<string, CommandLineOption> = new Map(
  (
    [
      ['-h, --host <name>', 'server to connect to', 'value'],
      ['-P, --port <number>', 'its port (default: 3306)', 'value'],
      ['-u, --user <name>', 'account to log in as (default: the name of the operating system)', 'value'],
      ['-p, --password [password]', 'password; without a value it is asked for', 'optional'],
      ['-S, --socket <path>', 'unix socket to connect to', 'value'],
      ['-D, --database <name>', 'database to use', 'value'],
      ['--protocol <name>', 'TCP or SOCKET (default: a unix socket for localhost, if there is one)', 'value'],
      ['--ssl-mode <mode>', 'DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY', 'value'],
      ['--ssl-ca <file>', "certificates of who vouches for the server's", 'value'],
      ['--ssl-capath <dir>', 'directory of such certificates, as openssl rehash leaves them', 'value'],
      ['--ssl-cert <file>', 'certificate to show to the server', 'value'],
      ['--ssl-key <file>', 'its private key', 'value'],
      ['--ssl-passphrase <text>', 'what the key is encrypted with', 'value', true],
      ['--ssl-crl <file>', 'certificates that are revoked', 'value'],
      ['--ssl-cipher <list>', 'ciphers of TLS 1.2', 'value'],
      ['--tls-ciphersuites <list>', 'ciphers of TLS 1.3', 'value'],
      ['--tls-version <list>', 'TLSv1.2, TLSv1.3 or both', 'value'],
      ['--tls-sni-servername <name>', "name to ask for, and to look for in the server's certificate", 'value'],
      ['--ssl-fingerprint <sha256>', "the server's certificate, in the place of an authority", 'value'],
      ['--ssl', "MariaDB's way to say VERIFY_IDENTITY; --skip-ssl: DISABLED", 'flag', true],
      ['--ssl-verify-server-cert', "MariaDB's way to say VERIFY_IDENTITY; with --skip-: REQUIRED", 'flag', true],
      ['--ssl-crlpath <dir>', 'refused: see --ssl-crl', 'value', true],
      ['--default-auth <plugin>', 'authentication plugin to begin with', 'value'],
      ['--allow-plugins <list>', 'the only plugins that the server may choose', 'value'],
      ['--get-server-public-key', 'ask the server for its RSA key on an unencrypted connection', 'flag'],
      ['--server-public-key-path <file>', "the server's RSA key", 'value'],
      ['--enable-cleartext-plugin', 'permit plugins that send the password as it is, over TLS or a socket', 'flag'],
      ['--password2 [password]', 'password of the second factor', 'optional'],
      ['--password3 [password]', 'password of the third factor', 'optional'],
      ['--openid-token-file <file>', 'token for OpenID Connect', 'value'],
      ['--aws-iam-region [region]', 'log in to RDS by an IAM token; the region may be in the name', 'optional'],
      ['-C, --compress', 'compress by zlib', 'flag'],
      ['--compression-algorithms <list>', 'zstd, zlib and uncompressed, in order of preference', 'value'],
      ['--zstd-compression-level <number>', '1 to 22 (default: 3)', 'value'],
      ['--connect-timeout <seconds>', 'time for the whole login (default: 10)', 'value'],
      ['--connect-expired-password', 'come in with an expired password, to change it', 'flag'],
      ['--max-allowed-packet <bytes>', 'largest packet, such as 64M', 'value'],
      ['--init-command <sql>', 'statement to run first', 'value'],
      ['--init-command-add <sql>', 'one more of them; may be repeated', 'list'],
      ['--login-path <name>', 'group of ~/.mylogin.cnf to read', 'value'],
      ['--no-login-paths', 'do not read ~/.mylogin.cnf', 'flag'],
      ['--defaults-file <file>', 'the only option file to read', 'value'],
      ['--defaults-extra-file <file>', 'option file to read before ~/.my.cnf', 'value'],
      ['--defaults-group-suffix <suffix>', 'read groups with this suffix, too', 'value'],
      ['--no-defaults', 'read no option file', 'flag'],
    ] as const
  ).map(([flags, what, takes, hidden]) => [
    /--([a-z0-9-]+)/.exec(flags)?.[1] ?? flags,
    { flags, what, takes, ...(hidden && { hidden }) },
  ]),
)

/** Choices of what is read, which nothing that is read can make. */
export const choosesFiles: ReadonlySet<string> = new Set([
  'login-path',
  'no-login-paths',
  'defaults-file',
  'defaults-extra-file',
  'defaults-group-suffix',
  'no-defaults',
])
