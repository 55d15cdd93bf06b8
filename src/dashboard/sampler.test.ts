import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { ConnectionRecord, type DoorPhase } from '../registry/connection-record.ts'
import { durationBoundsMs } from '../registry/duration-buckets.ts'
import { type EndedHandshake, Registry } from '../registry/registry.ts'
import { Story } from '../registry/story.ts'
import { type Lane, lanes, type Sample, timeBounds } from './contract.ts'
import { together } from './sample-sum.ts'
import { Sampler } from './sampler.ts'

/** The wall clock and the other one, so that a mix-up shows. */
const wall = 1_700_000_000_000

function doorOf(startedAtMs = wall): { registry: Registry; sampler: Sampler } {
  const registry = new Registry(startedAtMs, 0)
  return { registry, sampler: new Sampler({ administered: { registry } }) }
}

/** A login that was in each phase for so long; refused if there is a reason. */
function ended(registry: Registry, stays: readonly (readonly [DoorPhase, ms: number])[], reason?: DenyReason): void {
  const story = new Story()
  let atMs = 0
  for (const [phase, ms] of stays) {
    story.enter(phase, atMs)
    atMs += ms
  }
  story.enter(reason === undefined ? 'ready' : 'refused', atMs)
  const end: EndedHandshake = {
    ...{ record: new ConnectionRecord(1, 'plaintext', '10.0.0.1', 5000, wall), story, again: false },
    ...{ user: 'app', account: "'app'@'%'", plugin: 'caching_sha2_password', channel: 'plaintext' },
    ...{ tlsVersion: undefined, endedAtMs: wall, outcome: reason === undefined ? 'admitted' : 'refused' },
    ...{ during: 'login', reason, detail: undefined, errorCode: undefined },
  }
  registry.ended(end)
}

const inLane = (values: readonly number[], lane: Lane) => values[lanes.indexOf(lane)]

describe('Sampler', () => {
  it('has the bounds of the contract, which are those of the tally', () => {
    assert.deepEqual(timeBounds, durationBoundsMs)
  })

  it('gives the connections in each lane as connection-seconds by seconds, however short they were', () => {
    const { registry, sampler } = doorOf()
    const { tally } = registry
    sampler.next(wall, 5000)
    tally.move(undefined, 'login', 5100)
    tally.move(undefined, 'login', 5200)
    tally.move('login', 'ready', 5300)
    tally.move('login', undefined, 5301)
    const { atMs, spanMs, lanes: averages } = sampler.next(wall + 1000, 6000)
    assert.deepEqual([atMs, spanMs], [wall, 1000])
    assert.equal(inLane(averages, 'greeting'), (100 + 2 * 100 + 1) / 1000)
    assert.equal(inLane(averages, 'admitted'), 700 / 1000)
  })

  it('begins with all that happened since the door was opened', () => {
    const { registry, sampler } = doorOf(wall - 250)
    ended(registry, [['login', 3]])
    const first = sampler.next(wall, 5000)
    assert.deepEqual([first.atMs, first.spanMs, first.admitted], [wall - 250, 250, 1])
    assert.equal(sampler.next(wall + 1000, 6000).admitted, 0)
  })

  it('counts the most at a time anew in each sample, and begins with who is there', () => {
    const { registry, sampler } = doorOf()
    const { tally } = registry
    tally.move(undefined, 'login', 1)
    tally.move(undefined, 'login', 2)
    tally.move('login', undefined, 3)
    const peaks = [10, 20].map((now) => inLane(sampler.next(wall + now, now).peaks, 'greeting'))
    assert.deepEqual(peaks, [2, 1])
  })

  it('counts logins by result, reason and time in each lane', () => {
    const { registry, sampler } = doorOf()
    ended(registry, [
      ['accepted', 0.2],
      ['login', 3],
      ['auth-answer', 30],
    ])
    sampler.next(wall + 1, 1)
    ended(registry, [
      ['accepted', 0.2],
      ['login', 3],
      ['auth-answer', 30],
    ])
    ended(
      registry,
      [
        ['accepted', 0.2],
        ['login', 70_000],
      ],
      'login-timeout' as DenyReason,
    )
    ended(
      registry,
      [
        ['accepted', 0.2],
        ['login', 3],
        ['auth-answer', 2],
      ],
      'secret-mismatch' as DenyReason,
    )
    const { admitted, refused, reasons, times } = sampler.next(wall + 2, 2)
    assert.deepEqual(
      { admitted, refused, reasons },
      { admitted: 1, refused: 2, reasons: { 'login-timeout': 1, 'secret-mismatch': 1 } },
    )
    const bucket = (bound: number) => timeBounds.indexOf(bound)
    assert.deepEqual(times[lanes.indexOf('accepted')], [[bucket(0.25), 3]])
    assert.deepEqual(times[lanes.indexOf('greeting')], [
      [bucket(5), 2],
      [timeBounds.length, 1],
    ])
    assert.deepEqual(times[lanes.indexOf('exchange')], [
      [bucket(2.5), 1],
      [bucket(50), 1],
    ])
    assert.equal(times.length, lanes.length - 1)
  })

  it('says how long by the clock that does not jump', () => {
    const { sampler } = doorOf()
    sampler.next(wall, 1000)
    const { atMs, spanMs } = sampler.next(wall - 3_600_000, 2000)
    assert.deepEqual([atMs, spanMs], [wall, 1000])
    assert.equal(sampler.next(wall, 2000).spanMs, 0)
  })

  it('loses nothing and counts nothing twice, whenever the samples are taken', () => {
    const life = fc.record({
      fromMs: fc.integer({ min: 0, max: 1000 }),
      stays: fc.array(
        fc.tuple(fc.constantFrom<DoorPhase>('accepted', 'login', 'ready'), fc.integer({ min: 0, max: 400 })),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      admitted: fc.boolean(),
    })
    const cuts = fc.array(fc.integer({ min: 0, max: 3999 }), { maxLength: 10 })
    fc.assert(
      fc.property(fc.array(life, { maxLength: 10 }), cuts, (lives, cuts) => {
        const [one, many] = [[], cuts].map((cuts) => {
          const { registry, sampler } = doorOf()
          const samples: Sample[] = []
          const sample = (now: number) => samples.push(sampler.next(wall + now, now))
          const happenings: [atMs: number, happen: () => void][] = cuts.map((cut) => [cut, () => sample(cut)])
          for (const { fromMs, stays, admitted } of lives) {
            let atMs = fromMs
            let before: DoorPhase | undefined
            for (const [phase, ms] of [...stays, [undefined, 0] as const]) {
              const [now, from] = [atMs, before]
              happenings.push([now, () => registry.tally.move(from, phase, now)])
              before = phase
              atMs += ms
            }
            happenings.push([atMs, () => ended(registry, stays, admitted ? undefined : 'client-gone')])
          }
          for (const [, happen] of happenings.sort(([a], [b]) => a - b)) happen()
          sample(4000)
          return samples.reduce(together)
        })
        assert.ok(one && many)
        assert.deepEqual({ ...many, lanes: [], peaks: [] }, { ...one, lanes: [], peaks: [] })
        for (const [lane, average] of one.lanes.entries())
          assert.ok(
            Math.abs(average - (many.lanes[lane] ?? Number.NaN)) < 1e-9,
            `${average} is not ${many.lanes[lane]}`,
          )
      }),
    )
  })
})
