/** Every way to authenticate, over a gateway, with our own client and a front door for a backend. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import { openDoor, type TestDoor } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'

describe('a gateway before a front door', () => {
  let backend: TestDoor
  let gateway: TestGateway

  before(async () => {
    backend = await openDoor({
      accounts: [
        { user: 'watch', password: 'watching' },
        { user: 'ann', password: 'right' },
        { user: 'nat', password: 'right', plugin: 'mysql_native_password' },
        { user: 'shared', password: 'behind' },
      ],
    })
    gateway = await openTestGateway({
      backends: [
        {
          name: 'one',
          connect: {
            ...{ host: '127.0.0.1', port: backend.port, user: 'watch', password: 'watching' },
            ...{ tls: { mode: 'DISABLED' }, getServerPublicKey: true },
          },
        },
      ],
      rules: [
        { user: 'clerk%', way: 'mapped', as: { user: 'shared', credential: { password: 'behind' } } },
        { way: 'relay' },
      ],
      accounts: [{ user: 'clerk1', password: 'mine' }],
    })
  })

  after(async () => {
    await gateway.close()
    await backend.close()
  })

  async function whoAmI(user: string, password: string): Promise<unknown> {
    const options = { host: '127.0.0.1', port: gateway.port, user, password, getServerPublicKey: true }
    const connection = await connect({ ...options, tls: { mode: 'DISABLED' } })
    try {
      const { rows } = await connection.query<{ who: string }>('SELECT CURRENT_USER() AS who')
      return rows[0]?.who
    } finally {
      await connection.close()
    }
  }

  it('relays a login, whose password it never needs', async () => {
    assert.equal(await whoAmI('ann', 'right'), 'ann@%')
    assert.equal(await whoAmI('nat', 'right'), 'nat@%')
    await assert.rejects(whoAmI('ann', 'wrong'), { code: 1045 })
    await assert.rejects(whoAmI('nobody', 'right'), { code: 1045 })
  })

  it('maps a client of its own to a user of the backend', async () => {
    assert.equal(await whoAmI('clerk1', 'mine'), 'shared@%')
    await assert.rejects(whoAmI('clerk1', 'behind'), { code: 1045 })
    await assert.rejects(whoAmI('clerk2', 'mine'), { code: 1045 })
  })

  it('hands a connection over to the next client of the same identity', async () => {
    const { handedOver } = gateway.gateway.pool.counters
    assert.equal(await whoAmI('clerk1', 'mine'), 'shared@%')
    assert.equal(await whoAmI('clerk1', 'mine'), 'shared@%')
    assert.ok(gateway.gateway.pool.counters.handedOver > handedOver)
  })
})
