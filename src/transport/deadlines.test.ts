import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { ConfigurationError } from '../errors/errors.ts'
import { type DeadlineEntry, DeadlineList } from './deadlines.ts'

describe('DeadlineList', () => {
  let nowMs = 0
  let expired: Visitor[] = []
  const listOf = (durationMs: number) =>
    new DeadlineList<Visitor>({ durationMs, onExpired: (entry) => expired.push(entry), now: () => nowMs })
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 1) {
      nowMs += 1
      mock.timers.tick(1)
    }
  }

  describe('on a clock that the test turns', () => {
    beforeEach(() => {
      nowMs = 1000
      expired = []
      mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
    })
    afterEach(() => mock.timers.reset())

    it('expires an entry at its deadline, not before, and once', () => {
      const list = listOf(100)
      const entry = new Visitor()
      list.add(entry)
      pass(99)
      assert.deepEqual(expired, [])
      pass(1)
      assert.deepEqual(expired, [entry])
      assert.equal(list.size, 0)
      pass(500)
      assert.equal(expired.length, 1)
    })

    it('does not expire what was removed', () => {
      const list = listOf(100)
      const [gone, stays] = [new Visitor(), new Visitor()]
      list.add(gone)
      pass(50)
      list.add(stays)
      list.remove(gone)
      list.remove(gone)
      assert.equal(list.size, 1)
      pass(99)
      assert.deepEqual(expired, [])
      pass(1)
      assert.deepEqual(expired, [stays])
    })

    it('starts anew when an entry is added again', () => {
      const list = listOf(100)
      const entry = new Visitor()
      list.add(entry)
      pass(60)
      list.add(entry)
      assert.equal(list.size, 1)
      pass(99)
      assert.deepEqual(expired, [])
      pass(1)
      assert.deepEqual(expired, [entry])
    })

    it('takes over an entry of another list', () => {
      const login = listOf(100)
      const idle = listOf(500)
      const entry = new Visitor()
      login.add(entry)
      idle.add(entry)
      login.remove(entry)
      assert.deepEqual([login.size, idle.size], [0, 1])
      pass(499)
      assert.deepEqual(expired, [])
      pass(1)
      assert.deepEqual(expired, [entry])
    })

    it('keeps old deadlines and the order when the duration shrinks and grows', () => {
      const list = listOf(1000)
      const visitors = Array.from({ length: 9 }, () => new Visitor())
      const [a, b, c, d, e, f, g, h, i] = visitors as [Visitor, ...Visitor[]] & Visitor[]
      for (const entry of [a, b, c]) list.add(entry!)
      list.durationMs = 100
      for (const entry of [d, e, f]) list.add(entry!)
      list.durationMs = 300
      for (const entry of [g, h, i]) list.add(entry!)
      list.remove(i!)
      pass(100)
      assert.deepEqual(expired, [d, e, f])
      pass(200)
      assert.deepEqual(expired, [d, e, f, g, h])
      pass(699)
      assert.equal(expired.length, 5)
      pass(1)
      assert.deepEqual(expired, [d, e, f, g, h, a, b, c])
    })

    it('lets a deadline beyond the range of setTimeout wait its time', () => {
      const list = listOf(31_536_000_000)
      list.add(new Visitor())
      nowMs += 0x7fffffff
      mock.timers.tick(0x7fffffff)
      assert.equal(expired.length, 0)
      nowMs += 31_536_000_000
      mock.timers.tick(0x7fffffff)
      assert.equal(expired.length, 1)
    })

    it('refuses a duration that would never or always expire by mistake', () => {
      const list = listOf(100)
      for (const wrong of [0, -1, Number.NaN]) {
        assert.throws(() => {
          list.durationMs = wrong
        }, ConfigurationError)
      }
      assert.equal(list.durationMs, 100)
    })

    it('stays in order when the handler adds, removes or throws', () => {
      const [again, thrower, victim, last] = [new Visitor(), new Visitor(), new Visitor(), new Visitor()]
      const list: DeadlineList<Visitor> = new DeadlineList<Visitor>({
        durationMs: 50,
        now: () => nowMs,
        onExpired: (entry) => {
          expired.push(entry)
          if (entry === again && expired.length === 1) list.add(again)
          if (entry === thrower) {
            list.remove(victim)
            throw new Error('the handler is broken')
          }
        },
      })
      for (const entry of [again, thrower, victim, last]) list.add(entry)
      assert.throws(() => pass(50), /broken/)
      pass(100)
      assert.deepEqual(expired, [again, thrower, last, again])
      assert.equal(list.size, 0)
    })

    it('forgets everything on close', () => {
      const list = listOf(100)
      const entry = new Visitor()
      list.add(entry)
      list.add(new Visitor())
      list.close()
      pass(500)
      assert.deepEqual([list.size, expired.length, entry.deadlineList], [0, 0, undefined])
    })

    it('equals a sorted list for any sequence of calls', () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('add' as const), entry: fc.nat(19) }),
        fc.record({ do: fc.constant('remove' as const), entry: fc.nat(19) }),
        fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 60 }) }),
        fc.record({ do: fc.constant('duration' as const), ms: fc.integer({ min: 1, max: 100 }) }),
      )
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
          const model = new Map<Visitor, number>()
          const list = new DeadlineList<Visitor>({
            durationMs: 40,
            now: () => nowMs,
            onExpired: (entry) => {
              const lateMs = nowMs - (model.get(entry) ?? Number.NaN)
              assert.ok(lateMs >= 0 && lateMs <= 10, `expired ${lateMs} ms after the deadline`)
              model.delete(entry)
            },
          })
          const entries = Array.from({ length: 20 }, () => new Visitor())
          for (const step of steps) {
            if (step.do === 'add') {
              list.add(entries[step.entry]!)
              model.set(entries[step.entry]!, nowMs + list.durationMs)
            } else if (step.do === 'remove') {
              list.remove(entries[step.entry]!)
              model.delete(entries[step.entry]!)
            } else if (step.do === 'duration') list.durationMs = step.ms
            else pass(step.ms)
            assert.equal(list.size, model.size)
          }
          pass(110)
          assert.deepEqual([...model.values()], [])
        }),
        { numRuns: 200 },
      )
    })
  })

  describe('on the real clock', () => {
    it('fires within 50 ms after the deadline and never before', async () => {
      const startMs = performance.now()
      const elapsedMs = await new Promise<number>((resolve) => {
        const list = new DeadlineList<Visitor>({
          durationMs: 40,
          onExpired: () => resolve(performance.now() - startMs),
        })
        list.add(new Visitor())
        // The timer does not keep the process alive; the test must.
        void wait(90)
      })
      assert.ok(elapsedMs >= 40 && elapsedMs < 90, `fired after ${elapsedMs} ms`)
    })

    it('lets other work run between the slices of 10,000 entries that expire at once', async () => {
      let count = 0
      const list = new DeadlineList<Visitor>({
        durationMs: 1,
        onExpired: () => {
          count += 1
          for (const untilMs = performance.now() + 0.005; performance.now() < untilMs; );
        },
      })
      for (let added = 0; added < 10_000; added += 1) list.add(new Visitor())
      let turnsBetween = 0
      while (count < 10_000) {
        await nextTurn()
        if (count > 0 && count < 10_000) turnsBetween += 1
      }
      assert.ok(turnsBetween >= 5, `${turnsBetween} turns of the loop in at least 50 ms of work`)
    })
  })
})

class Visitor implements DeadlineEntry {
  deadlineMs = Number.POSITIVE_INFINITY
  deadlineList: DeadlineEntry['deadlineList'] = undefined
  deadlineBefore: DeadlineEntry | undefined = undefined
  deadlineAfter: DeadlineEntry | undefined = undefined
}
