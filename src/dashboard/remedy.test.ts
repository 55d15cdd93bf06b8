import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { denyReasons } from '../errors/deny-reasons.ts'
import { remedyOf } from './remedy.ts'

describe('remedyOf', () => {
  const right = { nonce: 'right', password: 'right', algorithm: 'right' }
  for (const [what, near, remedy] of [
    ['21 bytes of nonce', { ...right, nonce: '21-bytes' }, /^Upgrade PyMySQL to 1\.1\.2/],
    ['a newline', { ...right, password: 'trailing-newline' }, /trim what is read/],
    ['the user name as password', { ...right, password: 'user-name' }, /which setting feeds which/],
    ['percent-encoding', { ...right, password: 'percent-encoded' }, /decode|encod/],
  ] as const) {
    it(`is the doctor's where the proof was explained by ${what}`, () => {
      const said = remedyOf('secret-mismatch', near)
      assert.match(said, remedy)
      assert.notEqual(said, denyReasons['secret-mismatch'].remedy)
    })
  }

  it('is that of the reason where nothing was found out, or nothing that the doctor has words for', () => {
    for (const near of [undefined, right]) {
      assert.equal(remedyOf('account-locked', near), denyReasons['account-locked'].remedy)
    }
  })
})
