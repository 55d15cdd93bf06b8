/** Everything that is nearly a proof: other lengths, spoiled proofs, empty ones, for each plugin and route. */
import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { describe, it } from 'node:test'
import { errOf, usualCapabilities, utf8 } from '../../test/support/pair.ts'
import { channels, expected, play, possible, routes } from '../../test/support/scenarios.ts'
import { greetingNonce, isOk, loginPacket } from '../../test/support/stops.ts'
import {
  answerOf,
  doubleSha256,
  isQuestion,
  nonceSequence,
  policy,
  privateKey,
  stranger,
  type World,
  world,
} from '../../test/support/world.ts'
import type { Account } from '../accounts/account.ts'
import { account } from '../accounts/defaults.ts'
import { MemoryAccounts } from '../accounts/memory-accounts.ts'
import { scrambleCachingSha2Password } from '../auth/caching-sha2-password.ts'
import { scrambleNativePassword } from '../auth/mysql-native-password.ts'
import type { Channel } from '../auth/plugin.ts'
import { plugins } from '../auth/plugins.ts'
import { decodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { encodeComChangeUser } from '../packets/com-change-user.ts'
import { ServerHandshake } from './server-handshake.ts'
import type { ServerEffect } from './server-states.ts'

describe('T02: a proof of another length', () => {
  const lengths = [...Array(71).keys(), 255, 256, 65_535]

  for (const plugin of ['caching_sha2_password', 'mysql_native_password', 'sha256_password', 'mysql_clear_password']) {
    for (const route of ['switch', 'greeting', 'change-user'] as const) {
      if (!possible(plugin, route)) continue
      it(`is no proof: ${plugin} by ${route}`, () => {
        for (const channel of channels) {
          if (plugin === 'mysql_clear_password' && channel === 'plaintext') continue
          for (const length of lengths) {
            assertDenied(plugin, route, channel, () => new Uint8Array(length).fill(0x72), `${length} bytes`)
          }
          for (const [name, spoil] of Object.entries(nearMisses)) {
            assertDenied(plugin, route, channel, (nonce) => spoil(proofOf(plugin, channel, nonce)), name)
          }
          const exact = attempt(plugin, route, channel, (nonce) => proofOf(plugin, channel, nonce))
          assert.equal(exact.machine.state.at, 'ready', `${channel}: the exact proof`)
        }
      })
    }
  }

  const nearMisses: Readonly<Record<string, (proof: Uint8Array) => Uint8Array>> = {
    'one byte more': (proof) => Uint8Array.of(...proof, 0x61),
    'a NUL and more': (proof) => Uint8Array.of(...proof, 0, 0x61),
    // One alone may be the NUL that mysql_clear_password does not insist on.
    'two bytes less': (proof) => proof.subarray(0, -2),
    'the first byte': (proof) => proof.subarray(0, 1),
    'half of it': (proof) => proof.subarray(0, proof.length >> 1),
    'its bytes reversed': (proof) => proof.toReversed(),
  }

  function assertDenied(
    plugin: string,
    route: 'switch' | 'greeting' | 'change-user',
    channel: Channel,
    proof: (nonce: Uint8Array) => Uint8Array,
    what: string,
  ): void {
    const { machine, effects } = attempt(plugin, route, channel, proof)
    assert.ok(!effects.some(isOk), `${channel}: ${what}`)
    // A scramble of the right length may be a wrong one, and then the password itself is asked for; and no other may.
    if (machine.wantsPacket) {
      assert.ok(plugin !== 'caching_sha2_password' || proof(greetingNonce).length === 32, `${channel}: ${what}`)
      return
    }
    assert.equal(machine.state.at, 'refused', `${channel}: ${what}`)
  }
})

describe('T03: an empty proof', () => {
  const stored: Readonly<Record<string, Partial<Account>>> = {
    'a password': { authString: plugins.get('caching_sha2_password')!.store(utf8('right'), salt(), 5000) },
    mysql_no_login: { plugin: 'mysql_no_login' },
    'a credential that is none': { authString: '$A$garbage' },
    'a native password': { plugin: 'mysql_native_password', authString: `*${'0'.repeat(40)}` },
    'a sha256 password': {
      plugin: 'sha256_password',
      authString: plugins.get('sha256_password')!.store(utf8('right'), salt(), 5000),
    },
  }
  const proofs = {
    nothing: new Uint8Array(0),
    'a NUL': new Uint8Array(1),
    '20 zeros': new Uint8Array(20),
    '32 zeros': new Uint8Array(32),
  }

  for (const [name, row] of Object.entries(stored)) {
    it(`opens no account with ${name}, on any channel, locked or not`, () => {
      for (const channel of channels) {
        for (const [what, proof] of Object.entries(proofs)) {
          for (const locked of [true, false]) {
            const { effects } = login(account({ user: 'mary', ...row, locked }), channel, proof)
            assert.ok(!effects.some(isOk), `${channel}, ${what}`)
          }
        }
      }
    })
  }

  it('opens an account without a password as zero bytes or as one NUL, and a longer one does not', () => {
    for (const channel of channels) {
      for (const [what, proof] of Object.entries(proofs)) {
        const { effects } = login(account({ user: 'mary' }), channel, proof)
        assert.equal(effects.some(isOk), proof.length < 2, `${channel}, ${what}`)
      }
    }
  })

  it('is the public error of a wrong password, for every reason to refuse it', () => {
    for (const plugin of ['caching_sha2_password', 'mysql_native_password', 'sha256_password']) {
      for (const route of routes) {
        const scenario = { name: '', plugin, route, channel: 'tls' as const, stored: 'right', given: '' }
        if (expected(scenario).refusal?.reason === 'no-plugin-auth') continue
        const err = errOf(play(scenario))
        assert.equal(err?.message, "Access denied for user 'mary'@'localhost' (using password: NO)")
      }
    }
  })

  function login(row: Account, channel: Channel, proof: Uint8Array) {
    const own = worldWith(row)
    const machine = ServerHandshake.greet(policy(), stranger({ channel }), greetingNonce)
    const effects = settle(machine, own)
    let sequenceId = 1
    for (let turn = 0; machine.wantsPacket && turn < 5; turn++) {
      const first = turn === 0 ? loginPacket({ authAnswer: proof }) : proof
      machine.step({ is: 'packet', payload: first, sequenceId })
      effects.push(...settle(machine, own))
      sequenceId += 2
    }
    return { machine, effects }
  }
})

/** One login with a proof that is computed from the nonce, for an account whose password is `right`. */
function attempt(
  plugin: string,
  route: 'switch' | 'greeting' | 'change-user',
  channel: Channel,
  proof: (nonce: Uint8Array) => Uint8Array,
): { machine: ServerHandshake; effects: ServerEffect[] } {
  const password = passwordOf(plugin)
  const own = worldWith(password)
  const other = plugin === 'caching_sha2_password' ? 'mysql_native_password' : 'caching_sha2_password'
  const begins = policy({ defaultPlugin: plugins.get(route === 'greeting' ? plugin : other)! })
  let machine: ServerHandshake
  if (route === 'change-user') {
    const previous = {
      user: 'sue',
      database: undefined,
      capabilities: usualCapabilities,
      collationId: 255,
      maxPacketSize: 1 << 24,
      authPluginName: plugin,
      connectAttributes: undefined,
      mariadbCapabilities: 0,
      zstdLevel: undefined,
    }
    const payload = encodeComChangeUser(
      {
        user: utf8('mary'),
        authAnswer: new Uint8Array(0),
        database: new Uint8Array(0),
        collationId: 255,
        authPluginName: plugin,
        connectAttributes: undefined,
      },
      previous.capabilities,
    )
    machine = ServerHandshake.changeUser(begins, stranger({ channel }), previous, greetingNonce, {
      payload,
      sequenceId: 0,
    })
  } else {
    machine = ServerHandshake.greet(begins, stranger({ channel }), greetingNonce)
    settle(machine, own)
    const authAnswer = route === 'greeting' ? proof(greetingNonce) : new Uint8Array(0)
    const authPluginName = route === 'greeting' ? plugin : other
    machine.step({ is: 'packet', payload: loginPacket({ authAnswer, authPluginName }), sequenceId: 1 })
  }
  const effects = settle(machine, own)
  const switched = effects.findLast((effect) => effect.do === 'send' && effect.payload[0] === 0xfe)
  if (switched?.do === 'send') {
    const nonce = decodeAuthSwitchRequest(switched.payload).authPluginData.slice(0, 20)
    machine.step({ is: 'packet', payload: proof(nonce), sequenceId: switched.sequenceId + 1 })
    effects.push(...settle(machine, own))
  }
  return { machine, effects }
}

/** The exact proof; where the password itself is one, it is the last packet of the dialogue. */
function proofOf(plugin: string, channel: Channel, nonce: Uint8Array): Uint8Array {
  switch (plugin) {
    case 'caching_sha2_password':
      return scrambleCachingSha2Password(utf8('right'), nonce)
    case 'mysql_native_password':
      return scrambleNativePassword(utf8('right'), nonce)
    case 'sha256_password':
      return channel === 'tls' ? utf8('right\0') : sealed(nonce)
    default:
      return utf8('right\0')
  }
}

function sealed(nonce: Uint8Array): Uint8Array {
  const masked = utf8('right\0').map((byte, i) => byte ^ (nonce[i % 20] as number))
  const key = createPublicKey(privateKey)
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, masked)
}

const kept = new Map<string, Account>()

function passwordOf(plugin: string): Account {
  const known = kept.get(plugin)
  if (known !== undefined) return known
  const made = new MemoryAccounts([{ user: 'mary', plugin, password: 'right' }]).list()[0]!
  kept.set(plugin, made)
  return made
}

function worldWith(row: Account): World {
  return world({ accounts: { find: () => row }, fastDigests: () => [doubleSha256('right')] })
}

function salt(): Uint8Array {
  return nonceSequence(77).next().value
}

function settle(machine: ServerHandshake, own: World): ServerEffect[] {
  const all = machine.take()
  for (let effects = all; effects.length > 0; ) {
    for (const effect of effects) if (isQuestion(effect)) machine.step(answerOf(own, effect))
    effects = machine.take()
    all.push(...effects)
  }
  return all
}
