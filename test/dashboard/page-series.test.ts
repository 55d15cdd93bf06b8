import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lanes, type Sample } from '../../src/dashboard/contract.ts'
import { brief, duration } from '../../src/dashboard/page/parts/format.ts'
import { visible } from '../../src/dashboard/page/parts/visible.ts'
import {
  bucketCount,
  bucketName,
  extended,
  heatCells,
  loginSeries,
  reasonSeries,
  stacked,
  timelineOf,
} from '../../src/dashboard/page/time/series.ts'

describe('timelineOf', () => {
  it('has a gap where nothing ran, and none where nothing happened', () => {
    const timeline = timelineOf([sample(0), sample(1000), sample(5000)], 1000)
    assert.deepEqual(timeline.x, [0, 1, 2, 5])
    assert.deepEqual(loginSeries(timeline)[1]?.values, [0, 0, null, 0])
  })
})

describe('extended', () => {
  it('adds what is new, once, and forgets what is older than the time that is shown', () => {
    const samples = [sample(0), sample(1000)]
    assert.deepEqual(starts(extended(samples, sample(2000), 1000)), [1000, 2000])
    assert.deepEqual(starts(extended(samples, sample(1000), 0)), [0, 1000])
  })
})

describe('loginSeries', () => {
  it('counts per second, however long a sample is', () => {
    const [refused, admitted] = loginSeries(timelineOf([{ ...sample(0, 60_000), admitted: 120, refused: 30 }], 60_000))
    assert.deepEqual([refused?.values, admitted?.values], [[0.5], [2]])
  })
})

describe('reasonSeries', () => {
  it('names the reasons that occur most and adds up the others', () => {
    const reasons = { 'client-gone': 1, 'login-timeout': 5, 'tls-failed': 3, 'out-of-order': 1 }
    const series = reasonSeries(timelineOf([{ ...sample(0), reasons }], 1000), 2)
    assert.deepEqual(series, [
      { name: 'login-timeout', values: [5] },
      { name: 'tls-failed', values: [3] },
      { name: '2 others', values: [2] },
    ])
  })
})

describe('stacked', () => {
  it('puts each on those before it, leaves out what is hidden, and keeps gaps', () => {
    const series = [
      { name: 'a', values: [1, null] },
      { name: 'b', values: [2, null] },
      { name: 'c', values: [4, null] },
    ]
    assert.deepEqual(stacked(series, new Set(['b'])), [
      [1, null],
      [1, null],
      [5, null],
    ])
  })
})

describe('heatCells', () => {
  it('counts each login once, in the part of the time and the bucket that it belongs to', () => {
    const lane = lanes.indexOf('exchange')
    const times = lanes.map((_, index): [number, number][] => (index === lane ? [[3, 7]] : []))
    const cells = heatCells(
      [
        { ...sample(0), times },
        { ...sample(3000), times },
      ],
      lane,
      0,
      4000,
      4,
    )
    assert.deepEqual([...cells.ran], [1, 0, 0, 1])
    assert.equal(cells.most, 7)
    assert.equal(cells.counts[3], 7)
    assert.equal(cells.counts[3 * bucketCount + 3], 7)
    assert.equal(
      cells.counts.reduce((sum, count) => sum + count, 0),
      14,
    )
  })

  it('names its buckets with their bounds', () => {
    assert.deepEqual([0, 7, bucketCount - 1].map(bucketName), ['up to 0.01 ms', '1 ms to 2.5 ms', 'over 60 s'])
  })
})

describe('duration', () => {
  it('says each length in the unit that fits it', () => {
    const said = [0, 0.42, 4.2, 412, 12_340, 252_000, 11_100_000, 1_047_600_000].map(duration)
    const wanted = ['0.000 ms', '0.420 ms', '4.20 ms', '412 ms', '12.3 s', '4 min 12 s', '3 h 5 min', '12 d 3 h']
    assert.deepEqual(said, wanted)
    assert.deepEqual([59_999, 60_000, 7_200_000].map(brief), ['59 s', '1 min', '2 h'])
  })
})

describe('visible', () => {
  it('shows what would turn, hide or forge a line, and leaves letters as they are', () => {
    assert.equal(visible('a\u202egnp.exe'), 'a\\u{202e}gnp.exe')
    assert.equal(visible('\u001b[31mroot\n'), '\\u{1b}[31mroot\\u{a}')
    assert.equal(visible('a\u00a0b\u2028c\u200bd'), 'a\\u{a0}b\\u{2028}c\\u{200b}d')
    assert.equal(visible('<script> größe 名前'), '<script> größe 名前')
  })

  it('is never endless', () => {
    assert.equal(visible('x'.repeat(1000), 10), 'xxxxxxxxxx … (990 more)')
  })
})

function sample(atMs: number, spanMs = 1000): Sample {
  const none = lanes.map(() => 0)
  return { atMs, spanMs, lanes: none, peaks: none, admitted: 0, refused: 0, reasons: {}, times: lanes.map(() => []) }
}

function starts(samples: readonly Sample[]): number[] {
  return samples.map(({ atMs }) => atMs)
}
