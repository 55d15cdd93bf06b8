import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linesOf, metricsOf } from '../../../test/dashboard/scrapes.ts'
import { withDoor } from '../../../test/support/door.ts'
import { plugins } from '../../auth/plugins.ts'
import { durationBuckets } from '../../registry/duration-buckets.ts'
import { doorPhases } from '../../registry/story.ts'
import type { TallySnapshot } from '../../registry/tally.ts'
import { expose } from './exposition.ts'
import type { Family, Seen } from './family.ts'

const nothing = {} as Seen

function gauge(read: Family['read']): Family {
  return { name: 'some_gauge', type: 'gauge', labels: ['label'], help: 'Help', read }
}

describe('expose', () => {
  it('leaves out what has no values', async () => {
    assert.equal(await expose([gauge(() => [])], nothing, false), '\n')
    assert.equal(await expose([gauge(() => [])], nothing, true), '# EOF\n')
  })

  it('escapes what labels are made of', async () => {
    const text = await expose([gauge(() => [{ labels: { label: 'a "b"\n\\' }, value: 1 }])], nothing, false)
    assert.match(text, /^some_gauge\{label="a \\"b\\"\\n\\\\"\} 1$/m)
  })

  it('heads a metric once, however many pieces it is written in', async () => {
    const samples = Array.from({ length: 1700 }, (_, i) => ({ labels: { label: i }, value: i }))
    const text = await expose([gauge(() => samples)], nothing, true)
    assert.deepEqual(
      linesOf(text).map(({ labels, value }) => [labels.get('label'), value]),
      samples.map(({ value }) => [String(value), value]),
    )
    assert.equal(text.match(/^# TYPE/gm)?.length, 1)
    assert.equal(text.match(/^# HELP/gm)?.length, 1)
  })

  it('lets others have their turn all the while, with every series that there can be', () =>
    withDoor({ accounts: [] }, async ({ door }) => {
      const full = everySeries(door.registry.tally.snapshot(performance.now()))
      const administered = Object.create(door, {
        registry: { value: Object.create(door.registry, { tally: { value: { snapshot: () => full } } }) },
      })
      const metrics = metricsOf({ administered })
      let turns = 0
      let counting = true
      const count = () => {
        turns++
        if (counting) setImmediate(count)
      }
      setImmediate(count)
      const lines = linesOf(await metrics.render())
      counting = false
      const series = full.times.length
      assert.ok(lines.length > series * durationBuckets)
      assert.ok(turns > lines.length / 1000, `${turns} turns for ${lines.length} lines`)
    }))
})

/** Each plugin on each channel in each phase, and each end. */
function everySeries(none: TallySnapshot): TallySnapshot {
  const counted = { count: durationBuckets, sumMs: 1, buckets: new Array<number>(durationBuckets).fill(1) }
  const cells = [...plugins.keys(), 'none', 'other'].flatMap((plugin) =>
    (['plaintext', 'tls', 'unix-socket'] as const).map((channel) => ({ plugin, channel, ...counted })),
  )
  return {
    ...none,
    logins: cells.flatMap((cell) =>
      [true, false].flatMap((again) =>
        (['admitted', 'refused'] as const).map((outcome) => ({ ...cell, again, outcome })),
      ),
    ),
    times: cells.flatMap((cell) => doorPhases.map((phase) => ({ ...cell, phase }))),
  }
}
