import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { anySample, sampleOf } from '../../test/support/samples.ts'
import type { Sample } from './contract.ts'
import { together } from './sample-sum.ts'

describe('together', () => {
  it('gives the same sum however samples are grouped', () => {
    fc.assert(
      fc.property(anySample, anySample, anySample, (a, b, c) => {
        assertSame(together(together(a, b), c), together(a, together(b, c)))
      }),
    )
  })

  it('gives the same sum in either order', () => {
    fc.assert(fc.property(anySample, anySample, (a, b) => assertSame(together(a, b), together(b, a))))
  })

  it('keeps every connection-second and every count', () => {
    fc.assert(
      fc.property(fc.array(anySample, { minLength: 1, maxLength: 20 }), (samples) => {
        const sum = samples.reduce(together)
        const total = (of: (sample: Sample) => number) => samples.reduce((total, sample) => total + of(sample), 0)
        assert.equal(
          sum.spanMs,
          total(({ spanMs }) => spanMs),
        )
        assert.equal(
          sum.admitted,
          total(({ admitted }) => admitted),
        )
        assert.equal(
          sum.refused,
          total(({ refused }) => refused),
        )
        const mismatches = ({ reasons }: Sample) => reasons['secret-mismatch'] ?? 0
        assert.equal(mismatches(sum), total(mismatches))
        for (const lane of sum.lanes.keys()) {
          const area = (sample: Sample) => (sample.lanes[lane] ?? 0) * sample.spanMs
          assertNear(area(sum), total(area))
          const logins = (sample: Sample) => (sample.times[lane] ?? []).reduce((all, [, count]) => all + count, 0)
          assert.equal(logins(sum), total(logins))
          assert.equal(sum.peaks[lane], Math.max(...samples.map(({ peaks }) => peaks[lane] ?? 0)))
        }
      }),
    )
  })

  it('weighs averages by the time that was measured', () => {
    const busy = sampleOf({ atMs: 1000, spanMs: 3000, lanes: [8, 0, 0, 0, 0, 0, 0, 1] })
    const quiet = sampleOf({ atMs: 9000, spanMs: 1000, lanes: [0, 0, 0, 0, 0, 0, 0, 5] })
    const { atMs, spanMs, lanes } = together(busy, quiet)
    assert.deepEqual({ atMs, spanMs, lanes }, { atMs: 1000, spanMs: 4000, lanes: [6, 0, 0, 0, 0, 0, 0, 2] })
  })

  it('keeps buckets in order, each once', () => {
    const [one, two] = [
      [
        [2, 5],
        [9, 1],
      ],
      [
        [0, 1],
        [2, 1],
        [22, 4],
      ],
    ].map((pairs) => sampleOf({ atMs: 0, spanMs: 1, times: [pairs as [number, number][]] }))
    assert.ok(one && two)
    assert.deepEqual(together(one, two).times[0], [
      [0, 1],
      [2, 6],
      [9, 1],
      [22, 4],
    ])
  })
})

function assertSame({ lanes: left, ...one }: Sample, { lanes: right, ...other }: Sample): void {
  assert.deepEqual(one, other)
  for (const [lane, average] of left.entries()) assertNear(average, right[lane] ?? Number.NaN)
}

function assertNear(a: number, b: number): void {
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a)), `${a} is not ${b}`)
}
