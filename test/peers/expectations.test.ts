import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ClientName, type ClientOutcome, clientNames } from './clients.ts'
import { type ChannelName, cellsOf, isExpected } from './expectations.ts'

describe('cellsOf', () => {
  test('expects of a client without defects what MySQL answers', () => {
    assert.deepEqual(cell('mariadb', 'caching_sha2_password', 'plaintext', 'right password').expected, [
      { currentUser: '%u@%' },
    ])
  })

  test('expects a known client defect in its place, on its channel alone', () => {
    const refusal = [{ code: -1, text: 'sha256_password requires SSL' }]
    const overSocket = cell('mysql-connector', 'sha256_password', 'unix-socket', 'right password')
    assert.deepEqual(overSocket.expected, refusal)
    const overTls = cell('mysql-connector', 'sha256_password', 'tls', 'right password')
    assert.deepEqual(overTls.expected, [{ currentUser: '%u@%' }])
  })

  test('permits an unknown user what any plugin comes to on this channel, for they may be shown any', () => {
    const unknown = (...[client, channel]: [ClientName, ChannelName]) =>
      cell(client, 'mysql_native_password', channel, 'unknown user').expected.map((one) => 'text' in one && one.text)
    const denied = (usingPassword: string) =>
      `Access denied for user '%u'@'localhost' (using password: ${usingPassword})`
    assert.deepEqual(unknown('mysql-connector', 'unix-socket'), [
      denied('YES'),
      'sha256_password requires SSL',
      'mysql_clear_password requires SSL',
      "Authentication plugin 'client_ed25519' is not supported",
      "Authentication plugin 'parsec' is not supported",
      "Authentication plugin 'dialog' is not supported",
    ])
    assert.deepEqual(new Set(unknown('mariadb 11.8', 'tls')), new Set([denied('YES'), denied('NO')]))
  })

  test('expects a login by parsec of no client but the one that has it', () => {
    const outcomes = clientNames.map((client) => cell(client, 'parsec', 'tls', 'right password').expected)
    assert.deepEqual(
      clientNames.filter((_, at) => outcomes[at]?.some((one) => 'currentUser' in one)),
      ['mariadb 11.8'],
    )
  })
})

describe('isExpected', () => {
  const refused = cell('PyMySQL 1.2', 'mysql_native_password', 'plaintext', 'wrong password')
  const error = {
    ok: false,
    code: 1045,
    text: "Access denied for user 'nat'@'localhost' (using password: YES)",
  } as const

  test('takes an outcome of a driver that does not keep the SQLSTATE', () => {
    assert(isExpected(error, refused))
  })

  const others: Record<string, ClientOutcome> = {
    'a login': { ok: true, rows: [['nat@%']] },
    'another code': { ...error, code: 1044 },
    'another SQLSTATE': { ...error, sqlState: 'HY000' },
    'another text': { ...error, text: "Access denied for user 'nat'@'localhost' (using password: NO)" },
  }
  for (const [name, outcome] of Object.entries(others)) {
    test(`does not take ${name} for an expected error`, () => assert(!isExpected(outcome, refused)))
  }

  test('takes a plugin’s file wherever the client looks for it', () => {
    const missing = cell('mysql', 'parsec', 'tls', 'right password')
    const text = (file: string) =>
      `Authentication plugin 'parsec' cannot be loaded: ${file}: cannot open shared object file: No such file or directory`
    const about = { ok: false, code: 2059, sqlState: 'HY000' } as const
    assert(isExpected({ ...about, text: text('/usr/lib/mysql/plugin/parsec.so') }, missing))
    assert(isExpected({ ...about, text: text('/opt/plugin/parsec.so') }, missing))
    assert(!isExpected({ ...about, text: text('parsec') }, missing))
  })

  test('takes a login as another account for a failure', () => {
    const entered = cell('PyMySQL 1.2', 'mysql_native_password', 'plaintext', 'right password')
    assert(isExpected({ ok: true, rows: [['nat@%']] }, entered))
    assert(!isExpected({ ok: true, rows: [['root@%']] }, entered))
  })
})

function cell(...[client, plugin, channel, name]: [...Parameters<typeof cellsOf>, string]) {
  const found = cellsOf(client, plugin, channel).find((one) => one.name === name)
  assert(found, name)
  return found
}
