/** Logins of several exchanges: MySQL's factors and MariaDB's alternatives, seen by a client that has all passwords. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inWords, usualCapabilities, utf8 } from '../../test/support/pair.ts'
import {
  answerOf,
  decoyOf,
  doubleSha256,
  isQuestion,
  nonceSequence,
  policy,
  stranger,
  world,
} from '../../test/support/world.ts'
import type { Account, Credential } from '../accounts/account.ts'
import { account } from '../accounts/defaults.ts'
import type { Channel } from '../auth/plugin.ts'
import { plugins } from '../auth/plugins.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { capability } from '../packets/capabilities.ts'
import { encodeComChangeUser } from '../packets/com-change-user.ts'
import { encodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { nonceBytes } from './exchanges.ts'
import { ServerHandshake } from './server-handshake.ts'
import type { Attempt } from './server-states.ts'

const sha2 = 'caching_sha2_password'
const native = 'mysql_native_password'
const clear = 'mysql_clear_password'
const greetingNonce = nonceSequence(500).next().value
const denied = (used: 'YES' | 'NO') => `1045 Access denied for user 'mary'@'localhost' (using password: ${used})`

describe('an account with more factors', () => {
  const two = mary({ factors: [stored(sha2, 'second')] })
  const three = mary({ factors: [stored('sha256_password', 'second'), stored(clear, 'third')] })

  it('is asked for each behind the last, and gets OK for all', () => {
    const { flow, outcome } = play(three, ['first', 'second', 'third'], { channel: 'tls' })
    assert.deepEqual(flow, [
      'response (caching_sha2_password, 32 bytes)',
      '01 03',
      'next factor (sha256_password, 21 bytes)',
      'reply (7 bytes)',
      'next factor (mysql_clear_password, 0 bytes)',
      'reply (6 bytes)',
      'OK',
    ])
    assert.equal(outcome, 'OK')
  })

  it('T39: gets a fresh nonce for each exchange', () => {
    const { nonces } = play(two, ['first', 'second'], { named: native })
    assert.equal(nonces.length, 3)
    assert.equal(new Set(nonces).size, 3)
  })

  for (const again of [false, true]) {
    const way = again ? 'COM_CHANGE_USER' : 'a login'
    const begin = again
      ? ['COM_CHANGE_USER', 'switch (caching_sha2_password, 21 bytes)', 'reply (32 bytes)']
      : ['response (caching_sha2_password, 32 bytes)']

    it(`refuses ${way} whose first factor is wrong, and shows no other`, () => {
      const { flow, outcome, reason, detail } = play(two, ['wrong', 'second'], {
        ...(again && { again }),
        channel: 'tls',
      })
      assert.deepEqual(flow, [...begin, '01 04', 'reply (6 bytes)', 'ERR 1045'])
      assert.deepEqual([outcome, reason, detail], [denied('YES'), 'secret-mismatch', undefined])
    })

    it(`refuses ${way} whose second factor is wrong or empty`, () => {
      for (const [password, reason] of [
        ['wrong', 'secret-mismatch'],
        ['', 'no-password'],
        ['first', 'secret-mismatch'],
      ] as const) {
        const played = play(two, ['first', password], { ...(again && { again }), channel: 'tls' })
        assert.deepEqual(played.flow.slice(0, begin.length + 2), [
          ...begin,
          '01 03',
          'next factor (caching_sha2_password, 21 bytes)',
        ])
        assert.deepEqual([played.outcome, played.reason, played.detail], [denied('YES'), reason, 'factor 2'])
      }
    })

    it(`refuses ${way} of a client that can do one factor, once that one is proven`, () => {
      const capabilities = (usualCapabilities & ~capability.MULTI_FACTOR_AUTHENTICATION) >>> 0
      const right = play(two, ['first', 'second'], { ...(again && { again }), capabilities })
      assert.deepEqual(right.flow, [...begin, '01 03', 'ERR 1045'])
      assert.deepEqual([right.outcome, right.reason], [denied('YES'), 'no-multi-factor'])
      const wrong = play(two, ['wrong', 'second'], { ...(again && { again }), capabilities, channel: 'tls' })
      assert.equal(wrong.reason, 'secret-mismatch')
    })
  }

  it('does full authentication for the second factor, whatever is remembered of the first', () => {
    const same = mary({ factors: [stored(sha2, 'first')] })
    const { flow, attempts } = play(same, ['first', 'first'], { channel: 'tls' })
    assert.deepEqual(flow.slice(-4), ['reply (32 bytes)', '01 04', 'reply (6 bytes)', 'OK'])
    assert.deepEqual(attempts.at(-1)?.factor, 2)
  })

  it('is judged by the credential of the factor, and by no retained password', () => {
    const retained = mary({ retainedAuthString: stored(sha2, 'old').authString, factors: [stored(sha2, 'second')] })
    assert.equal(play(retained, ['old', 'second'], { channel: 'tls' }).outcome, 'OK')
    assert.equal(play(retained, ['first', 'old'], { channel: 'tls' }).reason, 'secret-mismatch')
  })

  const unaskable: readonly [plugin: string, reason: DenyReason, outcome: string][] = [
    ['auth_socket', 'peer-identity', "1698 Access denied for user 'mary'@'localhost'"],
    ['mysql_no_login', 'no-login', denied('YES')],
    ['authentication_webauthn', 'plugin-unknown', denied('YES')],
    [clear, 'insecure-channel', denied('YES')],
  ]
  for (const [plugin, reason, outcome] of unaskable) {
    it(`is refused without a packet of its second factor ${plugin} on a plaintext channel`, () => {
      const played = play(mary({ factors: [{ plugin, authString: '' }] }), ['first', 'second'])
      assert.deepEqual(played.flow.slice(1), ['01 03', `ERR ${outcome.slice(0, 4)}`])
      assert.deepEqual([played.outcome, played.reason], [outcome, reason])
    })
  }

  it('says that a password was used when any factor used one', () => {
    const empty = mary({ authString: '', factors: [stored(sha2, 'second')] })
    assert.equal(play(empty, ['', ''], {}).outcome, denied('NO'))
    assert.equal(play(empty, ['', 'wrong'], { channel: 'tls' }).outcome, denied('YES'))
  })
})

describe('an account with alternatives', () => {
  const either = mary({
    plugin: native,
    authString: stored(native, 'first').authString,
    alternatives: [stored(sha2, 'other')],
  })

  it('is asked for one after the other until one holds', () => {
    assert.deepEqual(play(either, ['first'], { named: native }).flow.slice(1), [
      'switch (mysql_native_password, 21 bytes)',
      'reply (20 bytes)',
      'OK',
    ])
    const { flow, nonces } = play(either, ['other'], { named: native, channel: 'tls' })
    assert.deepEqual(flow.slice(1), [
      'switch (mysql_native_password, 21 bytes)',
      'reply (20 bytes)',
      'switch (caching_sha2_password, 21 bytes)',
      'reply (32 bytes)',
      '01 04',
      'reply (6 bytes)',
      'OK',
    ])
    assert.equal(new Set(nonces).size, 3)
  })

  it('is never asked for an answer over the same nonce twice, though the login named the plugin', () => {
    const twice = mary({ alternatives: [stored(sha2, 'other')] })
    const { flow } = play(twice, ['other'], { channel: 'tls', remembered: false })
    assert.deepEqual(flow, [
      'response (caching_sha2_password, 32 bytes)',
      '01 04',
      'reply (6 bytes)',
      'switch (caching_sha2_password, 21 bytes)',
      'reply (32 bytes)',
      '01 04',
      'reply (6 bytes)',
      'OK',
    ])
  })

  it('is refused when none holds, with the error of the last and the reasons of all', () => {
    const { outcome, reason, attempts } = play(either, ['wrong'], { channel: 'tls' })
    assert.deepEqual([outcome, reason], [denied('YES'), 'secret-mismatch'])
    assert.deepEqual(attempts.at(-1)?.failed, ['scramble-mismatch'])
  })

  it('is not asked for what cannot be asked', () => {
    const unix = mary({
      plugin: 'unix_socket',
      authString: '',
      alternatives: [stored(clear, 'x'), stored(sha2, 'first')],
    })
    assert.deepEqual(play(unix, ['first'], { channel: 'plaintext' }).flow.slice(0, 3), [
      'response (caching_sha2_password, 32 bytes)',
      '01 04',
      'key request (02)',
    ])
    const none = mary({
      plugin: 'mysql_no_login',
      authString: '',
      alternatives: [{ plugin: 'unix_socket', authString: '' }],
    })
    assert.deepEqual(play(none, ['first']).flow.slice(1), ['ERR 1698'])
  })

  it('goes on to the further factors from whichever held', () => {
    const both = { ...either, factors: [stored('sha256_password', 'second')] }
    for (const password of ['first', 'other']) {
      assert.equal(play(both, [password, 'second'], { channel: 'tls' }).outcome, 'OK')
      assert.equal(play(both, [password, 'wrong'], { channel: 'tls' }).reason, 'secret-mismatch')
    }
  })

  it('needs no more than the first from a client that cannot be switched', () => {
    const capabilities = (usualCapabilities & ~capability.PLUGIN_AUTH) >>> 0
    const old = { capabilities, named: native, greets: native } as const
    assert.deepEqual(play(either, ['first'], old).flow.slice(1), ['OK'])
    assert.deepEqual(play(either, ['other'], old).flow.slice(1), ['ERR 1045'])
  })

  it('T13: looks to a stranger like the decoy of such an account', () => {
    const decoy = { ...decoyOf('mary', native), alternatives: [decoyOf('mary', sha2)] }
    const [real, unknown] = [either, decoy].map((account, i) =>
      play(account, ['wrong'], i === 1 ? { decoy: true } : {}),
    )
    assert.deepEqual(unknown?.flow, real?.flow)
    assert.deepEqual(unknown?.nonces, real?.nonces)
    assert.equal(unknown?.reason, 'unknown-account')
  })
})

interface How {
  readonly channel?: Channel
  readonly capabilities?: number
  readonly again?: true
  /** The plugin that the client begins with. */
  readonly named?: string
  /** The plugin of the greeting. */
  readonly greets?: string
  /** Whether the first password passed full authentication before. */
  readonly remembered?: false
  readonly decoy?: true
}

