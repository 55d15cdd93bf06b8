import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, judge, startClient } from '../../test/support/auth-dialogues.ts'
import { clientPlugins, plugins } from './plugins.ts'
import { refusals } from './refused-plugins.ts'

describe('plugins', () => {
  it('knows each plugin by the name that accounts use, and no other', () => {
    assert.deepEqual([...plugins.keys()].sort(), [
      'auth_socket',
      'caching_sha2_password',
      'dialog',
      'ed25519',
      'mysql_clear_password',
      'mysql_native_password',
      'mysql_no_login',
      'parsec',
      'sha256_password',
      'unix_socket',
    ])
    for (const [name, plugin] of plugins) assert.equal(plugin.accountPlugin ?? plugin.name, name)
    for (const name of ['mysql_old_password', 'client_ed25519', '__proto__', 'constructor', ''])
      assert.equal(plugins.get(name), undefined)
  })
})

describe('clientPlugins', () => {
  it('knows each plugin by its name on the wire, and none that cannot log in', () => {
    assert.deepEqual([...clientPlugins.keys()].sort(), [
      'authentication_openid_connect_client',
      'caching_sha2_password',
      'client_ed25519',
      'dialog',
      'mysql_clear_password',
      'mysql_native_password',
      'parsec',
      'sha256_password',
    ])
    for (const [name, plugin] of clientPlugins) assert.equal(plugin.name, name)
  })

  it('have a hash of the password for the proof of a certificate where the server never learns the password', () => {
    const withHash = [...clientPlugins.values()].filter(({ passwordHash }) => passwordHash !== undefined)
    assert.deepEqual(
      withHash.map(({ name, secrets }) => `${name}: ${secrets}`),
      ['mysql_native_password: never-sent', 'client_ed25519: never-sent', 'parsec: never-sent'],
    )
  })
})

describe('the refused plugins', () => {
  it('let nobody in, whatever the account, the answer and the channel, and say why', () => {
    for (const [name, reason] of refusals) {
      const plugin = plugins.get(name)!
      for (const channel of ['plaintext', 'tls', 'unix-socket'] as const) {
        for (const answer of [new Uint8Array(0), Uint8Array.of(0), bytes('root'), new Uint8Array(20)]) {
          const proof = { nonce: new Uint8Array(0), channel, authStrings: [''], fastDigests: [], publicKey: undefined }
          const { sent, verdict } = judge(plugin, proof, [answer])
          assert.deepEqual({ sent, verdict }, { sent: [], verdict: { verdict: 'deny', reason } })
        }
      }
    }
  })

  it('store nothing and have no client half', () => {
    for (const name of refusals.keys()) {
      const plugin = plugins.get(name)!
      const login = {
        password: bytes('x'),
        nonce: new Uint8Array(0),
        channel: 'tls',
        mayRequestPublicKey: true,
      } as const
      assert.throws(() => plugin.store(bytes('x'), new Uint8Array(20), 5000), { name: 'ConfigurationError' })
      assert.throws(() => startClient(plugin, login), { symbol: 'CR_AUTH_PLUGIN_CANNOT_LOAD' })
    }
  })
})
