import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { captures } from '../../test/support/captures.ts'
import { greeting, login, observed, observedIn } from '../../test/support/observations.ts'
import { capability } from '../packets/capabilities.ts'
import { fingerprintOf, sayClient } from './fingerprint.ts'
import type { Observation } from './observation.ts'
import { isBefore } from './versions.ts'

describe('fingerprintOf', () => {
  const names: Readonly<Record<string, string>> = {
    'mysql CLI 9.7.4 (libmysqlclient)': 'libmysqlclient',
    'mariadb CLI 10.11.19 (Connector/C 3.3)': 'libmariadb',
    'mariadb CLI 11.8.9 (Connector/C 3.4)': 'libmariadb',
    'DBD::MariaDB 1.22 (Connector/C 3.3)': 'libmariadb',
    'ruby mysql2 0.5.3 (Connector/C 3.3)': 'libmariadb',
    'mariadb 3.5.4 (npm)': 'MariaDB Connector/Node.js',
    'mysql 2.18.1 (npm "mysqljs")': 'node mysql',
    'mysql2 3.24.5 (npm)': 'mysql2',
    'PHP 8.2.35 mysqli/mysqlnd': 'mysqlnd',
    'PyMySQL 1.0.2': 'PyMySQL',
    'PyMySQL 1.1.1': 'PyMySQL',
    'PyMySQL 1.2.0': 'PyMySQL',
    'go-sql-driver/mysql 1.5.0': 'go-sql-driver',
    'mysql-connector-python 26.7 (pure)': 'Connector/Python',
  }
  const real = captures.filter(({ client }) => names[client] !== undefined)

  it('names the client of every capture, with the version that it says', () => {
    for (const { name, client } of real) {
      const seen = observedIn(name)
      if (seen.login === undefined) continue
      const found = fingerprintOf(seen)
      assert.equal(found.client, names[client], name)
      if (client.startsWith('PyMySQL')) assert.equal(`PyMySQL ${found.version}`, client)
    }
  })

  it('names them by the flags alone, too, as in front of TLS', () => {
    for (const { name, client } of real) {
      const seen = observedIn(name)
      const head = seen.sslRequest ?? seen.login
      if (head === undefined) continue
      const opaque: Observation = { ...seen, login: undefined, sslRequest: head }
      const found = fingerprintOf(opaque)
      const expected = client === 'mariadb 3.5.4 (npm)' ? 'MariaDB Connector/J or Connector/Node.js' : names[client]
      assert.deepEqual(found, { client: expected, version: undefined, certain: false }, name)
    }
  })

  it('takes an unknown name as it is', () => {
    const seen = observed(greeting(), login({ attributes: { _client_name: 'homemade', _client_version: '3' } }))
    assert.deepEqual(fingerprintOf(seen), { client: 'homemade', version: '3', certain: true })
    assert.equal(sayClient(fingerprintOf(seen)), 'the client says that it is homemade 3')
  })

  it('names nobody by flags that are nobody’s', () => {
    const seen = observed(greeting(), login({ capabilities: 0x0008a200, maxPacketSize: 77 }))
    assert.deepEqual(fingerprintOf(seen), { client: 'unknown', version: undefined, certain: false })
  })

  it('tells go-sql-driver 1.10 by its flags, and no version before', () => {
    const attributes = { _client_name: 'Go-MySQL-Driver' }
    const before = observed(greeting(), login({ attributes, capabilities: 0x001aa285 }))
    assert.equal(fingerprintOf(before).version, undefined)
    const since = observed(greeting(), login({ attributes, capabilities: 0x001aa285 | capability.DEPRECATE_EOF }))
    assert.equal(fingerprintOf(since).version, '1.10')
  })
})

describe('isBefore', () => {
  it('compares numbers, not letters', () => {
    assert.deepEqual(
      [
        isBefore('1.9.0', '1.10.0'),
        isBefore('1.10.0', '1.9.0'),
        isBefore('1.1', '1.1.0'),
        isBefore('1.1.2rc1', '1.1.2'),
        isBefore('0.3.2', '1'),
      ],
      [true, false, false, false, true],
    )
  })
})
