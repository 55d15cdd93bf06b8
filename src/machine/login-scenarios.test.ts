/** Both machines against each other, through every plugin, channel, route and outcome. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errOf, type Trail } from '../../test/support/pair.ts'
import { channels, credentials, expected, play, possible, routes, type Scenario } from '../../test/support/scenarios.ts'
import { plugins } from '../auth/plugins.ts'
import { refusals } from '../auth/refused-plugins.ts'
import { phases } from './phases.ts'
import { phaseOf } from './server-states.ts'

const scenarios: Scenario[] = []
for (const plugin of plugins.keys()) {
  for (const channel of channels) {
    for (const route of routes.filter((candidate) => possible(plugin, candidate))) {
      for (const each of credentials) {
        // Decoys imitate only plugins that ask for a proof.
        if (refusals.has(plugin) && each.stored === undefined) continue
        // Without a password the client half asks a person.
        if (plugin === 'dialog' && each.given === '') continue
        scenarios.push({ ...each, plugin, channel, route })
      }
    }
  }
}

describe('a login', () => {
  for (const [name, group] of Map.groupBy(
    scenarios,
    ({ plugin, channel, route }) => `${plugin}, ${channel}, ${route}`,
  )) {
    it(`goes as documented: ${name}`, () => {
      for (const scenario of group) {
        const trail = play(scenario)
        const { flow, states, refusal } = expected(scenario)
        assert.deepEqual(trail.flow, flow, scenario.name)
        assert.deepEqual(trail.serverStates, states, scenario.name)
        assert.deepEqual(refusalOf(trail), refusal, scenario.name)
        assert.deepEqual(sequenceIds(trail), expectedSequenceIds(trail), scenario.name)
        checkTransitions(trail)
      }
    })
  }

  it('covers every plugin, every channel and every outcome', () => {
    const reasons = new Set(scenarios.map((scenario) => expected(scenario).refusal?.reason))
    assert.deepEqual([...reasons].map(String).sort(), [
      'account-locked',
      'database-denied',
      'insecure-channel',
      'no-login',
      'no-password',
      'no-plugin-auth',
      'password-not-empty',
      'peer-identity',
      'scramble-mismatch',
      'secret-mismatch',
      'stored-credential-unusable',
      'undefined',
      'unknown-account',
    ])
    assert.equal(new Set(scenarios.map(({ plugin }) => plugin)).size, plugins.size)
  })
})

describe('T13: an unknown user', () => {
  const unknown = scenarios.filter(({ stored }) => stored === undefined)

  it('gets the packets of a wrong password, byte for byte, whatever the plugin, channel and route', () => {
    assert.ok(unknown.length > 50)
    for (const scenario of unknown) {
      const wrong = { ...scenario, stored: 'another', name: 'wrong' }
      const [left, right] = [play(scenario), play(wrong)]
      assert.deepEqual(left.flow, right.flow)
      assert.deepEqual(left.serverStates, right.serverStates)
      assert.deepEqual(fromServer(left), fromServer(right))
    }
  })
})

function refusalOf(trail: Trail) {
  const { state } = trail.server
  if (state.at !== 'refused') return undefined
  const err = errOf(trail)
  return { reason: state.reason, error: `${err?.code} (${err?.sqlState}) ${err?.message}` }
}

function sequenceIds({ packets }: Trail): number[] {
  return packets.map(({ sequenceId }) => sequenceId)
}

/** They count up through the whole dialogue, whoever speaks, TLS or not. */
function expectedSequenceIds({ packets }: Trail): number[] {
  return packets.map((_, index) => index)
}

function checkTransitions({ serverStates }: Trail): void {
  for (const [index, state] of serverStates.entries()) {
    const next = serverStates[index + 1]
    if (next === undefined) continue
    const allowed = phases[phaseOf[state]].next
    assert.ok(allowed.includes(phaseOf[next]), `${state} -> ${next} is not in the table of phases`)
  }
}

function fromServer({ packets }: Trail): string[] {
  // The salt of parsec is each account's own, and a decoy's is its own.
  const salt = /^015000(?=.{36}$)/
  return packets.flatMap(({ from, payload }) => {
    const shown = Buffer.from(payload).toString('hex')
    return from === 'server' ? [salt.test(shown) ? 'parsec salt' : shown] : []
  })
}
