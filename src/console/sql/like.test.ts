import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isLike } from './like.ts'

it('matches as MySQL does', () => {
  for (const [text, pattern, expected] of [
    ['threads_connected', 'Threads\\_%', true],
    ['threadsXconnected', 'Threads\\_%', false],
    ['abc', 'a_c', true],
    ['abc', 'a%', true],
    ['abc', '%c', true],
    ['abc', '%b%', true],
    ['abc', 'b', false],
    ['', '%', true],
    ['', '_', false],
    ['100%', '100\\%', true],
    ['a\u{1f600}c', 'a_c', true],
    ['aXbXc', '%X_', true],
    ['mississippi', 'm%iss%ippi', true],
  ] as const) {
    assert.equal(isLike(text, pattern), expected, `${text} LIKE ${pattern}`)
  }
})

it('takes another escape character', () => {
  assert.equal(isLike('a_b', 'a|_b', '|'), true)
  assert.equal(isLike('axb', 'a|_b', '|'), false)
})

it('takes time in proportion to text and pattern, also for patterns made to be slow', () => {
  const started = performance.now()
  assert.equal(isLike('a'.repeat(20_000), `${'%a'.repeat(50)}%b`), false)
  assert.ok(performance.now() - started < 5000)
})
