import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { commandLineOptions } from '../cli/connect/connection-options-table.ts'
import { ChannelRefused, clientError, type MysqlError, ProtocolViolation, receivedError } from '../errors/errors.ts'
import type { LoginReport } from '../errors/login-report.ts'
import { hintFor, hintRowFor } from './login-hints.ts'
import { clientHints } from './login-hints-client.ts'
import { foreignPeer } from './login-hints-peers.ts'
import { serverHints } from './login-hints-server.ts'

type Report = Omit<LoginReport, 'hint'>

const server = { version: '9.7.4', plugin: 'caching_sha2_password', capabilities: [] }

/** A login that came as far as the verdict, over TLS, to another machine. */
function report(changes: Partial<Report> = {}): Report {
  return {
    target: 'db.example.com:3306',
    user: 'app',
    phase: 'verdict',
    plugin: 'caching_sha2_password',
    factor: 1,
    channel: 'tls',
    authenticated: true,
    server,
    client: { plugin: 'caching_sha2_password', capabilities: [] },
    elapsedMs: 12,
    greetingMs: 3,
    ...changes,
  }
}

const dialling = report({
  phase: 'dial',
  channel: 'plaintext',
  server: undefined,
  client: undefined,
  plugin: undefined,
})
const unanswered = report({ ...dialling, phase: 'greeting' })
const inTls = report({ phase: 'tls', channel: 'plaintext', plugin: undefined, client: undefined })

const denied = (password: 'YES' | 'NO') =>
  receivedError(1045, '28000', `Access denied for user 'app'@'10.0.0.5' (using password: ${password})`)
const tls = (detail: string) => clientError('CR_SSL_CONNECTION_ERROR', detail)
const garbled = (phase: string) => new ProtocolViolation('CR_MALFORMED_PACKET', { phase, expected: ['x'], got: 'y' })
const silent = clientError('CR_SERVER_LOST', 'no answer within 300 ms')
const bytes = (text: string) => new TextEncoder().encode(text)

