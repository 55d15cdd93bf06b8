import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plugins } from '../auth/plugins.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { MemoryAccounts } from './memory-accounts.ts'

const lan = { address: '10.1.2.3', name: undefined }

describe('MemoryAccounts', () => {
  test('a user name and a password are enough', () => {
    const accounts = new MemoryAccounts([{ user: 'app', password: 'secret' }])
    const found = accounts.find('app', lan)
    assert.equal(found?.host, '%')
    assert.equal(found?.plugin, 'caching_sha2_password')
    assert.match(found?.authString ?? '', /^\$A\$005\$/)
    assert.equal(plugins.get('caching_sha2_password')?.understands(found?.authString ?? ''), true)
    assert.ok(Math.abs((found?.passwordChangedMs ?? 0) - Date.now()) < 60_000)
  })

  test('the same password is stored differently each time', () => {
    const accounts = new MemoryAccounts(['a', 'b'].map((user) => ({ user, password: 'secret' })))
    assert.notEqual(accounts.read('a', '%')?.authString, accounts.read('b', '%')?.authString)
  })

  test('the plugin stores the password in its own format; no password is the empty string', () => {
    const accounts = new MemoryAccounts([
      { user: 'native', plugin: 'mysql_native_password', password: 'password' },
      { user: 'empty', password: '' },
      { user: 'none' },
    ])
    assert.equal(accounts.read('native', '%')?.authString, '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19')
    assert.equal(accounts.read('empty', '%')?.authString, '')
    assert.equal(accounts.read('none', '%')?.authString, '')
  })

  test('input that cannot work is refused by a message that names the account and not the password', () => {
    const bad: readonly [ConstructorParameters<typeof MemoryAccounts>[0], RegExp][] = [
      [[{ user: 'u' }, { user: 'u', host: '%' }], /'u'@'%' is given twice/],
      [[{ user: 'u', plugin: 'nonsense' }], /'u'@'%' has the unknown plugin 'nonsense'/],
      [[{ user: 'u', password: 'hidden', authString: '' }], /'u'@'%' has both/],
      [
        [{ user: 'u', authString: 'hidden' }],
        /authString of 'u'@'%' is not one that caching_sha2_password understands/,
      ],
      [[{ user: 'u'.repeat(33) }], /longer than 32 characters/],
      [[{ user: 'u', host: 'h'.repeat(256) }], /longer than 255 characters/],
    ]
    for (const [inputs, message] of bad) {
      assert.throws(
        () => new MemoryAccounts(inputs),
        (error: Error) =>
          error instanceof ConfigurationError && message.test(error.message) && !error.message.includes('hidden'),
      )
    }
  })

  test('a transaction that throws keeps nothing', () => {
    const accounts = new MemoryAccounts([{ user: 'u' }])
    const before = accounts.list()
    const failed = new Error('no')
    assert.throws(
      () =>
        accounts.transact((edit) => {
          edit.delete('u', '%')
          assert.deepEqual(edit.list(), [])
          throw failed
        }),
      failed,
    )
    assert.deepEqual(accounts.list(), before)
  })

  test('a login keeps the account that it found while the store changes', () => {
    const accounts = new MemoryAccounts([{ user: 'u', comment: 'old' }])
    const found = accounts.find('u', lan)!
    accounts.transact((edit) => edit.put({ ...found, comment: 'new' }))
    assert.equal(found.comment, 'old')
    assert.equal(accounts.find('u', lan)?.comment, 'new')
  })

  test('only a changed credential gets a new version, and a version is never used twice', () => {
    const accounts = new MemoryAccounts([{ user: 'u', plugin: 'mysql_native_password', password: 'a' }])
    const first = accounts.read('u', '%')!
    const version = () => accounts.read('u', '%')!.credentialVersion
    accounts.transact((edit) => edit.put({ ...first, locked: true, credentialVersion: 99 }))
    assert.equal(version(), first.credentialVersion)
    const seen = new Set([version()])
    for (const change of [
      { authString: '' },
      { plugin: 'caching_sha2_password' },
      { retainedAuthString: first.authString },
    ]) {
      accounts.transact((edit) => edit.put({ ...first, ...change }))
      assert.ok(!seen.has(version()), JSON.stringify(change))
      seen.add(version())
    }
    accounts.transact((edit) => edit.delete('u', '%'))
    accounts.transact((edit) => edit.put(first))
    assert.ok(!seen.has(version()), 'dropped and made again')
  })
})
