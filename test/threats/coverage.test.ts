/** Every threat of the catalogue has a test whose name begins with its id, or a reason here why it has none yet. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Threats to parts that later versions bring; each entry goes when its part comes. */
const notYet: Readonly<Record<string, string>> = {}

const root = fileURLToPath(new URL('../../', import.meta.url))
const firstIds = 66

/** Of the dashboard: rebinding of a local name, forged requests, script in names, slow and hostile readers. */
const dashboardIds = ['T76', 'T77', 'T78', 'T79']

it('each of the threats T01 to T66, and those of the dashboard, has a test, or a reason for having none', () => {
  const first = Array.from({ length: firstIds }, (_, i) => `T${String(i + 1).padStart(2, '0')}`)
  const ids = [...first, ...dashboardIds]
  const tested = testedIds()
  const untested = ids.filter((id) => !tested.has(id) && notYet[id] === undefined)
  assert.deepEqual(untested, [], 'without a test and without a reason')
  const stale = Object.keys(notYet).filter((id) => tested.has(id))
  assert.deepEqual(stale, [], 'with a test and still with an excuse')
})

/** Ids at the beginning of names: `it('T01 ...`, `describe('T01: ...`, names in tables; a name may begin with several. */
function testedIds(): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const folder of ['src', 'test']) {
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.test.ts')) continue
      const text = readFileSync(join(root, folder, path), 'utf8')
      for (const [names] of text.matchAll(/(?<=['`"])(?:T\d\d[ :]+)+/g)) {
        for (const [id] of names.matchAll(/T\d\d/g)) ids.add(id)
      }
    }
  }
  return ids
}
