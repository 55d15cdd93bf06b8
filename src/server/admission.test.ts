import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type TestDoor, withDoor } from '../../test/support/door.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import type { AccountInput } from '../accounts/memory-accounts.ts'
import { mysqlNativePassword } from '../auth/mysql-native-password.ts'

/** What mysqld 9.7 answers to the same logins is measured by test/peers/logins.ts. */
describe('admit', () => {
  it('counts an empty password as a wrong one', () =>
    withDoor({ accounts: [tracked] }, async (server) => {
      assert.deepEqual(await codes(server, ['', '', 'pw']), [1045, 3955, 3955])
    }))

  it('ends the count at a right password, even when something else keeps the login out', () =>
    withDoor({ accounts: [{ ...tracked, locked: true }] }, async (server) => {
      assert.deepEqual(await codes(server, ['no', 'pw', 'no', 'pw', 'no', 'no']), [1045, 3118, 1045, 3118, 1045, 3955])
    }))

  it('asks for block, offline mode, REQUIRE, lock, transport and expiry in this order', async () => {
    const offline = { offline_mode: true, require_secure_transport: true }
    const cases: readonly [settings: Record<string, boolean>, more: Partial<AccountInput>, code: number][] = [
      [offline, { require: { kind: 'any' }, locked: true }, 3032],
      [{ require_secure_transport: true }, { require: { kind: 'any' }, locked: true }, 1045],
      [{ require_secure_transport: true }, { locked: true, passwordExpired: true }, 3118],
      [{ require_secure_transport: true }, { passwordExpired: true }, 3159],
      [{}, { passwordExpired: true }, 1862],
    ]
    for (const [settings, more, code] of cases) {
      await withDoor({ accounts: [{ ...tracked, ...more }], settings }, async (server) => {
        assert.deepEqual(await codes(server, ['pw']), [code])
      })
    }
    await withDoor({ accounts: [tracked], settings: offline }, async (server) => {
      assert.deepEqual(await codes(server, ['no', 'no', 'pw']), [1045, 3955, 3955])
    })
  })
})

const tracked: AccountInput = {
  user: 'u',
  host: '%',
  plugin: 'mysql_native_password',
  authString: mysqlNativePassword.store(Buffer.from('pw'), new Uint8Array(20), 0),
  failedLoginAttempts: 2,
  passwordLockTimeDays: 1,
}

/** The number of the error that each of these passwords ends with, one login after the other; 0: let in. */
async function codes({ port }: TestDoor, passwords: readonly string[]): Promise<number[]> {
  const result: number[] = []
  for (const password of passwords) {
    const client = await RawClient.connect({ port })
    const { last } = await client.login({ user: 'u', password })
    result.push(last.payload[0] === 0xff ? last.payload.readUInt16LE(1) : 0)
    client.destroy()
  }
  return result
}
