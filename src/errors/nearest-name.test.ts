import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { didYouMean, nearestName } from './nearest-name.ts'

describe('nearestName', () => {
  const known = ['listen', 'data', 'settings', 'databases', 'tls']

  it('finds the name with the fewest changes', () => {
    for (const [typo, meant] of [
      ['lisen', 'listen'],
      ['database', 'databases'],
      ['Setings', 'settings'],
      ['tsl', undefined],
      ['tl', 'tls'],
    ] as const) {
      assert.equal(nearestName(typo, known), meant, typo)
    }
  })

  it('suggests nothing for a name that is far from all', () => {
    for (const name of ['', 'x', 'frobnicate', 'x'.repeat(10_000)]) assert.equal(nearestName(name, known), undefined)
    assert.equal(didYouMean('frobnicate', known), '')
  })
})
