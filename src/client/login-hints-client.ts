/**
 * Hints for failures of our own making or seeing: nobody there, no MySQL, no trust, no plugin. The first row that fits is shown,
 * so special rows come before general ones. Options are named as `connect()` knows them, and in parentheses as
 * `saltgate connect` does.
 */
import { clientPlugins } from '../auth/plugins.ts'
import type { Failure, HintRow } from './login-hints.ts'

export const clientHints: readonly HintRow[] = [
  {
    id: 'peer-http',
    codes: 'any',
    sign: 'the first bytes are `HTTP/`',
    when: ({ peer }) => peer === 'http',
    hint: 'An HTTP server listens there. Is it the right port (port, -P)?',
  },
  {
    id: 'peer-ssh',
    codes: 'any',
    sign: 'the first bytes are `SSH-`',
    when: ({ peer }) => peer === 'ssh',
    hint: 'An SSH server listens there. To reach MySQL through it, open a tunnel (ssh -L) and connect to its local end.',
  },
  {
    id: 'peer-tls',
    codes: 'any',
    sign: 'the first bytes are a TLS record',
    when: ({ peer }) => peer === 'tls',
    hint: 'What listens there speaks TLS from the first byte: a proxy or another service. A MySQL server greets in clear and is then asked for TLS, so connect to the port of the server itself (port, -P).',
  },
  {
    id: 'peer-x-protocol',
    codes: 'any',
    sign: 'the first packet is an X Protocol notice',
    when: ({ peer }) => peer === 'x-protocol',
    hint: "This is the port of MySQL's X Protocol (mysqlx_port, usually 33060). The classic protocol, which is needed here, is on another one, usually 3306 (port, -P).",
  },
  {
    id: 'peer-text',
    codes: 'any',
    sign: 'the first bytes are readable text',
    when: ({ peer }) => peer === 'text',
    hint: 'What listens there speaks a text protocol, not the one of MySQL. Is it the right port (port, -P)?',
  },

  {
    id: 'name-servers-silent',
    codes: [2005],
    sign: '`EAI_AGAIN`',
    when: says(/EAI_AGAIN/),
    hint: "This machine's name servers gave no answer, so nothing is known of the name. Check the network and the name servers, or connect by address (host, -h).",
  },
  {
    id: 'unknown-host',
    codes: [2005],
    hint: 'The name servers of this machine know no address for this name. Check its spelling (host, -h); inside a container or a VPN other names are known than outside.',
  },
  {
    id: 'socket-missing',
    codes: [2002],
    sign: '`ENOENT`',
    when: says(/ENOENT/),
    hint: "There is no socket at this path. Is the server running on this machine, and not in a container? SELECT @@socket names its path (socketPath, -S); by TCP it is reached with host: '127.0.0.1' (-h 127.0.0.1).",
  },
  {
    id: 'socket-stale',
    codes: [2002],
    sign: '`ECONNREFUSED`',
    when: says(/ECONNREFUSED/),
    hint: 'The file of the socket is there, but no server listens on it: one that died has left it, or one that starts is not ready yet.',
  },
  {
    id: 'socket-forbidden',
    codes: [2002],
    sign: '`EACCES` or `EPERM`',
    when: says(/EACCES|EPERM/),
    hint: "This process may not use the socket (socketPath, -S), or may not enter a directory above it. Join the group that may, or connect by TCP with host: '127.0.0.1' (-h 127.0.0.1).",
  },
  {
    id: 'socket-busy',
    codes: [2002],
    sign: '`EAGAIN`',
    when: says(/EAGAIN/),
    hint: 'A server listens on the socket but takes no connections at the moment: its queue is full. Is it overloaded, stopped or hanging?',
  },
  {
    id: 'nobody-listens',
    codes: [2003],
    sign: '`ECONNREFUSED`',
    when: says(/ECONNREFUSED/),
    hint: 'Nothing listens at {target}, or a firewall refuses in its place. Is the server running, on this port (port, -P)? One with bind_address=127.0.0.1 or skip_networking is not reached from other machines.',
  },
  {
    id: 'no-route',
    codes: [2003],
    sign: '`EHOSTUNREACH`, `EHOSTDOWN` or `ENETUNREACH`',
    when: says(/EHOSTUNREACH|EHOSTDOWN|ENETUNREACH/),
    hint: 'No way leads from here to that address: the machine is down, the network is not connected (VPN?), or a firewall says so.',
  },
  {
    id: 'dial-forbidden',
    codes: [2003],
    sign: '`EACCES` or `EPERM`',
    when: says(/EACCES|EPERM/),
    hint: 'This machine does not let the program connect there: look at its own firewall, sandbox or permissions.',
  },
  {
    id: 'dial-silent',
    codes: [2002, 2003],
    sign: 'no connection when the time was over',
    when: (failure) => failure.report.phase === 'dial' && timedOut(failure),
    hint: 'Nobody answered at {target}, not even with a refusal. A firewall or security group drops the packets, or the address is wrong; more time (connectTimeoutMs, --connect-timeout) helps only where the network or its name servers are slow.',
  },

  {
    id: 'silent-server',
    codes: 'any',
    sign: 'connected, and no greeting when the time was over',
    when: (failure) => before(failure, 'greeting') && timedOut(failure),
    hint: "The connection stands, but no greeting came. A server that waits for DNS to name this client's address is silent so long (skip_name_resolve=ON ends that), and so is one too busy to accept. Or it is none: HTTP and TLS servers wait for their client to speak first.",
  },
  {
    id: 'closed-before-greeting',
    codes: [2006, 2013],
    sign: 'the connection ended before a greeting',
    when: (failure) => before(failure, 'greeting') && !givenUp(failure),
    hint: 'Somebody accepted the connection and closed it before any greeting: a proxy, tunnel or published container port with no working server behind it, a server that is just starting or stopping, or one that turns the address away without a word.',
  },
  {
    id: 'protocol-version',
    codes: [2007],
    hint: 'The server greets in another version of the protocol than 10, which every MySQL and MariaDB server since 3.21 speaks. Is it the right port (port, -P)?',
  },
  {
    id: 'no-greeting',
    codes: [1153, 1156, 1835, 2012, 2027],
    sign: 'the first packet is no greeting',
    when: (failure) => before(failure, 'greeting'),
    hint: 'What answered does not greet as a MySQL server does. Is it the right port (port, -P), and is nothing in between that changes the bytes?',
  },

  {
    id: 'tls-injected',
    codes: [2026],
    sign: 'bytes in clear behind the greeting',
    when: says(/bytes in clear/),
    hint: 'Behind the greeting came bytes that no server sends before TLS: somebody in between may be trying to speak in its place. Nothing of it was believed, and no password was sent; connect from another network and compare.',
  },
  {
    id: 'tls-not-offered',
    codes: [2026],
    sign: 'the greeting does not offer TLS',
    when: says(/not offer/),
    hint: "The server has no TLS, or somebody in between hides it. Give the server a certificate; only if the network is trusted, do without: tls.mode: 'DISABLED' (--ssl-mode=DISABLED).",
  },
  {
    id: 'tls-name',
    codes: [2026],
    sign: '`ERR_TLS_CERT_ALTNAME_INVALID`',
    when: says(/ALTNAME_INVALID/),
    hint: "The certificate is valid, but for other names than this host. Connect by a name that is in it (host, -h), or say which one is meant (tls.serverName, --tls-sni-servername); tls.mode: 'VERIFY_CA' (--ssl-mode=VERIFY_CA) asks for the authority alone.",
  },
  {
    id: 'tls-expired',
    codes: [2026],
    sign: '`CERT_HAS_EXPIRED`',
    when: says(/CERT_HAS_EXPIRED|certificate has expired/),
    hint: 'A certificate of the server, or of an authority above it, has expired: it must be renewed. Is the clock of this machine right?',
  },
  {
    id: 'tls-not-yet-valid',
    codes: [2026],
    sign: '`CERT_NOT_YET_VALID`',
    when: says(/CERT_NOT_YET_VALID|not yet valid/),
    hint: "The server's certificate is valid only from a later time on. Is the clock of this machine right?",
  },
  {
    id: 'tls-revoked',
    codes: [2026],
    sign: '`CERT_REVOKED`',
    when: says(/CERT_REVOKED|certificate revoked/),
    hint: 'The list of revoked certificates (tls.crl, --ssl-crl) has the one of the server: its key may be in wrong hands. The server needs a new one.',
  },
  {
    id: 'tls-crl',
    codes: [2026],
    sign: '`UNABLE_TO_GET_CRL`, `CRL_HAS_EXPIRED`',
    when: says(/CRL/),
    hint: 'The list of revoked certificates (tls.crl, --ssl-crl) is not the one of the authority that signed the certificate, or is out of date. Fetch the current one.',
  },
  {
    id: 'tls-fingerprint',
    codes: [2026],
    sign: 'the certificate is not the pinned one',
    when: says(/fingerprint|pinned/i),
    hint: 'The server shows another certificate than the one that is pinned (tls.fingerprint, --ssl-fingerprint). If it was renewed, pin the new one, as told by whoever runs the server; otherwise somebody stands in between.',
  },
  {
    id: 'tls-proof',
    codes: [2026],
    sign: 'MariaDB did not prove its certificate by the password',
    when: says(/prove|proof/i),
    hint: 'The certificate has no authority that is known here, and the server did not prove it by the password, as MariaDB does from 11.4 on: somebody in between may have put in their own. Give the authority (tls.ca, --ssl-ca) or the fingerprint (tls.fingerprint, --ssl-fingerprint).',
  },
  {
    id: 'tls-untrusted',
    codes: [2026],
    sign: '`DEPTH_ZERO_SELF_SIGNED_CERT`, `SELF_SIGNED_CERT_IN_CHAIN`, `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, ...',
    when: says(
      /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|self-signed|unable to (verify|get)|CERT_UNTRUSTED|INVALID_CA/,
    ),
    hint: "No authority that is known here has signed the server's certificate; the ones that MySQL makes for itself are such. Give its authority (tls.ca, --ssl-ca: the server's ca.pem), or encrypt without knowing to whom: tls.mode: 'REQUIRED' (--ssl-mode=REQUIRED).",
  },
  {
    id: 'tls-version',
    codes: [2026],
    sign: '`UNSUPPORTED_PROTOCOL`, alert `PROTOCOL_VERSION`',
    when: says(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|protocol version/i),
    hint: 'Both sides have no version of TLS in common. TLS 1.2 is the least here; servers before MySQL 5.7.28 may have only 1.0 and 1.1. See SELECT @@tls_version, and tls.minVersion and tls.maxVersion (--tls-version).',
  },
  {
    id: 'tls-cipher',
    codes: [2026],
    sign: '`NO_SHARED_CIPHER`, alert `HANDSHAKE_FAILURE`',
    when: says(/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHER|handshake failure/i),
    hint: 'Both sides have no cipher in common, or the server insists on a client certificate (tls.cert and tls.key, --ssl-cert and --ssl-key). Compare tls.ciphers (--ssl-cipher) with SELECT @@ssl_cipher.',
  },
  {
    id: 'tls-client-certificate',
    codes: [2026],
    sign: 'alert `UNKNOWN_CA`, `BAD_CERTIFICATE`, `CERTIFICATE_REQUIRED`, ...',
    when: says(/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+)|alert (unknown ca|bad certificate|certificate)/i),
    hint: 'The server refused the certificate of this client (tls.cert, --ssl-cert): it must be signed by the authority in the ssl_ca of the server, and be in force.',
  },
  {
    id: 'tls-not-spoken',
    codes: [2026],
    sign: '`WRONG_VERSION_NUMBER`, `PACKET_LENGTH_TOO_LONG`',
    when: says(/WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH_TOO_LONG|packet length too long/),
    hint: 'The server offered TLS and then answered with something else: a proxy that passes on an offer it does not keep, or an error in clear. Its log may say more.',
  },
  {
    id: 'tls-closed',
    codes: [2013, 2026],
    sign: 'the connection ended, or went silent, while TLS was agreed',
    when: (failure) => failure.report.phase === 'tls' && !givenUp(failure),
    hint: 'The server, or a proxy in between, did not bring the TLS handshake to its end. Its log may say why: a missing certificate or key, no version or cipher in common, or a client certificate that it wants.',
  },

  {
    id: 'question-unanswered',
    codes: [2059, 2061],
    sign: 'the server asks a person',
    when: says(/there is no prompt/),
    hint: 'The server asks more than the password, and nobody is there to answer: give a function that does (prompt), or run saltgate connect on a terminal.',
  },
  {
    id: 'plugin-from-before-4.1',
    codes: [2059, 2061],
    sign: '`mysql_old_password`',
    when: says(/mysql_old_password/),
    hint: 'The account has a password hash from before MySQL 4.1, whose proof anybody who listens can turn into a login: it is never given. Set its password anew (SET PASSWORD, ALTER USER), with old_passwords=0.',
  },
  {
    id: 'plugin-cannot-prove',
    codes: [2061],
    sign: 'the server would have to prove its certificate by the password, and this plugin cannot',
    when: says(/the server is not proven/),
    hint: "No authority that is known here has signed the server's certificate, and a login by {plugin} cannot prove it either. Give its authority (tls.ca, --ssl-ca) or its fingerprint (tls.fingerprint, --ssl-fingerprint).",
  },
  {
    id: 'clear-password-channel',
    codes: [2059, 2061],
    sign: 'a password in clear on a channel that does not deserve it',
    when: says(/plaintext channel|name is not verified/),
    hint: "{plugin} sends the password as it is, which is done only over a unix socket (socketPath, -S) or TLS to a proven server: tls.mode: 'VERIFY_IDENTITY' (--ssl-mode=VERIFY_IDENTITY) with its authority (tls.ca, --ssl-ca).",
  },
  {
    id: 'clear-password-disabled',
    codes: [2059, 2061],
    sign: 'a password in clear that was not permitted',
    when: says(/in clear is not enabled|clear.*not enabled/),
    hint: '{plugin} wants the password itself, as PAM, LDAP and token logins do. If you expect that of this server, permit it: enableCleartextPlugin: true (--enable-cleartext-plugin).',
  },
  {
    id: 'password-too-long-for-key',
    codes: [2061],
    sign: "longer than the server's RSA key can seal",
    when: says(/fit the server's RSA key/),
    hint: "So long a password travels only over TLS: tls.mode: 'REQUIRED' or more (--ssl-mode=REQUIRED).",
  },
  {
    id: 'key-needed',
    codes: [2061],
    sign: '`Authentication requires secure connection.`',
    when: says(/requires secure connection/),
    hint: "{plugin} must send the password itself when the server does not have it in memory, after a restart for instance. Connect with TLS (tls.mode: 'REQUIRED' or more, --ssl-mode=REQUIRED), or give the server's RSA key (serverPublicKey, --server-public-key-path); getServerPublicKey: true (--get-server-public-key) takes the key of whoever answers.",
  },
  {
    id: 'plugin-not-allowed',
    codes: [2059],
    sign: 'a plugin that this client has',
    when: ({ report }) => clientPlugins.has(report.plugin ?? ''),
    hint: 'The server chose {plugin}, which the caller does not allow. If the account is meant to have it, add it (allowPlugins, --allow-plugins).',
  },
  {
    id: 'plugin-unavailable',
    codes: [2059],
    hint: 'The server wants a proof by {plugin}, which this client cannot give. Use a client that can, or let an administrator give the account another plugin: ALTER USER ... IDENTIFIED WITH caching_sha2_password BY ... (MariaDB: IDENTIFIED VIA ed25519 USING PASSWORD(...)).',
  },

  {
    id: 'question-timeout',
    codes: 'any',
    sign: 'the server asked a person, who did not answer in time',
    when: (failure) => failure.report.phase === 'question' && timedOut(failure),
    hint: 'The server asked a question, and nobody answered it in time. Without a person at hand, answer by a function (prompt).',
  },
  {
    id: 'verdict-timeout',
    codes: 'any',
    sign: 'logged in, and no answer when the time was over',
    when: (failure) => failure.report.server !== undefined && timedOut(failure),
    hint: 'The server greeted and then did not answer in time. It may wait for another system (LDAP, PAM), hold back after failed logins (connection_control), or be overloaded; connectTimeoutMs (--connect-timeout) says how long it may take.',
  },
  {
    id: 'closed-after-greeting',
    codes: [2006, 2013],
    sign: 'the connection ended between greeting and verdict',
    when: (failure) => !givenUp(failure),
    hint: 'The server, or a proxy in between, ended the login without an error. Its error log may say why; a proxy does so when it loses the server behind it, or cannot follow the login.',
  },
  {
    id: 'login-garbled',
    codes: [1153, 1156, 1835, 2012, 2027],
    sign: 'a packet of the login does not decode, or was not due',
    hint: 'The server broke off from the protocol, or something in between changes its packets: connect without the proxy or tunnel and compare.',
  },
]

/** What `words` must match. */
function says(pattern: RegExp): (failure: Failure) => boolean {
  return ({ words }) => pattern.test(words)
}

/** Nothing of the server's own was understood yet. */
function before({ report }: Failure, phase: 'greeting'): boolean {
  return report.phase === phase && report.server === undefined
}

function timedOut({ words }: Failure): boolean {
  return /ETIMEDOUT|timed? ?out|no answer within/i.test(words)
}

/** The caller's own AbortSignal ended it. */
function givenUp({ words }: Failure): boolean {
  return words.includes('the caller gave up')
}
