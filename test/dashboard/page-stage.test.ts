import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Dot, Now, Turned } from '../../src/dashboard/contract.ts'
import { lanes } from '../../src/dashboard/contract.ts'
import { Stage, wayMs } from '../../src/dashboard/page/lanes/stage.ts'
import { Crowd, waitingTooLong } from '../../src/dashboard/page/live/crowd.ts'

const admitted = lanes.indexOf('admitted')

describe('Crowd', () => {
  it('knows everybody that the parts of a snapshot name, and nobody else', () => {
    const crowd = new Crowd()
    crowd.apply(now({ whole: true, changed: [dot(1, 0), dot(2, 3)] }))
    crowd.apply(now({ whole: true, changed: [dot(2, 4)] }))
    crowd.apply(now({ changed: [dot(3, 7)] }))
    assert.deepEqual(
      [...crowd.beings.values()].map(({ id, lane }) => [id, lane]),
      [
        [2, 4],
        [3, 7],
      ],
    )
  })

  it('tells who waits too long, the longest first, and not of the admitted', () => {
    const crowd = new Crowd()
    crowd.apply(now({ changed: [dot(1, 2, 5000), dot(2, 2, 1000), dot(3, admitted, 0), dot(4, 1, 9500)] }))
    const waiting = waitingTooLong(crowd.beings.values(), 10_000, 2000)
    assert.deepEqual(
      waiting.map(({ id }) => id),
      [2, 1],
    )
  })
})

describe('Stage', () => {
  for (const width of [1248, 360]) {
    it(`has 5,000 in lanes ${width} wide, each in its own lane and apart from the others`, () => {
      const { crowd, stage } = opened(width)
      crowd.apply(
        now({
          whole: true,
          changed: Array.from({ length: 5000 }, (_, id) => dot(id, id % 20 === 0 ? id % 7 : admitted)),
        }),
      )
      settle(stage)
      const seen = new Set<string>()
      for (const { being, x, y } of stage.sprites.values()) {
        const ground = stage.lanes[being.lane]?.ground
        assert(ground !== undefined && x > ground.x && x < ground.x + ground.width, `${being.id} is beside its lane`)
        assert(y > ground.y && y < ground.y + ground.height, `${being.id} is above or below its lane`)
        seen.add(`${x} ${y}`)
      }
      assert.equal(seen.size, 5000)
    })
  }

  it('lets who stands stay where it is when others come and go', () => {
    const { crowd, stage } = opened(1248)
    crowd.apply(now({ whole: true, changed: Array.from({ length: 50 }, (_, id) => dot(id, 2)) }))
    settle(stage)
    const before = placeOf(stage, 30)
    crowd.apply(now({ gone: [3, 4, 5], changed: [dot(100, 2), dot(101, 2)] }))
    settle(stage)
    assert.deepEqual(placeOf(stage, 30), before)
  })

  it('gives rows to those who wait longest, and takes them back when they move on', () => {
    const { crowd, stage } = opened(1248)
    crowd.apply(now({ whole: true, changed: Array.from({ length: 9 }, (_, id) => dot(id, 2, 1000 + id)) }))
    stage.seatWaiting(10_000, 2000)
    assert.deepEqual(
      stage.lanes[2]?.seated.map(({ being }) => being.id),
      [0, 1, 2, 3, 4],
    )
    crowd.apply(now({ changed: [dot(0, 3, 9999)] }))
    stage.seatWaiting(10_000, 2000)
    assert.deepEqual(
      stage.lanes[2]?.seated.map(({ being }) => being.id),
      [1, 2, 3, 4, 5],
    )
    assert.equal(stage.sprites.get(0)?.seat, -1)
  })

  it('lets the refused fall from where they stood, and rests when all have arrived', () => {
    const { crowd, stage } = opened(1248)
    crowd.apply(now({ whole: true, changed: [dot(1, 4)] }))
    settle(stage)
    const stood = placeOf(stage, 1)
    const turned: Turned = [1, 4, 'scramble-mismatch', 'app', '10.0.0.7']
    crowd.apply(now({ refused: [turned], gone: [1] }))
    assert.deepEqual(
      stage.leavers.map(({ refused, x, y }) => ({ refused, at: [x, y] })),
      [{ refused: true, at: stood }],
    )
    assert.equal(stage.moves, true)
    stage.advance(stage.timeMs + 10_000)
    assert.equal(stage.moves, false)
  })

  it('keeps no more and no fewer than the crowd, and no two at one place, whatever happens', () => {
    const step = fc.record({
      changed: fc.array(fc.tuple(fc.nat(60), fc.nat(7), fc.nat(10_000)), { maxLength: 30 }),
      gone: fc.array(fc.nat(60), { maxLength: 10 }),
      refused: fc.array(fc.tuple(fc.nat(60), fc.nat(7)), { maxLength: 5 }),
      whole: fc.boolean(),
      seats: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { crowd, stage } = opened(1248)
        for (const { changed, gone, refused, whole, seats } of steps) {
          const dots = changed.map(([id, lane, sinceMs]) => dot(id, lane, sinceMs))
          const turned = refused.map(([id, lane]): Turned => [id, lane, 'client-gone', '', ''])
          // The server says of everybody that was refused that it is gone.
          crowd.apply(now({ whole, changed: dots, refused: turned, gone: [...gone, ...turned.map(([id]) => id)] }))
          if (seats) stage.seatWaiting(12_000, 4000)
          settle(stage)
          assert.deepEqual([...stage.sprites.keys()].sort(byNumber), [...crowd.beings.keys()].sort(byNumber))
          const places = [...stage.sprites.values()].map(({ being, place, seat }) => `${being.lane} ${place} ${seat}`)
          assert.equal(new Set(places).size, places.length)
          assert.equal(stage.moves, false)
        }
      }),
    )
  })
})

function opened(width: number): { crowd: Crowd; stage: Stage } {
  const crowd = new Crowd()
  const stage = new Stage(lanes.length)
  stage.resize(width, [])
  crowd.listeners.add(stage)
  return { crowd, stage }
}

/** After: nobody is on the way any longer. */
function settle(stage: Stage): void {
  stage.advance(stage.timeMs + 10 * wayMs)
}

function placeOf(stage: Stage, id: number): number[] {
  const sprite = stage.sprites.get(id)
  assert(sprite !== undefined)
  return [sprite.x, sprite.y]
}

function dot(id: number, lane: number, sinceMs = 0): Dot {
  return [id, lane, sinceMs, 0, '', '10.0.0.7']
}

function now(part: Partial<Now>): Now {
  return {
    atMs: 1000,
    whole: false,
    counts: lanes.map(() => 0),
    changed: [],
    gone: [],
    refused: [],
    dropped: 0,
    ...part,
  }
}

function byNumber(a: number, b: number): number {
  return a - b
}
