/** What the gateway's settings keep out is kept out before a backend is asked, whoever it would be there. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import { openDoor, type TestDoor, until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'

describe('a relayed login', () => {
  let backend: TestDoor
  let gateway: TestGateway

  before(async () => {
    backend = await openDoor({ accounts: [{ user: 'ann', password: 'right' }] })
    gateway = await openTestGateway({
      backends: [{ name: 'one', connect: { host: '127.0.0.1', port: backend.port, tls: { mode: 'DISABLED' } } }],
    })
  })
  after(async () => {
    await gateway.close()
    await backend.close()
  })
  afterEach(() => {
    const { settings } = gateway.front.door
    for (const name of ['require_secure_transport', 'offline_mode', 'max_connections']) settings.resetGlobal(name)
  })

  const login = (mode: 'DISABLED' | 'REQUIRED' = 'DISABLED', password = 'right') =>
    connect({
      ...{ host: '127.0.0.1', port: gateway.port, user: 'ann', password },
      ...{ tls: { mode }, getServerPublicKey: true },
    })
  const refused = async (code: number, reason: string) => {
    const { connects } = gateway.gateway.backends.all[0]?.counters ?? {}
    await assert.rejects(login(), { code })
    assert.equal(gateway.refusals.at(-1)?.reason, reason)
    assert.equal(gateway.gateway.backends.all[0]?.counters.connects, connects)
  }

  it('without TLS is refused where require_secure_transport is ON', async () => {
    await until(() => gateway.gateway.backends.all[0]?.state === 'up', 'the backend is up')
    gateway.front.door.settings.setGlobal('require_secure_transport', 'ON')
    await refused(3159, 'secure-transport-required')
    await (await login('REQUIRED')).close()
  })

  it('is refused in offline_mode', async () => {
    gateway.front.door.settings.setGlobal('offline_mode', 'ON')
    await refused(3032, 'offline-mode')
  })

  it('does not get the place beyond max_connections, which is for administrators', async () => {
    gateway.front.door.settings.setGlobal('max_connections', 1)
    const first = await login()
    await refused(1040, 'too-many-connections')
    await first.close()
  })
})
