/** A sample of what `npm run test:peers` does with 100,000 logins. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { agree } from './agreement-run.ts'

it('counts 3,000 logins of all kinds exactly: in metrics, log, history, SHOW GLOBAL STATUS and the dashboard', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  const { logins, kinds } = await agree(3000, seed, 60_000)
  assert.ok(logins >= 3000 && kinds >= 30)
  t.diagnostic(`${logins} logins of ${kinds} kinds, seed ${seed}`)
})
