/** Samples of the dashboard's history for tests: any, or one of which only a few numbers matter. */
import * as fc from 'fast-check'
import { lanes, type Sample, timeBounds } from '../../src/dashboard/contract.ts'

/** Nothing happened in it but what is given. */
export function sampleOf(given: Partial<Sample> & Pick<Sample, 'atMs' | 'spanMs'>): Sample {
  return {
    lanes: lanes.map(() => 0),
    peaks: lanes.map(() => 0),
    admitted: 0,
    refused: 0,
    reasons: {},
    times: lanes.slice(1).map(() => []),
    ...given,
  }
}

const count = fc.nat({ max: 1_000_000 })

const buckets = fc
  .uniqueArray(fc.tuple(fc.nat({ max: timeBounds.length }), fc.integer({ min: 1, max: 1_000_000 })), {
    selector: ([bucket]) => bucket,
    maxLength: 6,
  })
  .map((pairs) => pairs.sort(([a], [b]) => a - b))

export const anySample: fc.Arbitrary<Sample> = fc.record({
  atMs: fc.nat({ max: 2_000_000_000_000 }),
  spanMs: fc.oneof(fc.constant(0), fc.nat({ max: 3_600_000 })),
  lanes: fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { minLength: lanes.length, maxLength: lanes.length }),
  peaks: fc.array(count, { minLength: lanes.length, maxLength: lanes.length }),
  admitted: count,
  refused: count,
  reasons: fc.dictionary(fc.constantFrom('secret-mismatch', 'unknown-account', 'client-gone'), count),
  times: fc.array(buckets, { minLength: lanes.length - 1, maxLength: lanes.length - 1 }),
})
