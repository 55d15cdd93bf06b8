import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resultEncoding } from './result-encoding.ts'

describe('resultEncoding', () => {
  const samples = [
    { charset: 'latin1', collationId: 8, text: 'Grüße €', bytes: '4772fcdf652080' },
    { charset: 'latin2', collationId: 9, text: 'řž', bytes: 'f8be' },
    { charset: 'cp1251', collationId: 51, text: 'Привет', bytes: 'cff0e8e2e5f2' },
    { charset: 'koi8r', collationId: 7, text: 'Привет', bytes: 'f0d2c9d7c5d4' },
    { charset: 'greek', collationId: 25, text: 'Ωα', bytes: 'd9e1' },
  ]
  for (const { charset, collationId, text, bytes } of samples) {
    it(`writes ${text} in ${charset}`, () => {
      const encoding = resultEncoding(charset)
      assert.equal(encoding?.collationId, collationId)
      assert.equal(Buffer.from(encoding?.encode(text) ?? []).toString('hex'), bytes)
    })
  }

  it('writes one question mark for a character that the set does not have', () => {
    assert.equal(Buffer.from(resultEncoding('latin1')?.encode('a🎉я') ?? []).toString(), 'a??')
  })

  it('leaves UTF-8, sets of several bytes, and no conversion alone', () => {
    for (const charset of ['utf8mb4', 'utf8mb3', 'gbk', 'binary', null])
      assert.equal(resultEncoding(charset), undefined)
  })
})