/** Plays a login as mary; `passwords` are by factor. */
function play(account: Account, passwords: readonly string[], how: How = {}) {
  const { channel = 'plaintext', capabilities = usualCapabilities, named = sha2, greets = sha2 } = how
  const flow: string[] = []
  const nonces = [Buffer.from(greetingNonce).toString('hex')]
  const attempts: Attempt[] = []
  const candidate = {
    account,
    decoy: how.decoy === true,
    fastDigests: how.remembered === false ? [] : [doubleSha256('first')],
  }
  const fresh = nonceSequence()
  const around = world({ accounts: { find: () => account } })
  let detail: string | undefined
  let factor = 0
  let dialogue = answering(named, passwords[0], greetingNonce, channel)

  const first = dialogue.next(new Uint8Array(0)).value as Uint8Array
  const common = { user: utf8('mary'), collationId: 255, connectAttributes: undefined }
  const policyOf = policy({ defaultPlugin: plugins.get(greets) ?? assert.fail() })
  const peer = stranger({ channel })
  let machine: ServerHandshake
  if (how.again) {
    const command = { ...common, authAnswer: new Uint8Array(0), database: new Uint8Array(0), authPluginName: named }
    const previous = {
      ...common,
      user: 'sue',
      database: undefined,
      capabilities,
      maxPacketSize: 1,
      mariadbCapabilities: 0,
      zstdLevel: undefined,
    }
    machine = ServerHandshake.changeUser(policyOf, peer, { ...previous, authPluginName: named }, greetingNonce, {
      payload: encodeComChangeUser(command, capabilities),
      sequenceId: 0,
    })
    flow.push('COM_CHANGE_USER')
  } else {
    machine = ServerHandshake.greet(policyOf, peer, greetingNonce)
    machine.take()
    const authPluginName = (capabilities & capability.PLUGIN_AUTH) === 0 ? undefined : named
    say(
      encodeHandshakeResponse41({
        ...{ ...common, capabilities, authAnswer: first, database: undefined, authPluginName },
        ...{ maxPacketSize: 1 << 24, mariadbCapabilities: 0, zstdLevel: undefined },
      }),
    )
  }
  for (let effects = machine.take(); effects.length > 0; effects = machine.take()) {
    for (const effect of effects) {
      if (effect.do === 'find-account') machine.step({ is: 'account', candidate, nonces: noncesOf(account) })
      else if (effect.do === 'send') hear(effect.payload)
      else if (isQuestion(effect)) {
        if (effect.do === 'admit') attempts.push(effect.attempt)
        if (effect.do === 'admit' && !effect.proof.holds) detail = effect.proof.detail
        machine.step(answerOf(around, effect))
      }
    }
  }
  const { state } = machine
  if (state.at === 'ready') return { flow, nonces, attempts, outcome: 'OK', reason: undefined, detail }
  assert.ok(state.at === 'refused', `${state.at} behind ${flow.join(', ')}`)
  return {
    flow,
    nonces,
    attempts,
    outcome: `${state.error?.code} ${state.error?.message}`,
    reason: state.reason,
    detail,
  }

  function say(payload: Uint8Array): void {
    flow.push(inWords({ from: 'client', payload }, flow))
    machine.step({ is: 'packet', payload: Uint8Array.from(payload), sequenceId: machine.sequenceId })
  }

  function hear(payload: Uint8Array): void {
    flow.push(inWords({ from: 'server', payload }, flow))
    if (payload[0] === 0xfe || payload[0] === 0x02) {
      if (payload[0] === 0x02) factor++
      const end = payload.indexOf(0)
      const nonce = payload.slice(end + 1, -1)
      if (nonce.length > 0) nonces.push(Buffer.from(nonce).toString('hex'))
      dialogue = answering(Buffer.from(payload.subarray(1, end)).toString(), passwords[factor], nonce, channel)
      say(dialogue.next(new Uint8Array(0)).value as Uint8Array)
    } else if (payload[0] === 0x01 && payload[1] !== 0x03) say(dialogue.next(payload.slice(1)).value as Uint8Array)
  }

  function noncesOf(asked: Account): Uint8Array {
    const nonces = new Uint8Array(nonceBytes(asked))
    for (let at = 0; at < nonces.length; at += 32) nonces.set(fresh.next().value, at)
    return nonces
  }
}

/** The client's half of a plugin, by its name on the wire. */
function answering(name: string, password = '', nonce: Uint8Array, channel: Channel) {
  const plugin = plugins.values().find((each) => each.name === name) ?? assert.fail(name)
  const clientNonce = new Uint8Array(32)
  return plugin.client({ password: utf8(password), nonce, channel, mayRequestPublicKey: true, clientNonce })
}

/** Mary, whose password is `first` unless it is said otherwise. */
function mary(changes: Partial<Account>): Account {
  return account({ user: 'mary', authString: stored(sha2, 'first').authString, ...changes })
}

function stored(name: string, password: string): Credential {
  const plugin = plugins.get(name) ?? assert.fail(name)
  return { plugin: name, authString: plugin.store(utf8(password), new Uint8Array(20).fill(0x61), 5000) }
}
