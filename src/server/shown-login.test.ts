import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Login } from '../machine/login.ts'
import { newStatusCounters } from '../registry/status.ts'
import { shownLogin } from './shown-login.ts'

const bytes = (text: string) => Buffer.from(text)
const login: Login = {
  user: 'u',
  database: undefined,
  capabilities: 0,
  collationId: 255,
  maxPacketSize: 0,
  authPluginName: 'mysql_native_password',
  connectAttributes: [[bytes('_pid'), bytes('42')]],
  mariadbCapabilities: 0,
  zstdLevel: undefined,
}

describe('what is shown of a login', () => {
  it('is the login itself, as long as it says no more than others do', () => {
    const status = newStatusCounters()
    assert.equal(shownLogin(login, 512, status), login)
    assert.equal(status.Performance_schema_session_connect_attrs_longest_seen, 8)
    assert.equal(status.Performance_schema_session_connect_attrs_lost, 0)
  })

  it('keeps the attributes that fit, and says before them how many bytes were lost', () => {
    const status = newStatusCounters()
    const long = bytes('x'.repeat(600))
    const connectAttributes = [
      [bytes('a'), bytes('1')],
      [bytes('b'), long],
      [bytes('c'), bytes('2')],
    ] as const
    const shown = shownLogin({ ...login, connectAttributes }, 512, status).connectAttributes ?? []
    assert.deepEqual(
      shown.map(([key, value]) => `${key}=${value}`),
      ['_truncated=605', 'a=1', 'c=2'],
    )
    assert.equal(status.Performance_schema_session_connect_attrs_lost, 1)
    assert.equal(status.Performance_schema_session_connect_attrs_longest_seen, 613)
  })

  it('cuts names that nothing has', () => {
    const shown = shownLogin(
      { ...login, user: 'u'.repeat(60_000), database: 'd'.repeat(300) },
      512,
      newStatusCounters(),
    )
    assert.equal(shown.user.length, 256)
    assert.equal(shown.database?.length, 256)
    assert.equal(shown.authPluginName, login.authPluginName)
    assert.deepEqual(shown.connectAttributes, login.connectAttributes)
  })
})
