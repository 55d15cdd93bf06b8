/** An account source that judges passwords by itself is asked on each way that a password can come, and nobody else is. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { connect } from '../../src/client/connect.ts'
import type { TlsMode } from '../../src/client/options.ts'
import { createServer } from '../../src/index.ts'
import type { FrontDoor } from '../../src/server/front-door.ts'

describe('an account source with checkPassword', () => {
  const asked: string[] = []
  let door: FrontDoor
  let port: number

  before(async () => {
    const accounts = new MemoryAccounts([
      { user: 'sha2', host: '%', plugin: 'caching_sha2_password', password: 'stored' },
      { user: 'sha256', host: '%', plugin: 'sha256_password', password: 'stored' },
    ])
    door = await createServer({
      accounts: {
        find: (user, peer) => accounts.find(user, peer),
        checkPassword(_account, password) {
          asked.push(Buffer.from(password).toString())
          return asked.at(-1) === 'theirs'
        },
      },
    })
    const [first] = door.listening
    assert.ok(first !== undefined && 'port' in first)
    port = first.port
  })
  after(() => door.close())

  const ways: readonly (readonly [string, TlsMode])[] = [
    ['in clear, over TLS', 'REQUIRED'],
    ['sealed by RSA, without TLS', 'DISABLED'],
  ]
  for (const [way, mode] of ways) {
    for (const user of ['sha2', 'sha256']) {
      it(`judges the password of ${user} ${way}`, async () => {
        const options = { host: '127.0.0.1', port, user, tls: { mode }, getServerPublicKey: true }
        asked.length = 0
        const connection = await connect({ ...options, password: 'theirs' })
        await connection.close()
        // What is stored with the account lets nobody in.
        await assert.rejects(connect({ ...options, password: 'stored' }), { code: 1045 })
        assert.deepEqual(asked, ['theirs', 'stored'])
      })
    }
  }
})
