import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AccountUse, usesTogether } from './account-use.ts'
import type { EndedHandshake } from './registry.ts'

function login(account: string, endedAtMs: number, outcome: EndedHandshake['outcome'] = 'admitted'): EndedHandshake {
  return { account, endedAtMs, outcome } as EndedHandshake
}

describe('AccountUse', () => {
  it('counts logins and failures of each account, and remembers the latest of both', () => {
    const use = new AccountUse()
    use.add(login('a', 1))
    use.add(login('a', 2, 'refused'))
    use.add(login('a', 3))
    use.add(login('b', 4, 'refused'))
    use.add({ ...login('', 5), account: undefined })
    assert.deepEqual(use.seen(), [
      ['a', { logins: 2, failures: 1, lastLoginMs: 3, lastFailureMs: 2 }],
      ['b', { logins: 0, failures: 1, lastLoginMs: undefined, lastFailureMs: 4 }],
    ])
  })

  it('forgets the account that was quiet for longest', () => {
    const use = new AccountUse(2)
    for (const [i, name] of ['a', 'b', 'a', 'c'].entries()) use.add(login(name, i))
    assert.deepEqual(
      use.seen().map(([name]) => name),
      ['a', 'c'],
    )
  })

  it('is one over several processes', () => {
    const [one, other] = [new AccountUse(), new AccountUse()]
    one.add(login('a', 1))
    other.add(login('a', 2))
    other.add(login('a', 3, 'refused'))
    assert.deepEqual(usesTogether([one.seen(), other.seen()]), [
      ['a', { logins: 2, failures: 1, lastLoginMs: 2, lastFailureMs: 3 }],
    ])
  })
})
