/** What clients may be told before they have a backend. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capability, mariadbCapability } from '../packets/capabilities.ts'
import type { BackendFacts } from './backend.ts'
import { commonFacts } from './backend-facts.ts'

const both = capability.PROTOCOL_41 | capability.SECURE_CONNECTION | capability.PLUGIN_AUTH
const mysql: BackendFacts = {
  serverVersion: '9.7.0',
  capabilities: (both | capability.LONG_PASSWORD | capability.QUERY_ATTRIBUTES | capability.SSL) >>> 0,
  mariadbCapabilities: 0,
  collationId: 255,
  plugin: 'caching_sha2_password',
}
const mariadb: BackendFacts = {
  serverVersion: '5.5.5-10.11.14-MariaDB-0+deb12u2',
  capabilities: (both | capability.SSL) >>> 0,
  mariadbCapabilities: mariadbCapability.EXTENDED_METADATA | mariadbCapability.STMT_BULK_OPERATIONS,
  collationId: 45,
  plugin: 'mysql_native_password',
}

describe('commonFacts', () => {
  it('says of one server what that says', () => {
    assert.deepEqual(commonFacts([mysql]), mysql)
    assert.deepEqual(commonFacts([mariadb]), mariadb)
    assert.equal(commonFacts([]), undefined)
  })

  it('claims the oldest version and what all can do', () => {
    const old = { ...mysql, serverVersion: '8.4.10', capabilities: mysql.capabilities & ~capability.SSL }
    assert.deepEqual(commonFacts([{ ...mysql, serverVersion: '8.4.9-log' }, old, mysql]), {
      ...old,
      serverVersion: '8.4.9-log',
    })
    const newer = {
      ...mariadb,
      serverVersion: '11.8.3-MariaDB',
      mariadbCapabilities: mariadbCapability.EXTENDED_METADATA,
    }
    assert.deepEqual(commonFacts([newer, mariadb]), {
      ...mariadb,
      mariadbCapabilities: mariadbCapability.EXTENDED_METADATA,
    })
  })

  it('is MySQL without extensions where MySQL and MariaDB are mixed', () => {
    const mixed = { ...mysql, capabilities: (both | capability.SSL | capability.LONG_PASSWORD) >>> 0 }
    assert.deepEqual(commonFacts([mariadb, mysql]), mixed)
    assert.deepEqual(commonFacts([mysql, mariadb]), mixed)
  })
})
