import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConnectionRecord, type DoorPhase } from './connection-record.ts'
import { bucketOf, durationBoundsMs, durationBuckets } from './duration-buckets.ts'
import { type EndedHandshake, Registry } from './registry.ts'
import { Story } from './story.ts'
import { addSnapshots, nothingTallied, Tally, withoutConnections } from './tally.ts'

function ended(more: Partial<EndedHandshake>): EndedHandshake {
  const record = new ConnectionRecord(1, 'plaintext', '10.0.0.1', 5000, 0)
  return {
    ...{ record, story: record.story, again: false, user: 'app', account: "'app'@'%'", channel: 'plaintext' },
    ...{ plugin: 'caching_sha2_password', tlsVersion: undefined, endedAtMs: 0, outcome: 'admitted', during: 'ready' },
    ...{ reason: undefined, detail: undefined, errorCode: undefined },
    ...more,
  }
}

describe('bucketOf', () => {
  it('counts a duration in the first bucket whose bound it does not exceed', () => {
    for (const [i, bound] of durationBoundsMs.entries()) {
      assert.equal(bucketOf(bound), i)
      assert.equal(bucketOf(bound * 1.0001), i + 1)
    }
    assert.equal(bucketOf(0), 0)
    assert.equal(bucketOf(1e9), durationBuckets - 1)
  })
})

describe('Tally', () => {
  it('counts the time of connections in a phase, and the most at a time', () => {
    const tally = new Tally()
    tally.move(undefined, 'login', 1000)
    tally.move(undefined, 'login', 1100)
    tally.move('login', 'ready', 1150)
    const { phases, lanes } = tally.snapshot(1400, true)
    const { login, ready } = phases
    assert.deepEqual(login, { now: 1, entered: 2, connectionMs: 100 + 2 * 50 + 250 })
    assert.deepEqual(ready, { now: 1, entered: 1, connectionMs: 250 })
    assert.deepEqual(
      lanes.map(({ peak }) => peak),
      [0, 0, 2, 0, 0, 0, 0, 1],
    )
    tally.move('login', undefined, 1500)
    const later = tally.snapshot(1600)
    assert.deepEqual(later.phases.login, { now: 0, entered: 2, connectionMs: 550 })
    assert.deepEqual([later.lanes[2]?.peak, later.lanes[2]?.connectionMs], [1, 550])
  })

  it('has as much time in all phases together as the connections lived, whatever they did', () => {
    const phases: DoorPhase[] = ['accepted', 'login', 'auth-answer', 'ready']
    const life = fc.record({
      fromMs: fc.integer({ min: 0, max: 1000 }),
      stays: fc.array(fc.tuple(fc.constantFrom(...phases), fc.integer({ min: 0, max: 500 })), { minLength: 1 }),
    })
    fc.assert(
      fc.property(fc.array(life, { maxLength: 20 }), (lives) => {
        const moves = lives.flatMap(({ fromMs, stays }) => {
          let atMs = fromMs
          let before: DoorPhase | undefined
          const all = stays.map(([phase, ms]) => {
            const move = { atMs, from: before, to: phase as DoorPhase | undefined }
            before = phase
            atMs += ms
            return move
          })
          return [...all, { atMs, from: before, to: undefined }]
        })
        const tally = new Tally()
        for (const { from, to, atMs } of moves.sort((a, b) => a.atMs - b.atMs)) tally.move(from, to, atMs)
        const lived = lives.flatMap(({ stays }) => stays).reduce((sum, [, ms]) => sum + ms, 0)
        const counted = Object.values(tally.snapshot(1e6).phases).reduce((sum, phase) => sum + phase.connectionMs, 0)
        assert.ok(Math.abs(counted - lived) < 1e-6, `${counted} instead of ${lived}`)
        const inLanes = tally.snapshot(1e6).lanes.reduce((sum, { connectionMs }) => sum + connectionMs, 0)
        assert.ok(Math.abs(inLanes - lived) < 1e-6, `${inLanes} in lanes instead of ${lived}`)
      }),
    )
  })

  it('counts ended logins by outcome, plugin and channel, and the time in each of their phases', () => {
    const tally = new Tally()
    const story = new Story()
    story.enter('accepted', 0)
    story.enter('login', 0.2)
    story.enter('account', 3.2)
    story.enter('refused', 3.25)
    tally.onEnded(
      ended({ story, outcome: 'refused', reason: 'secret-mismatch', channel: 'tls', tlsVersion: 'TLSv1.3' }),
    )
    tally.onEnded(ended({ story, again: true, plugin: 'made_up_by_somebody' }))
    tally.onEnded(ended({ story, plugin: undefined, outcome: 'refused', reason: 'client-gone' }))
    const { logins, lanes, times, reasons, tls } = tally.snapshot(5)
    assert.deepEqual(
      logins.map(({ again, outcome, plugin, channel, count, sumMs }) => [
        again,
        outcome,
        plugin,
        channel,
        count,
        sumMs,
      ]),
      [
        [false, 'refused', 'caching_sha2_password', 'tls', 1, 3.25],
        [true, 'admitted', 'other', 'plaintext', 1, 3.25],
        [false, 'refused', 'none', 'plaintext', 1, 3.25],
      ],
    )
    assert.deepEqual(reasons, { 'secret-mismatch': 1, 'client-gone': 1 })
    assert.deepEqual(tls, { 'TLSv1.3': 1 })
    assert.deepEqual(
      times
        .filter(({ channel }) => channel === 'tls')
        .map(({ phase, count, sumMs }) => [phase, count, Number(sumMs.toFixed(6))]),
      [
        ['accepted', 1, 0.2],
        ['login', 1, 3],
        ['account', 1, 0.05],
      ],
    )
    assert.deepEqual(
      lanes.map(({ buckets }) => buckets.reduce((a, b) => a + b)),
      [3, 0, 3, 0, 3, 0, 0, 0],
    )
    const login = times.find(({ phase, channel }) => phase === 'login' && channel === 'tls')
    assert.deepEqual(login?.buckets.indexOf(1), bucketOf(3))
  })

  it('adds up over processes; of one that has ended, what it counted stays and its connections go', () => {
    const [one, other] = [new Tally(), new Tally()]
    one.move(undefined, 'ready', 0)
    other.move(undefined, 'ready', 0)
    one.onEnded(ended({}))
    other.onEnded(ended({}))
    const sum = addSnapshots(withoutConnections(one.snapshot(10)), addSnapshots(other.snapshot(10), nothingTallied()))
    assert.deepEqual(sum.phases.ready, { now: 1, entered: 2, connectionMs: 20 })
    assert.deepEqual([sum.lanes.at(-1)?.now, sum.lanes.at(-1)?.peak], [1, 1])
    assert.equal(sum.logins[0]?.count, 2)
    assert.equal(
      sum.logins[0]?.buckets.reduce((a, b) => a + b),
      2,
    )
  })
})

