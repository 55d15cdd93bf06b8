/** Every phase against every kind of packet that the table does not list for it, on both sides. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, nul, text } from '../../test/support/bytes.ts'
import { actsOf, clientOptions } from '../../test/support/pair.ts'
import { isOk, samples, stopAt, stopWorld } from '../../test/support/stops.ts'
import { answerOf, isQuestion } from '../../test/support/world.ts'
import { MysqlError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeErr } from '../packets/err.ts'
import { ClientHandshake } from './client-handshake.ts'
import { type PacketKind, type PhaseName, phases } from './phases.ts'
import type { ServerHandshake } from './server-handshake.ts'
import { phaseOf, type ServerState } from './server-states.ts'

const kinds = Object.keys(samples) as PacketKind[]
const names = Object.keys(phases) as PhaseName[]

describe('the table of phases', () => {
  it('leads from the greeting to every phase, and only to phases that it has', () => {
    const reached = new Set<PhaseName>(['greeting'])
    for (const name of reached) for (const next of phases[name].next) reached.add(next)
    // The client's side of everything between login and verdict is one phase, and what its application is asked.
    assert.deepEqual([...reached, 'verdict', 'question'].sort(), names.toSorted())
  })

  it('lets packets come in the turns of server and client, and in no other', () => {
    for (const name of names) {
      const { turn, accepts } = phases[name]
      assert.equal(accepts.length > 0, turn === 'server' || turn === 'client', name)
    }
  })
})

describe('the server, in every state', () => {
  const states = (Object.keys(phaseOf) as ServerState['at'][]).filter((at) => at !== 'await-start')

  // An answer that is relayed is the backend's to judge, whatever it is.
  for (const at of states.filter((state) => state !== 'await-relayed-answer')) {
    const { turn, accepts } = phases[phaseOf[at]]
    for (const kind of kinds.filter((candidate) => !accepts.includes(candidate))) {
      const over = at === 'ready' || at === 'refused'
      it(`${over ? 'ignores' : 'refuses'} ${kind} in ${at}`, () => {
        const { machine, sequenceId } = stopAt(at)
        assert.equal(machine.state.at, at)
        machine.step({ is: 'packet', payload: samples[kind], sequenceId })
        const effects = settle(machine)
        // An answer to a plugin has no kind: 32 bytes may be a scramble, and a wrong one costs one more round.
        if (machine.wantsPacket) {
          machine.step({ is: 'packet', payload: samples[kind], sequenceId: sequenceId + 2 })
          effects.push(...settle(machine))
        }
        assert.ok(!effects.some(isOk))
        if (over) {
          assert.equal(machine.state.at, at)
          assert.deepEqual(effects, [])
          return
        }
        assert.equal(machine.state.at, 'refused')
        assert.equal(effects.at(-1)?.do, 'close')
        const sent = effects.flatMap((effect) => (effect.do === 'send' ? [effect] : []))
        if (turn === 'tls') return assert.deepEqual(sent, [], 'an ERR inside a TLS handshake is neither')
        const err = decodeErr(sent.at(-1)!.payload)
        assert.equal(`${err.code} ${err.sqlState}`, expectedError(at, samples[kind]))
      })
    }
  }

  it('accepts each kind that the table lists for it', () => {
    for (const at of states) {
      for (const kind of phases[phaseOf[at]].accepts.filter((listed) => listed !== 'Command')) {
        const { machine, sequenceId } = stopAt(at)
        machine.step({ is: 'packet', payload: samples[kind], sequenceId })
        if (machine.state.at !== 'refused') continue
        assert.equal(machine.state.error?.symbol, 'ER_ACCESS_DENIED_ERROR', `${kind} in ${at}`)
      }
    }
  })

  it('T10: refuses a packet while a decision is pending, and no later answer turns that into OK', () => {
    const pending = states.filter((at) => phases[phaseOf[at]].turn === 'decision')
    assert.deepEqual(pending, ['await-account', 'await-secret-check', 'await-admission', 'await-backend'])
    for (const at of pending) {
      const { machine, sequenceId, effects } = stopAt(at)
      assert.equal(machine.wantsPacket, false)
      const question = effects.findLast(isQuestion)
      machine.step({ is: 'packet', payload: samples.Command, sequenceId })
      if (question !== undefined) machine.step(answerOf(stopWorld, question))
      machine.step({ is: 'backend-ready', ok: { statusFlags: 2, warnings: 0, sessionChanges: undefined } })
      machine.step({ is: 'secret-checked', proof: { holds: true, credential: 0 } })
      machine.step({ is: 'admitted', statusFlags: 2 })
      const after = machine.take()
      assert.deepEqual(
        after.map((effect) => effect.do),
        ['send', 'close'],
      )
      assert.ok(!after.some(isOk))
      assert.equal(machine.state.at === 'refused' && machine.state.reason, 'malformed-packet')
    }
  })

  it('wants a packet exactly in the turns of the client', () => {
    for (const at of states.filter((candidate) => candidate !== 'ready')) {
      assert.equal(stopAt(at).machine.wantsPacket, phases[phaseOf[at]].turn === 'client', at)
    }
  })
})

describe('the client, in every state', () => {
  const stops: Readonly<Record<string, () => ClientHandshake>> = {
    greeting: () => new ClientHandshake(clientOptions({ password: 'right' }), 'plaintext'),
    tls: () => behindGreeting('required'),
    verdict: () => behindGreeting('never'),
    question: () => asked(),
  }

  for (const [phase, stop] of Object.entries(stops)) {
    const { accepts } = phases[phase as PhaseName]
    for (const kind of kinds.filter((candidate) => !accepts.includes(candidate))) {
      it(`fails on ${kind} in phase ${phase}, and sends nothing more`, () => {
        const machine = stop()
        assert.equal(machine.phase, phase)
        machine.take()
        machine.step({
          is: 'packet',
          payload: samples[kind],
          sequenceId: phase === 'greeting' ? 0 : phase === 'question' ? 4 : 2,
        })
        assert.ok(machine.state.at === 'failed' && machine.state.error instanceof MysqlError)
        assert.deepEqual(actsOf(machine), [{ do: 'close' }])
      })
    }
  }

  it('accepts each kind that the table lists for it; an ERR is the error of the server', () => {
    for (const [phase, stop] of Object.entries(stops)) {
      for (const kind of phases[phase as PhaseName].accepts) {
        const machine = stop()
        machine.step({
          is: 'packet',
          payload: samples[kind],
          sequenceId: phase === 'greeting' ? 0 : phase === 'question' ? 4 : 2,
        })
        const error = machine.state.at === 'failed' ? machine.state.error.symbol : 'none'
        // The factor of the sample wants the password in clear, on a plaintext channel.
        const refused = { Err: 'ER_ACCESS_DENIED_ERROR', AuthNextFactor: 'CR_AUTH_PLUGIN_ERR' }
        const expected = kind in refused ? refused[kind as keyof typeof refused] : 'none'
        assert.equal(error, expected, `${kind} in ${phase}`)
      }
    }
  })

  /** A dialog without a password: the server's question goes to the application. */
  function asked(): ClientHandshake {
    const machine = new ClientHandshake(clientOptions({}), 'unix-socket')
    machine.step({ is: 'packet', payload: samples.HandshakeV10, sequenceId: 0 })
    machine.step({ is: 'packet', payload: bytes([0xfe], nul('dialog'), [4], text('PIN:')), sequenceId: 2 })
    return machine
  }

  function behindGreeting(tls: 'never' | 'required'): ClientHandshake {
    const machine = new ClientHandshake(clientOptions({ password: 'right', tls }), 'plaintext')
    machine.step({ is: 'packet', payload: samples.HandshakeV10, sequenceId: 0 })
    return machine
  }
})

/** Answers all questions; every effect on the way. */
function settle(machine: ServerHandshake) {
  const all = machine.take()
  for (let effects = all; effects.length > 0; ) {
    for (const effect of effects) if (isQuestion(effect)) machine.step(answerOf(stopWorld, effect))
    effects = machine.take()
    all.push(...effects)
  }
  return all
}

/** As measured on mysqld: before the account is known a bad handshake, afterwards a failed proof. */
function expectedError(at: ServerState['at'], payload: Uint8Array): string {
  if (at === 'await-switch-answer' || at === 'await-auth-answer') return '1045 28000'
  if (at !== 'await-login' || payload.length < 2) return '1043 08S01'
  const word = (payload[0] as number) | ((payload[1] as number) << 8)
  if (has(word, capability.PROTOCOL_41)) return '1043 08S01'
  return payload.length > 64 ? '1251 undefined' : '1043 undefined'
}
