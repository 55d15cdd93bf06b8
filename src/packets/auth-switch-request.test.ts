import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, nul, text, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { decodeAuthSwitchRequest, encodeAuthSwitchRequest } from './auth-switch-request.ts'

const data = bytes('08 7f 30 49 2f 1a 60 78 5e 7a 5d 67 3c 68 2c 7f 69 6d 26 74 00')
const name = 'mysql_native_password'

testCodec('AuthSwitchRequest', {
  packet: { authPluginName: name, authPluginData: data },
  payload: bytes('fe', nul(name), data),
  encode: encodeAuthSwitchRequest,
  decode: decodeAuthSwitchRequest,
  // 0xfe alone is the old form, and data may have any length.
  alsoLegalAt: (length) => length === 1 || length >= 1 + name.length + 1,
})

testCodec('AuthSwitchRequest of one byte', {
  packet: { authPluginName: 'mysql_old_password', authPluginData: zeros(0), old: true },
  payload: bytes('fe'),
  encode: encodeAuthSwitchRequest,
  decode: decodeAuthSwitchRequest,
})

describe('AuthSwitchRequest', () => {
  it('carries no data for plugins that need none', () => {
    const request = decodeAuthSwitchRequest(bytes('fe', nul('mysql_clear_password')))
    assert.deepEqual(request, { authPluginName: 'mysql_clear_password', authPluginData: zeros(0) })
  })

  it('is refused with another header or a name without NUL', () => {
    assert.throws(() => decodeAuthSwitchRequest(bytes('00', nul(name))), MalformedPacket)
    assert.throws(() => decodeAuthSwitchRequest(bytes('fe', text(name))), MalformedPacket)
  })

  it('cannot carry a name or data in the old form', () => {
    const old = { authPluginName: 'mysql_old_password', authPluginData: zeros(0), old: true } as const
    assert.throws(() => encodeAuthSwitchRequest({ ...old, authPluginName: name }), ConfigurationError)
    assert.throws(() => encodeAuthSwitchRequest({ ...old, authPluginData: data }), ConfigurationError)
  })
})
