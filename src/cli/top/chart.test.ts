import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sampleOf } from '../../../test/support/samples.ts'
import { averageIn, bar, perSecond, slowest, sparkline, stack, stretches } from './chart.ts'
import { textOf } from './line.ts'

const second = (atMs: number, lanes: readonly number[] = []) => sampleOf({ atMs, spanMs: 1000, lanes })

describe('bar', () => {
  it('fills its cells at the most, shows a half as a half, and anything at all as something', () => {
    assert.equal(bar(10, 10, 4), '████')
    assert.equal(bar(5, 10, 3), '█▌')
    assert.equal(bar(1, 5000, 4), '▏')
    assert.equal(bar(0, 10, 4), '')
    assert.equal(bar(20, 10, 4), '████')
  })
})

describe('sparkline', () => {
  it('is as high as its highest value, flat for none, and blank where nothing is known', () => {
    assert.equal(sparkline([undefined, 0, 1, 4, 8]), ' ▁▂▅█')
    assert.equal(sparkline([0, 0]), '▁▁')
  })
})

describe('stretches', () => {
  it('puts samples where they belong in time, and leaves gaps open', () => {
    const found = stretches([second(1000), second(1500), second(6000)], 3, 2000, 6500)
    assert.deepEqual(
      found.map((samples) => samples?.length),
      [undefined, undefined, 1],
    )
    assert.deepEqual(
      stretches([second(1000), second(1500), second(6000)], 4, 2000, 6500).map((samples) => samples?.length),
      [2, undefined, undefined, 1],
    )
  })
})

describe('the numbers of samples', () => {
  it('weigh by how long each was', () => {
    const samples = [
      sampleOf({ atMs: 0, spanMs: 3000, lanes: [4], admitted: 9 }),
      sampleOf({ atMs: 3000, spanMs: 1000, lanes: [0], admitted: 3 }),
    ]
    assert.equal(averageIn(0, samples), 3)
    assert.equal(perSecond('admitted', samples), 3)
    assert.equal(perSecond('refused', []), 0)
  })

  it('say the bound that so many logins were not slower than', () => {
    const times = [
      [
        [0, 50],
        [7, 45],
        [21, 5],
      ],
    ] as const
    const samples = [sampleOf({ atMs: 0, spanMs: 1000, times })]
    assert.equal(slowest(0.5, 0, samples), '≤0.01ms')
    assert.equal(slowest(0.95, 0, samples), '≤2.5ms')
    assert.equal(slowest(0.96, 0, samples), '>60s')
    assert.equal(slowest(0.5, 3, samples), '-')
  })
})

describe('stack', () => {
  it('stacks the lanes in their order, to the height of the fullest moment', () => {
    const columns = [[second(0, [1, 0, 1])], undefined, [second(2000, [2, 0, 2])]]
    assert.deepEqual(stack(columns, 4).map(textOf), ['  G', '  G', 'G A', 'A A'])
  })

  it('is empty when nobody was outside', () => {
    assert.deepEqual(stack([[second(0)]], 2).map(textOf), [' ', ' '])
  })
})
