import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { UserConnections } from './user-connections.ts'

const hourMs = 3_600_000

describe('UserConnections', () => {
  let connections: UserConnections
  beforeEach(() => {
    connections = new UserConnections()
  })

  it('admits and counts without any limit', () => {
    const ann = account('ann')
    for (let count = 0; count < 500; count += 1) assert.equal(connections.admit(ann, 0, 0), 'ok')
    assert.equal(connections.count(ann), 500)
    for (let count = 0; count < 500; count += 1) connections.release(ann)
    assert.deepEqual([connections.count(ann), connections.size], [0, 0])
  })

  it('begins the hour of one account or of all anew when told to', () => {
    const [ann, bob] = [account('ann', { maxConnectionsPerHour: 1 }), account('bob', { maxConnectionsPerHour: 1 })]
    const admits = () => [ann, bob].map((one) => connections.admit(one, 0, 0) === 'ok')
    assert.deepEqual(
      [admits(), admits()],
      [
        [true, true],
        [false, false],
      ],
    )
    connections.forgetHour(ann)
    assert.deepEqual(admits(), [true, false])
    connections.forgetHours()
    assert.deepEqual(admits(), [true, true])
  })

  it('refuses at MAX_USER_CONNECTIONS and admits after a release', () => {
    const ann = account('ann', { maxUserConnections: 1 })
    assert.equal(connections.admit(ann, 0, 0), 'ok')
    assert.deepEqual(connections.admit(ann, 0, 0), {
      reason: 'account-connections',
      resource: 'max_user_connections',
      currentValue: 1,
    })
    assert.equal(connections.count(ann), 1)
    connections.release(ann)
    assert.equal(connections.admit(ann, 0, 0), 'ok')
  })

  it('holds an account to the global max_user_connections unless it has a limit of its own', () => {
    const [ann, bob] = [account('ann'), account('bob', { maxUserConnections: 3 })]
    for (const who of [ann, ann, bob, bob, bob]) assert.equal(connections.admit(who, 2, 0), 'ok')
    assert.deepEqual(connections.admit(ann, 2, 0), {
      reason: 'user-connections',
      resource: 'max_user_connections',
      currentValue: 2,
    })
    assert.equal((connections.admit(bob, 2, 0) as { reason: string }).reason, 'account-connections')
  })

  it('applies a limit that is set later to the connections that are open', () => {
    assert.equal(connections.admit(account('ann'), 0, 0), 'ok')
    assert.notEqual(connections.admit(account('ann', { maxUserConnections: 1 }), 0, 0), 'ok')
    assert.notEqual(connections.admit(account('ann'), 1, 0), 'ok')
  })

  it('keeps accounts of one user name on other hosts apart', () => {
    const here = account('ann', { maxUserConnections: 1 })
    assert.equal(connections.admit(here, 0, 0), 'ok')
    assert.equal(connections.admit({ ...here, host: '10.%' }, 0, 0), 'ok')
  })

  it('refuses after MAX_CONNECTIONS_PER_HOUR, and starts a new hour with the first connection after the last', () => {
    const ann = account('ann', { maxConnectionsPerHour: 2 })
    const connect = (nowMs: number) => {
      const result = connections.admit(ann, 0, nowMs)
      if (result === 'ok') connections.release(ann)
      return result
    }
    assert.deepEqual([connect(1000), connect(2000)], ['ok', 'ok'])
    const refused = {
      reason: 'account-connections-per-hour',
      resource: 'max_connections_per_hour',
      currentValue: 2,
    }
    assert.deepEqual(connect(3000), refused)
    assert.deepEqual(connect(999 + hourMs), refused)
    assert.deepEqual([connect(5000 + hourMs), connect(1000 + 2 * hourMs)], ['ok', 'ok'])
    assert.deepEqual(connect(4999 + 2 * hourMs), refused)
  })

  it('does not spend an hour on a connection that another limit refused', () => {
    const ann = account('ann', { maxUserConnections: 1, maxConnectionsPerHour: 2 })
    assert.equal(connections.admit(ann, 0, 0), 'ok')
    for (let count = 0; count < 5; count += 1) assert.notEqual(connections.admit(ann, 0, 0), 'ok')
    connections.release(ann)
    assert.equal(connections.admit(ann, 0, 0), 'ok')
  })

  it('never counts below zero', () => {
    const ann = account('ann', { maxUserConnections: 1 })
    connections.release(ann)
    connections.release(ann)
    assert.equal(connections.admit(ann, 0, 0), 'ok')
    assert.notEqual(connections.admit(ann, 0, 0), 'ok')
  })

  it('forgets hours that are over, and has a bound for those that are not', () => {
    const visit = (name: string, nowMs: number) => {
      const who = account(name, { maxConnectionsPerHour: 5 })
      assert.equal(connections.admit(who, 0, nowMs), 'ok')
      connections.release(who)
    }
    for (let count = 0; count < 120_000; count += 1) visit(`user${count}`, 0)
    assert.equal(connections.size, 100_000)
    visit('last', hourMs)
    assert.equal(connections.size, 1)
  })
})

function account(user: string, limits: { maxUserConnections?: number; maxConnectionsPerHour?: number } = {}) {
  return {
    user,
    host: '%',
    limits: {
      maxQueriesPerHour: 0,
      maxUpdatesPerHour: 0,
      maxConnectionsPerHour: 0,
      maxUserConnections: 0,
      ...limits,
    },
  }
}
