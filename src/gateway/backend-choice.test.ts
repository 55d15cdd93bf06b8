/** The choice among backends, of what is known of each. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BackendOptions } from './backend.ts'
import { bestOf, type Candidate } from './backend-choice.ts'

interface Made extends Candidate {
  connections: number
  chosen: number
}

function candidate(name: string, more: Partial<Candidate> = {}, options: Partial<BackendOptions> = {}): Made {
  return {
    name,
    options: { connect: {}, ...options },
    state: 'up',
    role: 'primary',
    view: undefined,
    doubted: false,
    connections: 0,
    chosen: 0,
    ...more,
  }
}

/** How many of `sessions`, each of which stays, go where. */
function shares(all: readonly Made[], sessions: number): Record<string, number> {
  for (let i = 1; i <= sessions; i++) {
    const best = bestOf(all, {})
    assert.ok(best)
    best.connections++
    best.chosen = i
  }
  return Object.fromEntries(all.map(({ name, connections }) => [name, connections]))
}

describe('bestOf', () => {
  it('shares sessions by weight', () => {
    const all = [candidate('a', {}, { weight: 3 }), candidate('b'), candidate('c', {}, { weight: 0 })]
    assert.deepEqual(shares(all, 40), { a: 30, b: 10, c: 0 })
  })

  it('takes turns where nobody stays', () => {
    const all = [candidate('a'), candidate('b'), candidate('c')]
    const turns = [1, 2, 3, 4, 5, 6].map((turn) => {
      const best = bestOf(all, {})
      assert.ok(best)
      best.chosen = turn
      return best.name
    })
    assert.deepEqual(turns, ['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('takes only who is up, fits and is not excepted', () => {
    const a = candidate('a', { state: 'down' })
    const b = candidate('b', { role: 'replica' })
    const c = candidate('c', { role: 'unknown' })
    const d = candidate('d', { state: 'unknown' })
    const all = [a, b, c, d]
    assert.equal(bestOf(all, { backend: 'a' }), undefined)
    assert.equal(bestOf(all, { role: 'primary' }), undefined)
    assert.equal(bestOf(all, { role: 'replica' }), b)
    assert.equal(bestOf(all, { backend: 'c' }), c)
    assert.equal(bestOf(all, { backend: 'c', role: 'replica' }), undefined)
    assert.equal(bestOf(all, {}, new Set([b])), c)
    assert.equal(bestOf(all, {}, new Set([b, c])), undefined)
    assert.equal(bestOf([], {}), undefined)
  })

  it('takes a full one before one of weight 0, and that before one in doubt', () => {
    const full = candidate('full', { connections: 5 }, { maxConnections: 5 })
    const spare = candidate('spare', {}, { weight: 0 })
    const doubted = candidate('doubted', { doubted: true })
    const room = candidate('room', { connections: 100 })
    const order: string[] = []
    const except = new Set<Candidate>()
    for (let best = bestOf([doubted, spare, full, room], {}); best !== undefined; ) {
      order.push(best.name)
      except.add(best)
      best = bestOf([doubted, spare, full, room], {}, except as Set<Made>)
    }
    assert.deepEqual(order, ['room', 'full', 'spare', 'doubted'])
  })

  it('believes the newest view where two claim to be the primary of one group', () => {
    const view = (number: bigint, born = 17n, group = 'g') => ({ group, born, number })
    const old = candidate('old', { view: view(7n) })
    const recent = candidate('recent', { view: view(8n), connections: 50 })
    const other = candidate('other', { view: view(1n, 17n, 'h'), connections: 60 })
    assert.equal(bestOf([old, recent, other], { role: 'primary' }), recent)
    assert.equal(bestOf([old, other], { role: 'primary' }), old)
    // A group that was begun anew counts from 1 again.
    assert.equal(bestOf([candidate('new', { view: view(1n, 18n) }), recent], { role: 'primary' })?.name, 'new')
    // Who does not ask for the primary may go to either.
    assert.equal(bestOf([old, recent], {}), old)
    // Several primaries of one group, and of none.
    assert.deepEqual(shares([candidate('a', { view: view(8n) }), candidate('b', { view: view(8n) })], 4), {
      a: 2,
      b: 2,
    })
    assert.deepEqual(shares([candidate('a'), candidate('b')], 4), { a: 2, b: 2 })
  })
})
