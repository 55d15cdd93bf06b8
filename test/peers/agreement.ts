/** What `npm test` does with some thousand logins, with a hundred thousand: no peer but the npm drivers, and more than a minute. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agree } from '../dashboard/agreement-run.ts'

/** Declares the test. */
export function testAgreement(): void {
  test('counts 100,000 logins exactly: in metrics, log, history, SHOW GLOBAL STATUS and the dashboard', async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const { logins, kinds } = await agree(100_000, seed, 600_000)
    assert.ok(logins >= 100_000 && kinds >= 30)
    t.diagnostic(`${logins} logins of ${kinds} kinds, seed ${seed}`)
  })
}
