import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClientOutcome } from './clients.ts'
import { cellsOf, isExpected } from './expectations.ts'

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

  test('permits a refusal by the client for an unknown user, who may be shown any plugin', () => {
    const { expected } = cell('mysql-connector', 'mysql_native_password', 'unix-socket', 'unknown user')
    assert.deepEqual(
      expected.map((one) => 'text' in one && one.text),
      [
        "Access denied for user '%u'@'localhost' (using password: YES)",
        'mysql_clear_password requires SSL',
        'sha256_password requires SSL',
      ],
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
