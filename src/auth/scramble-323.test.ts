import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8 } from '../../test/support/pair.ts'
import { scramble323 } from './scramble-323.ts'

describe('scramble323', () => {
  it('is that of the clients of MySQL 3.23', () => {
    const old = (text: string) =>
      Buffer.from(scramble323(utf8(text), Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2))).toString('hex')
    assert.equal(old(' pass '), '47575c5a435b4251')
    assert.equal(old('123\t456'), '575c47505b5b5559')
    assert.equal(old('C0mpl!ca ted#PASS123'), '5d5d554849584a45')
  })
})