/** Row -> a failure that it is for, as a server or the client words it. */
const failures: Readonly<Record<string, readonly [MysqlError, Report, Uint8Array?]>> = {
  'peer-http': [garbled('greeting'), unanswered, bytes('HTTP/1.1 400 Bad Request\r\n')],
  'peer-ssh': [garbled('greeting'), unanswered, bytes('SSH-2.0-OpenSSH_10.0\r\n')],
  'peer-tls': [garbled('greeting'), unanswered, Uint8Array.of(0x15, 3, 1, 0, 2, 2, 0x28)],
  'peer-x-protocol': [garbled('greeting'), unanswered, Uint8Array.of(5, 0, 0, 0, 0x0b, 8, 5, 0x1a, 0)],
  'peer-text': [garbled('greeting'), unanswered, bytes('220 mail.example.com ESMTP\r\n')],
  'name-servers-silent': [clientError('CR_UNKNOWN_HOST', 'db', 'EAI_AGAIN'), dialling],
  'unknown-host': [clientError('CR_UNKNOWN_HOST', 'db', 'ENOTFOUND'), dialling],
  'socket-missing': [clientError('CR_CONNECTION_ERROR', '/s', 'ENOENT'), dialling],
  'socket-stale': [clientError('CR_CONNECTION_ERROR', '/s', 'ECONNREFUSED'), dialling],
  'socket-forbidden': [clientError('CR_CONNECTION_ERROR', '/s', 'EACCES'), dialling],
  'socket-busy': [clientError('CR_CONNECTION_ERROR', '/s', 'EAGAIN'), dialling],
  'nobody-listens': [clientError('CR_CONN_HOST_ERROR', 'db', 3306, 'ECONNREFUSED'), dialling],
  'no-route': [clientError('CR_CONN_HOST_ERROR', 'db', 3306, 'EHOSTUNREACH'), dialling],
  'dial-forbidden': [clientError('CR_CONN_HOST_ERROR', 'db', 3306, 'EPERM'), dialling],
  'dial-silent': [clientError('CR_CONN_HOST_ERROR', 'db', 3306, 'ETIMEDOUT'), dialling],
  'silent-server': [silent, unanswered],
  'closed-before-greeting': [clientError('CR_SERVER_LOST', '0'), unanswered],
  'protocol-version': [clientError('CR_VERSION_ERROR', 9), unanswered],
  'no-greeting': [garbled('greeting'), unanswered],
  'tls-injected': [tls('bytes in clear came ahead of TLS'), inTls],
  'tls-not-offered': [tls('TLS is required, but the server does not offer it'), report({ phase: 'greeting' })],
  'tls-name': [tls('its names are DNS:db (ERR_TLS_CERT_ALTNAME_INVALID)'), inTls],
  'tls-expired': [tls('CERT_HAS_EXPIRED'), inTls],
  'tls-not-yet-valid': [tls('CERT_NOT_YET_VALID'), inTls],
  'tls-revoked': [tls('CERT_REVOKED'), inTls],
  'tls-crl': [tls('UNABLE_TO_GET_CRL'), inTls],
  'tls-fingerprint': [tls("the server's certificate is not the pinned one"), inTls],
  'tls-proof': [tls('DEPTH_ZERO_SELF_SIGNED_CERT, and the server did not prove it by the password'), report()],
  'tls-untrusted': [tls('DEPTH_ZERO_SELF_SIGNED_CERT'), inTls],
  'tls-version': [tls('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), inTls],
  'tls-cipher': [tls('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'), inTls],
  'tls-client-certificate': [tls('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), inTls],
  'tls-not-spoken': [tls('ERR_SSL_WRONG_VERSION_NUMBER'), inTls],
  'tls-closed': [tls('the peer left during the TLS handshake'), inTls],
  'plugin-from-before-4.1': [clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', 'mysql_old_password', 'no'), report()],
  'plugin-cannot-prove': [
    new ChannelRefused('caching_sha2_password', 'the server is not proven (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    report(),
  ],
  'question-timeout': [silent, report({ phase: 'question', plugin: 'dialog' })],
  'clear-password-channel': [
    new ChannelRefused('dialog', 'the password would cross a plaintext channel in clear'),
    report({ plugin: 'dialog' }),
  ],
  'clear-password-disabled': [
    new ChannelRefused('dialog', 'sending the password in clear is not enabled'),
    report({ plugin: 'dialog' }),
  ],
  'password-too-long-for-key': [
    new ChannelRefused('sha256_password', "only 213 bytes of password fit the server's RSA key; use TLS"),
    report(),
  ],
  'key-needed': [
    new ChannelRefused('caching_sha2_password', 'Authentication requires secure connection.'),
    report({ channel: 'plaintext' }),
  ],
  'plugin-not-allowed': [clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', 'dialog', 'x'), report({ plugin: 'dialog' })],
  'question-unanswered': [
    clientError('CR_AUTH_PLUGIN_ERR', 'dialog', 'the server asks "Your 2nd factor?", and there is no prompt option'),
    report({ plugin: 'dialog' }),
  ],
  'plugin-unavailable': [
    clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', 'auth_gssapi_client', 'x'),
    report({ plugin: 'auth_gssapi_client' }),
  ],
  'verdict-timeout': [silent, report()],
  'closed-after-greeting': [clientError('CR_SERVER_LOST', '0'), report()],
  'login-garbled': [garbled('verdict'), report()],
  'access-denied-by-proxysql': [receivedError(1045, '28000', "ProxySQL Error: Access denied for user 'a'"), report()],
  'access-denied-later-factor': [denied('YES'), report({ factor: 2, plugin: 'dialog' })],
  'access-denied-token': [denied('YES'), report({ plugin: 'authentication_openid_connect_client' })],
  'access-denied-by-another-system': [denied('NO'), report({ plugin: 'dialog' })],
  'access-denied-parsec': [denied('NO'), report({ plugin: 'parsec' })],
  'access-denied-no-password': [denied('NO'), report()],
  'access-denied-plaintext': [denied('YES'), report({ channel: 'plaintext' })],
  'access-denied-local': [denied('YES'), report({ target: '127.0.0.1:3306' })],
  'access-denied-switched': [denied('YES'), report({ plugin: 'mysql_native_password' })],
  'access-denied': [denied('YES'), report()],
}

describe('hintFor', () => {
  for (const [id, [error, seen, firstBytes]] of Object.entries(failures)) {
    it(`knows ${id}`, () => {
      assert.equal(hintRowFor(error, seen, firstBytes)?.id, id)
    })
  }

  it('knows each other error of a server by its number alone', () => {
    for (const { id, codes, when } of serverHints) {
      if (when !== undefined || codes === 'any' || id === 'access-denied') continue
      for (const code of codes) assert.equal(hintRowFor(receivedError(code, 'HY000', 'x'), report())?.id, id)
    }
  })

  it('has a failure in this test for each row that needs more than the number', () => {
    const untested = [...clientHints, ...serverHints].filter(
      ({ id, codes, when }) => failures[id] === undefined && (codes === 'any' || when !== undefined),
    )
    assert.deepEqual(
      untested.map(({ id }) => id),
      [],
    )
  })

  it('says nothing where nobody knows better, and nothing of a caller who gave up', () => {
    assert.equal(hintFor(receivedError(1146, '42S02', 'no such table'), report()), undefined)
    const givenUp = clientError('CR_SERVER_LOST', 'because the caller gave up')
    for (const seen of [unanswered, inTls, report()]) assert.equal(hintFor(givenUp, seen), undefined)
  })

  it('does not let a server choose among the rows for what happened on this side', () => {
    const forged = receivedError(2026, 'HY000', 'SSL connection error: DEPTH_ZERO_SELF_SIGNED_CERT')
    assert.equal(hintFor(forged, report()), undefined)
    assert.equal(hintFor(receivedError(1044, '42000', 'HTTP/1.1 ECONNREFUSED'), report()), hintOf('database-denied'))
  })

  it('names the plugin and the target, without what could move the cursor of a terminal', () => {
    const error = clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', 'x', 'not known here')
    assert.match(hintFor(error, report({ plugin: 'auth_gssapi_client' })) ?? '', /proof by auth_gssapi_client,/)
    const hint = hintFor(error, report({ plugin: `\x1b[2J${'x'.repeat(500)}` })) ?? ''
    assert.match(hint, /^[\x20-\x7e]+$/)
    assert.ok(hint.length < 600)
    assert.match(
      hintFor(clientError('CR_CONN_HOST_ERROR', 'db', 1, 'ECONNREFUSED'), dialling) ?? '',
      /db\.example\.com:3306/,
    )
  })

  it('finds the reason in the cause of an error, too', () => {
    const error = tls('handshake failed')
    error.cause = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' })
    assert.equal(hintRowFor(error, inTls)?.id, 'tls-expired')
  })
})

describe('the rows', () => {
  const rows = [...clientHints, ...serverHints]

  it('have ids of their own, and each can be reached', () => {
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length)
  })

  it('name only flags that saltgate connect has', () => {
    const flags = [...commandLineOptions.values()].flatMap((option) => option.flags.split(/[ ,]+/))
    for (const { id, hint } of rows) {
      for (const [, flag] of hint.matchAll(/[(, ](--?[a-zA-Z][a-z0-9-]*)/g)) {
        assert.ok(flags.includes(flag as string) || flag === '-L', `${id}: ${flag}`)
      }
    }
  })

  it('name only options that connect() has', async () => {
    const source = await readFile(new URL('options.ts', import.meta.url), 'utf8')
    const options = new Set(Array.from(source.matchAll(/readonly (\w+)\??:/g), ([, name]) => name))
    for (const { id, hint } of rows) {
      for (const [, name] of hint.matchAll(/\b([a-z]+[A-Z]\w*)/g)) assert.ok(options.has(name), `${id}: ${name}`)
      for (const [, name] of hint.matchAll(/\btls\.(\w+)/g)) assert.ok(options.has(name), `${id}: tls.${name}`)
    }
  })
})

describe('foreignPeer', () => {
  it('takes nothing that a MySQL server says first for another protocol', () => {
    // A greeting of 75 bytes, one of 74 whose length is a printable character, and an ERR in its place.
    for (const first of [
      [75, 0, 0, 0, 10, 0x39],
      [74, 0, 0, 0, 10, 0x38],
      [23, 0, 0, 0, 0xff, 0x10, 4],
    ]) {
      assert.equal(foreignPeer(Uint8Array.from(first)), undefined)
    }
  })

  it('says nothing of too few bytes', () => {
    for (const text of ['', 'H', 'HTT', 'SSH']) assert.equal(foreignPeer(bytes(text)), undefined)
  })
})

function hintOf(id: string): string | undefined {
  return serverHints.find((row) => row.id === id)?.hint
}
