import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { account } from './defaults.ts'
import { FailedLogins } from './failed-logins.ts'

const DAY = 86_400_000
const now = Date.UTC(2026, 0, 1)
const strict = account({ user: 'failed', failedLoginAttempts: 2, passwordLockTimeDays: 1 })
const open = { blocked: false, daysRemaining: 0, failures: 0 }

describe('FailedLogins', () => {
  test('the failure that reaches the limit is answered as blocked already', () => {
    const logins = new FailedLogins()
    assert.deepEqual(logins.onWrongPassword(strict, now), { ...open, failures: 1 })
    assert.deepEqual(logins.onWrongPassword(strict, now), { blocked: true, daysRemaining: 1, failures: 2 })
  })

  test('a blocked account stays blocked for the right password and does not count on', () => {
    const logins = blockedLogins()
    assert.deepEqual(logins.blocked(strict, now + 1), { blocked: true, daysRemaining: 1, failures: 2 })
    logins.onSuccess(strict)
    assert.equal(logins.onWrongPassword(strict, now + 2).failures, 2)
    assert.equal(logins.blocked(strict, now + 3).blocked, true)
  })

  test('a success between failures starts the count again', () => {
    const logins = new FailedLogins()
    logins.onWrongPassword(strict, now)
    logins.onSuccess(strict)
    assert.deepEqual(logins.onWrongPassword(strict, now), { ...open, failures: 1 })
  })

  test('count and block go with an account that gets another name', () => {
    const renamed = { ...strict, user: 'other' }
    const counting = new FailedLogins()
    counting.onWrongPassword(strict, now)
    counting.rename(strict, renamed)
    assert.equal(counting.onWrongPassword(renamed, now).blocked, true)
    const blocked = blockedLogins()
    blocked.rename(strict, renamed)
    assert.equal(blocked.blocked(renamed, now).blocked, true)
    assert.deepEqual(blocked.blocked(strict, now), open)
  })

  test('the account opens when its days are over, with the count at zero', () => {
    const weekly = account({ user: 'w', failedLoginAttempts: 1, passwordLockTimeDays: 7 })
    const logins = new FailedLogins()
    assert.equal(logins.onWrongPassword(weekly, now).daysRemaining, 7)
    assert.equal(logins.blocked(weekly, now + DAY).daysRemaining, 6)
    assert.equal(logins.blocked(weekly, now + 7 * DAY - 1).daysRemaining, 1)
    assert.deepEqual(logins.blocked(weekly, now + 7 * DAY), open)
    assert.equal(logins.onWrongPassword(weekly, now + 7 * DAY).blocked, true)
  })

  test('a clock that is set back does not make the lock longer', () => {
    assert.equal(blockedLogins().blocked(strict, now - 30 * DAY).daysRemaining, 1)
  })

  test('PASSWORD_LOCK_TIME UNBOUNDED ends by unlocking only', () => {
    const unbounded = account({ user: 'u', failedLoginAttempts: 1, passwordLockTimeDays: -1 })
    const logins = new FailedLogins()
    assert.deepEqual(logins.onWrongPassword(unbounded, now), { blocked: true, daysRemaining: 'unlimited', failures: 1 })
    assert.equal(logins.blocked(unbounded, now + 10_000 * DAY).blocked, true)
    logins.unlock('u', '%')
    assert.deepEqual(logins.blocked(unbounded, now), open)
  })

  test('FLUSH PRIVILEGES opens every account', () => {
    const logins = blockedLogins()
    logins.clear()
    assert.deepEqual(logins.blocked(strict, now), open)
  })

  test('nothing is counted unless both options are set', () => {
    for (const options of [{ failedLoginAttempts: 1 }, { passwordLockTimeDays: 1 }, {}]) {
      const lenient = account({ user: 'l', ...options })
      const logins = new FailedLogins()
      for (let i = 0; i < 5; i++) assert.deepEqual(logins.onWrongPassword(lenient, now), open)
    }
  })

  test('accounts of the same user with other hosts are counted apart', () => {
    const logins = blockedLogins()
    assert.deepEqual(logins.blocked({ ...strict, host: 'localhost' }, now), open)
  })

  test('what is remembered is bounded', () => {
    const logins = new FailedLogins(10)
    const last = Array.from({ length: 1000 }, (_, i) => ({ ...strict, user: `u${i}` }))
    for (const one of last) logins.onWrongPassword(one, now)
    assert.equal(last.filter((one) => logins.blocked(one, now).failures === 1).length, 10)
    assert.equal(logins.blocked(last[999]!, now).failures, 1)
  })
})

function blockedLogins(): FailedLogins {
  const logins = new FailedLogins()
  logins.onWrongPassword(strict, now)
  logins.onWrongPassword(strict, now)
  return logins
}
