/** Properties over any inputs: nobody gets in without a proof, whatever is sent and answered in whatever order. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { usualCapabilities, utf8 } from '../../test/support/pair.ts'
import { channels } from '../../test/support/scenarios.ts'
import { greetingNonce, isOk, loginPacket, pluginNames, samples, sslRequest, stopAt } from '../../test/support/stops.ts'
import { decoyOf, doubleSha256, nonceSequence, policy, stranger } from '../../test/support/world.ts'
import type { Channel } from '../auth/plugin.ts'
import { capability } from '../packets/capabilities.ts'
import { ServerHandshake } from './server-handshake.ts'
import type { Candidate, ServerEffect, ServerInput } from './server-states.ts'

interface Step {
  /** Something that fits the state, or anything. */
  readonly likely: boolean
  readonly pick: number
  readonly bytes: Uint8Array
  readonly sequenceId: number
}

const step: fc.Arbitrary<Step> = fc.record({
  likely: fc.nat(9).map((chance) => chance > 0),
  pick: fc.nat(),
  bytes: fc.uint8Array({ maxLength: 300 }),
  sequenceId: fc.nat(255),
})
const steps = fc.array(step, { maxLength: 16 })
const channel = fc.constantFrom<Channel>(...channels)

describe('the server, whatever comes in', () => {
  it('T10: sends no OK without a valid proof', () => {
    const statesSeen = new Set<string>()
    fc.assert(
      fc.property(channel, steps, (on, each) => {
        const walk = new Walk(greetedOn(on))
        for (const one of each) {
          walk.take(inputWithoutProof(walk, one))
          statesSeen.add(walk.machine.state.at)
        }
        assert.ok(!walk.effects.some(isOk))
        const { length } = walk.effects.filter((effect) => effect.do === 'close')
        assert.equal(length, walk.machine.state.at === 'refused' ? 1 : 0)
      }),
      { numRuns: 3000, seed: 1 },
    )
    assert.deepEqual([...statesSeen].sort(), [
      'await-account',
      'await-admission',
      'await-auth-answer',
      'await-login-over-tls',
      'await-secret-check',
      'await-switch-answer',
      'await-tls',
      'refused',
    ])
  })

  it('T13: never sends OK to a decoy, even if the check finds its password right and the door says "admitted"', () => {
    let admissions = 0
    fc.assert(
      fc.property(channel, steps, fc.constantFrom(...pluginNames), (on, each, plugin) => {
        const walk = new Walk(greetedOn(on))
        const decoy = { account: decoyOf('mary', plugin), decoy: true, fastDigests: [doubleSha256('right')] }
        for (const one of each) {
          if (walk.machine.state.at === 'await-admission') admissions++
          const input = inputWithoutProof(walk, one, decoy)
          if (input.is === 'denied') walk.take({ is: 'admitted', statusFlags: 2 })
          else if (input.is === 'secret-checked') walk.take({ is: input.is, proof: { holds: true, credential: 0 } })
          else walk.take(input)
        }
        assert.ok(!walk.effects.some(isOk))
      }),
      { numRuns: 2000, seed: 2 },
    )
    assert.ok(admissions > 100)
  })

  it('sends no OK after a refusal, though the proof was valid', () => {
    const end = fc.constantFrom<ServerInput>(
      { is: 'denied', reason: 'account-locked' },
      { is: 'deadline' },
      { is: 'ended' },
      { is: 'abort', reason: 'killed' },
      { is: 'tls-established' },
      { is: 'packet', payload: samples.Command, sequenceId: 2 },
    )
    fc.assert(
      fc.property(end, fc.array(step, { maxLength: 6 }), (input, each) => {
        const walk = new Walk(stopAt('await-admission').machine)
        walk.take(input)
        for (const { sequenceId } of each) {
          walk.take({ is: 'admitted', statusFlags: 2 })
          walk.take({ is: 'secret-checked', proof: { holds: true, credential: 0 } })
          walk.take({ is: 'packet', payload: loginPacket(), sequenceId })
        }
        assert.ok(!walk.effects.some(isOk))
        assert.equal(walk.machine.state.at, 'refused')
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  it('does let the right password in, by the same harness', () => {
    const walk = new Walk(stopAt('await-admission').machine)
    walk.take({ is: 'admitted', statusFlags: 2 })
    assert.ok(walk.effects.some(isOk))
  })
})

class Walk {
  readonly machine: ServerHandshake
  readonly effects: ServerEffect[] = []
  /** The id that the machine waits for. */
  sequenceId = 1

  constructor(machine: ServerHandshake) {
    this.machine = machine
    machine.take()
  }

  take(input: ServerInput): void {
    this.machine.step(input)
    const effects = this.machine.take()
    if (input.is === 'packet') this.sequenceId = (input.sequenceId + 1) & 0xff
    for (const effect of effects) if (effect.do === 'send') this.sequenceId = (effect.sequenceId + 1) & 0xff
    this.effects.push(...effects)
  }
}

function greetedOn(on: Channel): ServerHandshake {
  return ServerHandshake.greet(policy(), stranger({ channel: on }), greetingNonce)
}

/** Real accounts with a password that nobody knows: of their only factor, of all alternatives, of a further factor. */
const unprovable: readonly Candidate[] = pluginNames.flatMap((plugin) => {
  const account = decoyOf('mary', plugin)
  const known = decoyOf('mary', 'caching_sha2_password')
  return [
    { account, decoy: false, fastDigests: [doubleSha256('nobody knows')] },
    { account, decoy: false, fastDigests: [] },
    { account: { ...account, alternatives: [known, account] }, decoy: false, fastDigests: [] },
    { account: { ...known, factors: [account] }, decoy: false, fastDigests: [doubleSha256('right')] },
    { account: { ...known, factors: [account, known] }, decoy: false, fastDigests: [doubleSha256('right')] },
  ]
})

/** An input for this state that proves nothing. */
function inputWithoutProof(walk: Walk, { likely, pick, bytes, sequenceId }: Step, decoy?: Candidate): ServerInput {
  const nonces = Buffer.alloc(128, nonceSequence(pick % 1000).next().value)
  const account: ServerInput = { is: 'account', candidate: decoy ?? choose(unprovable, pick), nonces }
  const checked: ServerInput = {
    is: 'secret-checked',
    proof: { holds: false, reason: 'secret-mismatch', detail: undefined },
  }
  const admission: readonly ServerInput[] = [
    { is: 'admitted', statusFlags: 2 },
    { is: 'denied', reason: 'scramble-mismatch' },
  ]
  const anything: readonly ServerInput[] = [
    { is: 'packet', payload: bytes, sequenceId },
    { is: 'packet', payload: loginPacket(), sequenceId },
    { is: 'tls-established' },
    { is: 'tls-failed', detail: 'no' },
    account,
    checked,
    ...admission,
    { is: 'deadline' },
    { is: 'ended' },
  ]
  if (!likely) return choose(anything, pick)
  const packet = (payload: Uint8Array): ServerInput => ({ is: 'packet', payload, sequenceId: walk.sequenceId })
  switch (walk.machine.state.at) {
    case 'await-login':
      return packet(choose([sslRequest(), ...logins(bytes)], pick))
    case 'await-tls':
      return { is: 'tls-established' }
    case 'await-login-over-tls':
      return packet(choose(logins(bytes), pick))
    case 'await-account':
      return account
    case 'await-switch-answer':
    case 'await-auth-answer':
      return packet(choose(answers(bytes), pick))
    case 'await-secret-check':
      return checked
    default:
      return choose(admission, pick)
  }
}

function choose<T>(from: readonly T[], pick: number): T {
  return from[pick % from.length] as T
}

function logins(bytes: Uint8Array): Uint8Array[] {
  const old = { capabilities: (usualCapabilities & ~capability.PLUGIN_AUTH) >>> 0, authPluginName: undefined }
  return [
    loginPacket(),
    loginPacket({ authAnswer: bytes }),
    loginPacket({ authAnswer: new Uint8Array(32) }),
    loginPacket({ authPluginName: 'no_such_plugin' }),
    loginPacket({ ...old, authAnswer: new Uint8Array(20) }),
  ]
}

function answers(bytes: Uint8Array): Uint8Array[] {
  return [bytes, Uint8Array.of(1), Uint8Array.of(2), utf8('wrong\0'), ...[0, 20, 32, 256].map((n) => new Uint8Array(n))]
}
