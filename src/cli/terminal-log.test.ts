import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forPeople } from './terminal-log.ts'

const time = Date.UTC(2026, 0, 2, 3, 4, 5)
const clock = new Date(time).toTimeString().slice(0, 8)

describe('the log at a terminal', () => {
  const refused = { connection: 12, host: '10.0.0.7', phase: 'verdict', reason: 'scramble-mismatch', error: 1045 }
  for (const [facts, line] of [
    [
      { level: 30, msg: 'refused', user: 'root', ...refused },
      'refused #12 root@10.0.0.7 in verdict: scramble-mismatch (1045)',
    ],
    [{ level: 30, msg: 'backend up', backend: 'db-1', role: 'primary' }, 'backend up db-1'],
    [
      { level: 40, msg: 'backend down', backend: 'db-1', reason: 'no answer' },
      'warning: backend down db-1 - no answer',
    ],
    [
      { level: 50, msg: 'a hook failed', connection: 7, hook: 'readAuth', err: { message: 'no\nluck' } },
      'error: a hook failed #7 readAuth - no\\u{a}luck',
    ],
  ] as const) {
    it(`shows as '${line}'`, () => {
      assert.equal(forPeople(JSON.stringify({ time, ...facts })), `${clock} ${line}\n`)
    })
  }
})
