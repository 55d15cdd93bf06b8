/** TLS, deadlines, sequence ids and accounts that cannot be checked, in every state of the server. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, zeros } from '../../test/support/bytes.ts'
import { errorOf, first, head, login, settle, usual } from '../../test/support/raw-login.ts'
import { greeted, greetingNonce, samples, stopAt, stopWorld } from '../../test/support/stops.ts'
import { policy, withoutTls } from '../../test/support/world.ts'
import { capability } from '../packets/capabilities.ts'
import { phases } from './phases.ts'
import { phaseOf, type ServerState } from './server-states.ts'

const { PLUGIN_AUTH, CONNECT_WITH_DB, CONNECT_ATTRS, ZSTD_COMPRESSION_ALGORITHM: ZSTD, SSL } = capability
const { SECURE_CONNECTION, PLUGIN_AUTH_LENENC_CLIENT_DATA: LENENC, PROTOCOL_41, SESSION_TRACK } = capability

describe('TLS', () => {
  const request = head(usual | SSL)

  it('T23: refuses plain bytes behind the SSLRequest with 1043, in clear', () => {
    const { machine } = first(request)
    machine.step({ is: 'abort', reason: 'plaintext-before-tls' })
    assert.equal(errorOf(machine.take()), '[2] 1043 08S01 Bad handshake')
  })

  it('T23: takes no packet before TLS stands, and writes nothing into its handshake', () => {
    for (const payload of [login(), request, bytes([1])]) {
      const { machine } = first(request)
      assert.equal(machine.wantsPacket, false)
      machine.step({ is: 'packet', payload, sequenceId: 2 })
      assert.deepEqual(machine.take(), [{ do: 'close' }])
    }
  })

  it('refuses a second SSLRequest, inside TLS', () => {
    assert.equal(errorOf(overTls(request).effects), '[3] 1043 08S01 Bad handshake')
  })

  it('T27: refuses a login with another collation than its SSLRequest', () => {
    const { machine, effects } = overTls(login({ capabilities: usual | SSL, charset: 45 }))
    assert.equal(errorOf(effects), '[3] 1043 08S01 Bad handshake')
    assert.ok(machine.state.at === 'refused' && machine.state.during === 'login-over-tls')
  })

  const layout = { PROTOCOL_41, CONNECT_WITH_DB, SECURE_CONNECTION, PLUGIN_AUTH, LENENC, CONNECT_ATTRS, ZSTD }
  for (const [name, bit] of Object.entries(layout)) {
    it(`T27: refuses a login whose layout differs from its SSLRequest in ${name} (mysqld goes by the SSLRequest)`, () => {
      assert.equal(
        errorOf(overTls(login({ capabilities: (usual | SSL) ^ bit })).effects),
        '[3] 1043 08S01 Bad handshake',
      )
    })
  }

  it('T27: goes by the capabilities of the SSLRequest where the layout does not depend on them', () => {
    const { effects } = overTls(login({ capabilities: usual ^ SESSION_TRACK, maxPacketSize: 5 }))
    const [effect] = effects
    assert.ok(effect?.do === 'find-account')
    assert.equal(effect.login.capabilities, (usual | SSL) >>> 0)
    assert.equal(effect.login.maxPacketSize, 5)
  })

  it('is no TLS for a client that asks for it where it is not offered', () => {
    const { effects } = first(request, { capabilities: withoutTls })
    assert.equal(errorOf(effects), '[2] 1043 08S01 Bad handshake')
  })

  it('ends without a packet when the TLS handshake fails', () => {
    const { machine } = first(request)
    machine.step({ is: 'tls-failed', detail: 'no shared cipher' })
    assert.deepEqual(machine.take(), [{ do: 'close' }])
    assert.ok(machine.state.at === 'refused' && machine.state.reason === 'tls-failed')
    assert.equal(machine.state.detail, 'no shared cipher')
  })

  function overTls(payload: Uint8Array) {
    const { machine } = first(request)
    machine.step({ is: 'tls-established' })
    assert.equal(machine.channel, 'tls')
    machine.step({ is: 'packet', payload, sequenceId: 2 })
    return { machine, effects: machine.take() }
  }
})

describe('a login that is cut short', () => {
  const states = Object.keys(phaseOf).filter((at) => !['await-start', 'ready', 'refused'].includes(at)) as Exclude<
    ServerState['at'],
    'await-start'
  >[]
  const inputs = {
    deadline: '1159 08S01 Got timeout reading communication packets',
    ended: '1158 08S01 Got an error reading communication packets',
  }

  for (const [is, error] of Object.entries(inputs) as ['deadline' | 'ended', string][]) {
    for (const at of states) {
      it(`by ${is} in ${at} ends with ${at === 'await-tls' ? 'no packet' : error}`, () => {
        const { machine, sequenceId } = stopAt(at)
        const during = machine.phase
        machine.step({ is })
        const effects = machine.take()
        assert.equal(errorOf(effects), at === 'await-tls' ? undefined : `[${sequenceId}] ${error}`)
        assert.deepEqual(effects.at(-1), { do: 'close' })
        assert.ok(machine.state.at === 'refused')
        assert.equal(machine.state.reason, is === 'deadline' ? 'login-timeout' : 'client-gone')
        assert.equal(machine.state.during, during)
      })
    }
  }

  it('by a kill ends without a packet, in every state', () => {
    for (const at of states) {
      const { machine } = stopAt(at)
      machine.step({ is: 'abort', reason: 'killed' })
      assert.deepEqual(machine.take(), [{ do: 'close' }])
    }
  })
})

describe('T32: a packet with another sequence id', () => {
  const waiting = (Object.keys(phaseOf) as ServerState['at'][]).filter(
    (at) => phases[phaseOf[at]].turn === 'client' && at !== 'ready',
  ) as Exclude<ServerState['at'], 'await-start'>[]

  for (const at of waiting) {
    it(`ends in 1156 with the id that was waited for, in ${at}`, () => {
      const expected = stopAt(at).sequenceId
      for (const sequenceId of [expected - 1, expected + 1, 0, 255, expected + 128]) {
        const { machine } = stopAt(at)
        machine.step({ is: 'packet', payload: samples.HandshakeResponse41, sequenceId: sequenceId & 0xff })
        assert.equal(errorOf(machine.take()), `[${expected}] 1156 08S01 Got packets out of order`)
        assert.ok(machine.state.at === 'refused' && machine.state.reason === 'out-of-order')
      }
    })
  }
})

describe('an account that cannot be checked', () => {
  it('is refused when its plugin does not exist here', () => {
    const { machine } = stopAt('await-account')
    const { account } = { account: { ...stopWorld.decoy('mary'), plugin: 'authentication_ldap_sasl' } }
    machine.step({ is: 'account', candidate: { account, decoy: false, fastDigests: [] }, nonces: greetingNonce })
    assert.equal(errorOf(machine.take()), "[2] 1524 HY000 Plugin 'authentication_ldap_sasl' is not loaded")
  })

  it('is refused when clear passwords are not allowed, like a plugin that does not exist', () => {
    const machine = greeted({ allowClearPassword: false })
    machine.step({ is: 'packet', payload: login(), sequenceId: 1 })
    const account = { ...stopWorld.decoy('mary'), plugin: 'mysql_clear_password' }
    machine.step({ is: 'account', candidate: { account, decoy: false, fastDigests: [] }, nonces: greetingNonce })
    assert.equal(errorOf(machine.take()), "[2] 1524 HY000 Plugin 'mysql_clear_password' is not loaded")
  })

  it('T39: is refused when the exchange of its plugin does not end', () => {
    const plugins = new Map(policy().plugins)
    plugins.set('caching_sha2_password', {
      ...policy().defaultPlugin,
      *server() {
        for (;;) yield zeros(1)
      },
    })
    const machine = greeted({ plugins, defaultPlugin: plugins.get('caching_sha2_password')! })
    machine.step({ is: 'packet', payload: login(), sequenceId: 1 })
    const effects = settle(machine, machine.take())
    let rounds = 0
    for (let sequenceId = 3; machine.wantsPacket && rounds < 100; sequenceId += 2, rounds++) {
      machine.step({ is: 'packet', payload: zeros(1), sequenceId })
      effects.push(...machine.take())
    }
    assert.equal(rounds, 16)
    assert.equal(errorOf(effects), '[34] 1043 08S01 Bad handshake')
  })

  it('is refused with 1045 and a private detail when a plugin throws', () => {
    const plugins = new Map(policy().plugins)
    plugins.set('caching_sha2_password', {
      ...policy().defaultPlugin,
      server: () => {
        throw new TypeError('a defect')
      },
    })
    const machine = greeted({ plugins, defaultPlugin: plugins.get('caching_sha2_password')! })
    machine.step({ is: 'packet', payload: login(), sequenceId: 1 })
    const effects = settle(machine, machine.take())
    assert.equal(errorOf(effects), "[2] 1045 28000 Access denied for user 'mary'@'localhost' (using password: NO)")
    assert.ok(machine.state.at === 'refused' && machine.state.reason === 'verifier-failed')
    assert.equal(machine.state.detail, 'a defect')
  })
})
