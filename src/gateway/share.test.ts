import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewaySettings } from './config.ts'
import { shareOf, shareOfSetting } from './share.ts'

describe('shareOf', () => {
  it('divides what limits all processes together, rounds up, and leaves what is no limit', () => {
    const to = ['mysql://a?max-connections=50', 'mysql://b']
    const pool = { maxPerIdentity: 0, maxIdle: 100, maxWaiting: 7, queueMs: 500 }
    const shared = shareOf(gatewaySettings({ to, pool, workers: 3 }), 3)
    assert.deepEqual(
      shared.backends.map(({ maxConnections }) => maxConnections),
      [17, undefined],
    )
    const { maxPerIdentity, maxIdle, maxWaiting, queueMs } = shared.pool
    assert.deepEqual({ maxPerIdentity, maxIdle, maxWaiting, queueMs }, { ...pool, maxIdle: 34, maxWaiting: 3 })
  })

  it('still shows no password', () => {
    const shared = shareOf(gatewaySettings({ to: ['mysql://u:geheim@a?max-connections=9'] }), 2)
    assert.doesNotMatch(JSON.stringify(shared), /geheim/)
  })
})

describe('shareOfSetting', () => {
  it('divides max_connections, and nothing that holds for one account or one client', () => {
    assert.equal(shareOfSetting('max_connections', 151, 4), 38)
    assert.equal(shareOfSetting('max_user_connections', 10, 4), 10)
    assert.equal(shareOfSetting('connect_timeout', 10, 4), 10)
  })
})
