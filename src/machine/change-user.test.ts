/** COM_CHANGE_USER: what mysqld 9.7 was seen to do with it, asked of our server. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, int, nul, text, zeros } from '../../test/support/bytes.ts'
import { changeUser, usualCapabilities } from '../../test/support/pair.ts'
import { errorOf } from '../../test/support/raw-login.ts'
import { greetingNonce, stopWorld } from '../../test/support/stops.ts'
import { answerOf, isQuestion, policy, stranger, world } from '../../test/support/world.ts'
import { capability } from '../packets/capabilities.ts'
import type { Login } from './login.ts'
import { ServerHandshake } from './server-handshake.ts'

const { CONNECT_ATTRS } = capability

describe('COM_CHANGE_USER', () => {
  const previous: Login = {
    user: 'somebody',
    database: undefined,
    capabilities: (usualCapabilities | CONNECT_ATTRS) >>> 0,
    collationId: 255,
    maxPacketSize: 1 << 24,
    authPluginName: 'caching_sha2_password',
    connectAttributes: undefined,
    mariadbCapabilities: 0,
    zstdLevel: undefined,
  }
  const command = (...tail: Uint8Array[]) => bytes('11', nul('mary'), [0], nul(''), ...tail)
  const [charset, plugin] = [int(255, 2), nul('caching_sha2_password')]

  const refused: Readonly<Record<string, readonly [payload: Uint8Array, error: string]>> = {
    'no user': [bytes('11'), '1047 08S01 Unknown command'],
    'no answer': [bytes('11', nul('mary')), '1047 08S01 Unknown command'],
    'no database': [bytes('11', nul('mary'), [0]), '1047 08S01 Unknown command'],
    'no charset': [command(), '1047 08S01 Unknown command'],
    'half a charset': [command(bytes([255])), '1047 08S01 Unknown command'],
    'no plugin name': [command(charset), '1047 08S01 Unknown command'],
    'a plugin name without NUL': [command(charset, text('caching')), '1047 08S01 Unknown command'],
    'attributes longer than the packet': [command(charset, plugin, bytes([9])), '1047 08S01 Unknown command'],
    'charset 35': [
      command(int(35, 2), plugin),
      "1231 42000 Variable 'character_set_client' can't be set to the value of 'ucs2'",
    ],
  }
  for (const [what, [payload, error]] of Object.entries(refused)) {
    it(`is refused in the command phase, and the connection ends: ${what}`, () => {
      const { machine, effects } = change(payload)
      assert.equal(errorOf(effects), `[1] ${error}`)
      assert.deepEqual(effects.at(-1), { do: 'close' })
      assert.ok(machine.state.at === 'refused' && machine.state.during === 'ready')
    })
  }

  it('takes charset 65535 for the default, and an empty block of attributes for none', () => {
    const { effects } = change(command(int(65_535, 2), plugin, bytes([0])))
    assert.ok(effects[0]?.do === 'find-account')
    assert.deepEqual(effects[0].login.connectAttributes, [])
  })

  it('is always answered by an auth switch with a new nonce, though the client answered for the right plugin', () => {
    const { machine, effects } = change(bytes('11', nul('mary'), block(zeros(32)), nul(''), charset, plugin))
    machine.step(answerOf(stopWorld, effects.find(isQuestion)!))
    const [sent] = machine.take()
    assert.ok(sent?.do === 'send' && sent.payload[0] === 0xfe && sent.sequenceId === 1)
  })

  it('takes a user of any length without losing it', () => {
    const user = 'u'.repeat(5_000_000)
    const { effects } = change(bytes('11', nul(user), [0], nul(''), charset, plugin))
    assert.ok(effects[0]?.do === 'find-account' && effects[0].login.user === user)
  })

  it('goes on from any sequence id, and wraps at 256', () => {
    const payload = command(charset, plugin)
    const machine = ServerHandshake.changeUser(policy(), stranger(), previous, greetingNonce, {
      payload,
      sequenceId: 255,
    })
    machine.step({ is: 'deadline' })
    assert.equal(errorOf(machine.take()), '[0] 1159 08S01 Got timeout reading communication packets')
  })

  it('lets the unknown user of a change fail like a wrong password', () => {
    const { flow } = changeUser({
      world: world({ accounts: { find: () => undefined } }),
      policy: policy(),
      stranger: stranger(),
      previous,
      greetingNonce,
      password: 'x',
      command: {
        user: text('nobody'),
        authAnswer: zeros(0),
        database: zeros(0),
        collationId: 255,
        authPluginName: 'caching_sha2_password',
        connectAttributes: undefined,
      },
    })
    assert.deepEqual(flow, [
      'COM_CHANGE_USER',
      'switch (caching_sha2_password, 21 bytes)',
      'reply (32 bytes)',
      '01 04',
      'key request (02)',
      'public key',
      'reply (256 bytes)',
      'ERR 1045',
    ])
  })

  function change(payload: Uint8Array) {
    const machine = ServerHandshake.changeUser(policy(), stranger(), previous, greetingNonce, {
      payload,
      sequenceId: 0,
    })
    return { machine, effects: machine.take() }
  }
})
