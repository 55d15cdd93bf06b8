import assert from 'node:assert/strict'
import { it } from 'node:test'
import { accountKey } from './account-key.ts'
import { MemoryAccounts } from './memory-accounts.ts'
import { sharedPasswords } from './shared-passwords.ts'

it('T66: reports accounts whose unsalted credentials are the same, and no others', () => {
  const native = 'mysql_native_password'
  const accounts = new MemoryAccounts([
    { user: 'ann', password: 'same', plugin: native },
    { user: 'bob', host: '10.%', password: 'same', plugin: native },
    { user: 'carl', password: 'other', plugin: native },
    { user: 'none', password: '', plugin: native },
    { user: 'none2', password: '', plugin: native },
    { user: 'salted', password: 'same' },
    { user: 'salted2', password: 'same' },
    { user: 'ed', password: 'same', plugin: 'ed25519' },
  ])
  const shared = sharedPasswords(accounts.list())
  const names = [...shared].map(([key, others]) => [key, others.map(({ user, host }) => accountKey(user, host))])
  assert.deepEqual(names.toSorted(), [
    [accountKey('ann', '%'), [accountKey('bob', '10.%')]],
    [accountKey('bob', '10.%'), [accountKey('ann', '%')]],
  ])
})
