/** What users of backends say of them, and backends that come and go. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../test/support/door.ts'
import type { StandIn } from '../../test/support/stand-in.ts'
import { watching } from '../../test/support/watching.ts'
import { clientError, receivedError } from '../errors/errors.ts'
import type { BackendOptions } from './backend.ts'
import type { Backend } from './backends.ts'

const { events, standIn, watched, one } = watching()

describe('what the users of a backend say', () => {
  it('never shuns it for a wrong password', async () => {
    const { backend, backends } = await one()
    for (let i = 0; i < 20; i++) backend.onFailure(receivedError(1045, '28000', 'Access denied'))
    assert.equal(backend.doubted, false)
    assert.equal(backends.choose({}), backend)
    assert.equal(backend.counters.connectFailures, 20)
    assert.deepEqual(events, ['a up'])
  })

  it('is down after three failures in a row, until a new login succeeds', async () => {
    const { server, backend, backends } = await one({ intervalMs: 60_000 })
    const lost = clientError('CR_SERVER_LOST', "at 'reading initial communication packet', system error: 0")
    backend.onFailure(lost)
    backend.onFailure(lost)
    backend.onSuccess()
    backend.onFailure(lost)
    backend.onFailure(lost)
    assert.equal(backend.state, 'up')
    assert.equal(backend.doubted, true)
    backend.onFailure(lost)
    assert.equal(backend.state, 'down')
    assert.equal(backends.choose({}), undefined)
    await until(() => backend.state === 'up', 'it was looked at')
    assert.ok(server.connections > 1, 'the kept connection is no proof')
  })

  it('prefers others for a moment when it has no room', async () => {
    const [a, b] = [await standIn(), await standIn()]
    const options = [a, b].map((server, i) => ({ name: 'ab'[i] as string, connect: server.connect('monitor') }))
    const backends = watched(options)
    await backends.start()
    const [first, second] = backends.all as [Backend, Backend]
    first.onFailure(receivedError(1040, undefined, 'Too many connections'))
    const { looks } = first.counters
    await until(() => first.counters.looks > looks + 1, 'it was looked at')
    second.connections = 100
    assert.equal(backends.choose({}), second)
    assert.equal(first.state, 'up')
    await until(() => backends.choose({}) === first, 'it is asked again')
  })
})

describe('Backends.reload', () => {
  it('keeps who stays, begins with who is new, and leaves who is gone', async () => {
    const [a, b, c] = [await standIn(), await standIn(), await standIn()]
    const as = (name: string, server: StandIn, more: Partial<BackendOptions> = {}) => ({
      name,
      connect: server.connect('monitor'),
      ...more,
    })
    const backends = watched([as('a', a), as('b', b)])
    await backends.start()
    const [first, second] = backends.all
    events.length = 0
    const { added, removed } = await backends.reload([as('c', c), as('a', a, { weight: 5, maxConnections: 3 })])
    assert.deepEqual(added, [backends.all[0]])
    assert.deepEqual(removed, [second])
    assert.equal(backends.all[1], first)
    assert.equal(first?.options.weight, 5)
    assert.equal(second?.state, 'down')
    assert.equal(added[0]?.state, 'up')
    assert.deepEqual(events, ['c added', 'c up', 'b removed'])
    await until(() => b.door.door.registry.live.size === 0, 'the old one is left')
    // Another password is another backend: its connections are not the same any more.
    const again = await backends.reload([{ ...as('a', a), connect: a.connect('monitor', 'other') }])
    assert.deepEqual(again.removed, [added[0], first])
  })

  it('changes nothing when the new options cannot work', async () => {
    const { server, backends, backend } = await one()
    const connect = server.connect('monitor')
    for (const [options, message] of [
      [[{ connect }, { connect }], /^two backends are called 127\.0\.0\.1:/],
      [[{ name: 'b', connect, weight: -1 }], /^weight of backend b is -1/],
      [[{ name: 'b', connect, maxConnections: 0.5 }], /^maxConnections of backend b is 0\.5/],
      [[{ name: '', connect }], /^the name of a backend is empty/],
      [[{ connect: { port: 0 } }], /^port is 0/],
    ] as const) {
      await assert.rejects(backends.reload(options), { name: 'ConfigurationError', message })
    }
    assert.deepEqual(backends.all, [backend])
    assert.equal(backend.state, 'up')
  })
})

describe('Backends.close', () => {
  it('leaves neither timers nor connections', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const { server, backends } = await one({ intervalMs: 60_000 })
    await backends.close()
    await until(() => server.door.door.registry.live.size === 0, 'it left')
    assert.ok(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length <= before)
    assert.deepEqual(server.door.refusals, [])
  })
})
