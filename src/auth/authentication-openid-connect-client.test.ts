import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, startClient } from '../../test/support/auth-dialogues.ts'
import { authenticationOpenidConnectClient as plugin } from './authentication-openid-connect-client.ts'

const token = `${'eyJhbGciOiJSUzI1NiJ9'}.${'eyJzdWIiOiJ1dGUifQ'}.c2ln-_`

describe('authentication_openid_connect_client', () => {
  it('sends the flag, the length and the token', () => {
    assert.deepEqual(sent(token), Buffer.concat([Buffer.of(0x01, token.length), Buffer.from(token)]))
  })

  it('writes the length of tokens over 250 bytes in three', () => {
    const heads: [number, number[]][] = [
      [250, [0x01, 250]],
      [251, [0x01, 0xfc, 251, 0]],
      [1234, [0x01, 0xfc, 0xd2, 0x04]],
      [65_535, [0x01, 0xfc, 0xff, 0xff]],
    ]
    for (const [length, head] of heads) {
      const long = `a.b.${'c'.repeat(length - 4)}`
      assert.deepEqual(sent(long), Buffer.concat([Buffer.from(head), Buffer.from(long)]))
    }
    assert.throws(() => sent(`a.b.${'c'.repeat(65_532)}`), { symbol: 'CR_AUTH_PLUGIN_ERR' })
  })

  it('sends nothing that is no signed token, and does not quote it', () => {
    const others = [
      '',
      'secret',
      '.',
      '..',
      'a.b',
      'a.b.',
      '.b.c',
      'a..c',
      'a.b.c.d',
      'a.b.c.d.e',
      `${token}\n`,
      `${token}=`,
      'a.b.ü',
    ]
    for (const other of others) {
      assert.throws(
        () => sent(other),
        (error: Error & { symbol?: string }) =>
          error.symbol === 'CR_AUTH_PLUGIN_ERR' && (other.length < 5 || !error.message.includes(other)),
        JSON.stringify(other),
      )
    }
  })

  it('wipes the packet, and throws when the server wants more', () => {
    const client = start(token)
    const packet = client.next().value!
    assert.throws(() => client.next(new Uint8Array(0)), { name: 'ProtocolViolation' })
    assert.ok(packet.every((byte) => byte === 0))
  })
})

function start(token: string) {
  const login = { nonce: new Uint8Array(0), channel: 'tls', mayRequestPublicKey: false } as const
  return startClient(plugin, { ...login, password: bytes(token) })
}

function sent(token: string): Buffer {
  return Buffer.from(start(token).next().value!)
}
