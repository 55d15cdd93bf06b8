import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FairQueue } from './fair-queue.ts'

function drained(queue: FairQueue<string>): string[] {
  const items: string[] = []
  for (let item = queue.next(); item !== undefined; item = queue.next()) items.push(item)
  return items
}

describe('FairQueue', () => {
  test('serves the sources in turn, and each in its own order', () => {
    const queue = new FairQueue<string>(10)
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item.charAt(0), item)
    assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  })

  test('a source that comes back waits its turn', () => {
    const queue = new FairQueue<string>(10)
    for (const item of ['a1', 'b1', 'c1']) queue.push(item.charAt(0), item)
    assert.equal(queue.next(), 'a1')
    queue.push('a', 'a2')
    assert.deepEqual(drained(queue), ['b1', 'c1', 'a2'])
  })

  test('makes room for a newcomer with the newest item of the greediest source', () => {
    const queue = new FairQueue<string>(4)
    for (const item of ['a1', 'a2', 'a3', 'b1']) assert.equal(queue.push(item.charAt(0), item), undefined)
    assert.equal(queue.push('c', 'c1'), 'a3')
    assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'a2'])
  })

  test('refuses the item itself when nobody has more', () => {
    const queue = new FairQueue<string>(4)
    for (const item of ['a1', 'a2', 'b1', 'b2']) queue.push(item.charAt(0), item)
    assert.equal(queue.push('a', 'a3'), 'a3')
    assert.equal(queue.push('b', 'b3'), 'b3')
    assert.equal(queue.push('c', 'c1'), 'a2')
    assert.equal(queue.push('c', 'c2'), 'c2')
    assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'b2'])
  })

  test('never holds more than its bound, and loses nothing without returning it', () => {
    const operation = fc.oneof(fc.constant('next'), fc.constantFrom('a', 'b', 'c', 'd'))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.array(operation), (bound, operations) => {
        const queue = new FairQueue<string>(bound)
        const inside = new Set<string>()
        for (const [index, each] of operations.entries()) {
          const item = each === 'next' ? undefined : `${each}${index}`
          if (item !== undefined) inside.add(item)
          const left = item === undefined ? queue.next() : queue.push(each, item)
          if (left !== undefined) assert.ok(inside.delete(left))
          assert.equal(queue.size, inside.size)
          assert.ok(queue.size <= bound)
        }
        assert.deepEqual(new Set(drained(queue)), inside)
      }),
    )
  })
})
