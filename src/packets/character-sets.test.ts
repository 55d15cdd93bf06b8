import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { charsetOfCollation } from './character-sets.ts'

/** COLLATION_NAME -> id, as a client has them. */
const known: Readonly<Record<string, number>> = createRequire(import.meta.url)('mysql2').Charsets

describe('charsetOfCollation', () => {
  it('names the character set of every collation that mysql2 knows', () => {
    const collations = Object.entries(known).filter(([name]) => /_(ci|cs|bin)$/i.test(name) || name === 'BINARY')
    assert.ok(collations.length > 200)
    for (const [name, id] of collations) {
      // Gone from MySQL since 5.5.
      if (name === 'UTF8_GENERAL50_CI') continue
      const charset = name.toLowerCase().split('_')[0]
      assert.equal(charsetOfCollation(id), charset === 'utf8' ? 'utf8mb3' : charset, name)
    }
  })

  it('knows nothing of ids that MySQL has not given', () => {
    for (const id of [0, 17, 100, 125, 152, 184, 216, 251, 254, 324]) assert.equal(charsetOfCollation(id), undefined)
  })
})