describe('Registry and its tally', () => {
  it('counts a connection from its coming to its going, and one that never was let in not at all', () => {
    const registry = new Registry(0, 10)
    const record = new ConnectionRecord(registry.nextId(), 'plaintext', '10.0.0.1', 5000, 0)
    registry.add(record, 0)
    record.enter('login', 0)
    assert.equal(registry.tally.snapshot(performance.now()).phases.login.now, 1)
    registry.remove(record)
    registry.remove(record)
    registry.remove(new ConnectionRecord(7, 'plaintext', '10.0.0.1', 5000, 0))
    const { phases } = registry.tally.snapshot(performance.now())
    assert.deepEqual([phases.login.now, phases.accepted.now], [0, 0])
  })

  it('tells listeners after it has counted, FLUSH STATUS leaves the tally alone', () => {
    const registry = new Registry(0, 10)
    const told: unknown[] = []
    registry.listeners.add({
      onEnded: ({ account }) => told.push([account, registry.tally.snapshot(0).logins[0]?.count]),
      onExplained: ({ detail }) => told.push([detail, registry.refusals.groups()[0]?.findings.size]),
    })
    const one = ended({ outcome: 'refused', reason: 'secret-mismatch' })
    registry.ended(one)
    registry.explained(one, 'a trailing newline')
    registry.flushStatus(0)
    assert.deepEqual(told, [
      ["'app'@'%'", 1],
      ['a trailing newline', 1],
    ])
    assert.equal(registry.tally.snapshot(0).logins[0]?.count, 1)
  })
})
