/** The watch over real sockets: how soon it notices what, and what it leaves behind at the server. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { err, frame, greeting } from '../../test/rogue/packets.ts'
import { hear, say } from '../../test/rogue/scripts.ts'
import { RogueServer, type Step } from '../../test/rogue/server.ts'
import { until } from '../../test/support/door.ts'
import { watching } from '../../test/support/watching.ts'
import { connect } from '../client/connect.ts'
import type { Backend } from './backends.ts'

const { events, warnings, standIn, watched, one } = watching()

describe('a backend that is asked', () => {
  it('is up, with its facts and its role, as soon as it was looked at once', async () => {
    const { server, backends, backend } = await one()
    assert.equal(backend.state, 'up')
    assert.equal(backend.role, 'primary')
    assert.deepEqual(events, ['a up'])
    const connection = await connect(server.connect('app'))
    assert.equal(backends.facts()?.serverVersion, connection.serverVersion)
    assert.equal(backends.facts()?.plugin, 'caching_sha2_password')
    await connection.close()
    assert.equal(backends.choose({ role: 'primary' }), backend)
    assert.equal(backends.choose({ role: 'replica' }), undefined)
  })

  it('is known by its name: the address where it has none', async () => {
    const server = await standIn()
    const [backend] = watched([{ connect: server.connect() }]).all
    assert.equal(backend?.name, `127.0.0.1:${server.port}`)
  })

  it('is looked at over one connection, which leaves by a goodbye', async () => {
    const { server, backend, backends } = await one()
    await until(() => backend.counters.looks > 10, 'it was looked at often')
    assert.equal(server.connections, 1)
    await backends.close()
    await until(() => server.door.door.registry.live.size === 0, 'it left')
    assert.equal(server.door.door.registry.status.Aborted_clients, 0)
  })

  it('changes its role within an interval', async () => {
    const { server, backend, backends } = await one({ intervalMs: 200 })
    const beginMs = performance.now()
    server.variables = { read_only: 'ON', super_read_only: 'ON' }
    await until(() => backend.role === 'replica', 'the role has changed')
    assert.ok(performance.now() - beginMs < 1000)
    assert.deepEqual(events, ['a up', 'a role'])
    assert.equal(backends.choose({ role: 'primary' }), undefined)
  })

  it('keeps the role that it was given', async () => {
    const server = await standIn()
    server.variables = { read_only: 'ON' }
    const backends = watched([{ connect: server.connect('monitor'), role: 'primary' }])
    await backends.start()
    assert.ok(backends.choose({ role: 'primary' }))
  })

  it('is down in under a second after its death, and up again soon after its return', async () => {
    const { server, backend, backends } = await one({ intervalMs: 500 })
    const deathMs = performance.now()
    await server.stop()
    await until(() => backend.state === 'down', 'the death was noticed')
    assert.ok(performance.now() - deathMs < 1000)
    assert.match(backend.reason ?? '', /^refused: /)
    assert.equal(backends.choose({}), undefined)
    assert.ok(backends.facts(), 'clients are still greeted')
    const returnMs = performance.now()
    await server.start()
    await until(() => backend.state === 'up', 'the return was noticed')
    assert.ok(performance.now() - returnMs < 1500)
    assert.equal(backend.reason, undefined)
  })

  it('is in doubt, and not down, when only connections to it break', async () => {
    const { server, backend, backends } = await one({ intervalMs: 60_000 })
    server.cut()
    await until(() => server.connections === 2 && !backend.doubted, 'it was looked at again')
    assert.deepEqual(events, ['a up', 'a doubted'])
    backend.onLoss()
    assert.equal(backend.doubted, true)
    assert.equal(backends.choose({}), backend, 'nobody else is there')
    await until(() => !backend.doubted, 'it was looked at again')
    assert.equal(backend.state, 'up')
    assert.equal(backend.counters.lost, 1)
  })

  it('is down when it does not answer in time, and no login to it is broken off meanwhile', async () => {
    const { server, backend } = await one({ timeoutMs: 200 })
    await until(() => backend.state === 'up', 'it answered')
    const before = server.connections
    server.freeze()
    await until(() => backend.state === 'down', 'the silence was noticed')
    assert.match(backend.reason ?? '', /^silent: no answer within 200 ms/)
    await until(() => server.connections > before, 'a new login was begun')
    const { looks } = backend.counters
    await until(() => backend.counters.looks > looks, 'that was too late, too')
    server.thaw()
    await until(() => backend.state === 'up', 'it answers again')
    assert.equal(server.connections, before + 1)
    assert.deepEqual(server.door.refusals, [])
    assert.equal(server.door.door.registry.status.Aborted_connects, 0)
  })

  it('is up without a role when its account does not work, and says so once', async () => {
    const server = await standIn()
    const backends = watched([{ name: 'a', connect: server.connect('monitor', 'wrong') }])
    await backends.start()
    const [backend] = backends.all
    await until(() => server.door.refusals.length > 2, 'it was tried again')
    assert.equal(backend?.state, 'up')
    assert.equal(backend.role, 'unknown')
    assert.equal(backends.choose({}), backend)
    assert.equal(backends.choose({ role: 'primary' }), undefined)
    assert.equal(warnings.length, 1)
    assert.ok(!warnings[0]?.includes('wrong'))
  })

  it('is down while its group has no use for it', async () => {
    const server = await standIn()
    server.variables = { ...server.variables, group_replication_group_name: 'g' }
    server.members = [{ id: 'x', state: 'RECOVERING', role: 'SECONDARY', view: '1:2', own: 'x' }]
    const backends = watched([{ connect: server.connect('monitor') }])
    await backends.start()
    const [backend] = backends.all
    assert.equal(backend?.state, 'down')
    assert.equal(backend.reason, 'RECOVERING in its group')
    server.members = [{ id: 'x', state: 'ONLINE', role: 'SECONDARY', view: '1:2', own: 'x' }]
    await until(() => backend.state === 'up', 'it is of use')
    assert.equal(backend.role, 'replica')
    assert.deepEqual(backend.view, { group: 'g', born: 1n, number: 2n })
  })
})

describe('backends of one group', () => {
  it('are all asked at once when the primary is lost', async () => {
    const [a, b] = [await standIn(), await standIn()]
    const member = (id: string, role: string, view: string, own: string) => ({ id, state: 'ONLINE', role, view, own })
    for (const [server, own] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      server.variables = { ...server.variables, group_replication_group_name: 'g' }
      server.members = [member('a', 'PRIMARY', '1:2', own), member('b', 'SECONDARY', '1:2', own)]
    }
    const options = [
      { name: 'a', connect: a.connect('monitor') },
      { name: 'b', connect: b.connect('monitor') },
    ]
    // Nobody is looked at by the clock while this runs.
    const backends = watched(options, { intervalMs: 60_000 })
    await backends.start()
    assert.equal(backends.choose({ role: 'primary' })?.name, 'a')
    assert.equal(backends.choose({ role: 'replica' })?.name, 'b')
    b.members = [member('b', 'PRIMARY', '1:3', 'b')]
    const beginMs = performance.now()
    await a.stop()
    await until(() => backends.choose({ role: 'primary' })?.name === 'b', 'the new primary is known')
    assert.ok(performance.now() - beginMs < 1000)
  })
})

describe('a backend that is watched from outside', () => {
  it('counts as a primary, and is left alone while it is up', async () => {
    const { server, backend, backends } = await one({}, 'nobody')
    assert.equal(backend.state, 'up')
    assert.equal(backends.choose({ role: 'primary' }), backend)
    assert.ok(backend.facts)
    const other = await one()
    await until(() => other.backend.counters.looks > 10, 'another one was looked at often')
    assert.equal(server.connections, 1)
    assert.equal(server.door.refusals.length, 1)
    backend.onLoss()
    await until(() => server.door.refusals.length === 2, 'it was looked at again')
    await until(() => !backend.doubted, 'nothing was wrong')
  })

  it('is noticed to be gone by who uses it, and to be back by its watch', async () => {
    const { server, backend } = await one({}, 'nobody')
    await server.stop()
    assert.equal(backend.state, 'up')
    backend.onLoss()
    await until(() => backend.state === 'down', 'it is down')
    await server.start()
    await until(() => backend.state === 'up', 'it is back')
  })

  it('gets no handshake that is broken off', async () => {
    const { server, backend } = await one({ timeoutMs: 100 }, 'nobody')
    server.freeze()
    backend.onLoss()
    await until(() => backend.state === 'down', 'it is silent')
    server.thaw()
    await until(() => backend.state === 'up', 'it is back')
    assert.deepEqual(new Set(server.door.refusals.map(({ reason }) => reason)), new Set(['unknown-account']))
    assert.equal(server.door.door.registry.status.Aborted_connects, server.door.refusals.length)
  })
})

describe('a server that takes nobody', () => {
  it('is up, and in doubt, while it has no room', async () => {
    const server = await standIn({ max_connections: 1 })
    const inside = await connect(server.connect('app'))
    const backends = watched([{ connect: server.connect('monitor') }])
    await backends.start()
    const [backend] = backends.all
    assert.equal(backend?.state, 'up')
    assert.match(backend.reason ?? '', /^full: it answers 1040/)
    assert.equal(backend.role, 'unknown')
    assert.equal(backends.choose({}), backend)
    await inside.close()
    await until(() => backend.role === 'primary', 'there is room')
  })

  it('is down when it blocks this host, and when it shuts down', async () => {
    for (const [code, reason] of [
      [1129, 'blocked: it answers 1129 (ER_HOST_IS_BLOCKED)'],
      [1130, 'blocked: it answers 1130 (ER_HOST_NOT_PRIVILEGED)'],
      [1053, 'unavailable: it answers 1053 (ER_SERVER_SHUTDOWN)'],
    ] as const) {
      const { backend, close } = await rogue([say(frame(err('secret', code, ''), 0)), hear])
      assert.equal(backend.state, 'down')
      assert.equal(backend.reason, reason)
      await close()
    }
  })

  it('is down when it says nothing, and can be left at once', async () => {
    const { backend, close } = await rogue([hear], 100)
    assert.equal(backend.state, 'down')
    assert.match(backend.reason ?? '', /^silent/)
    const beginMs = performance.now()
    await close()
    assert.ok(performance.now() - beginMs < 1500)
  })

  it('is down when it dies over the login', async () => {
    const { backend, close } = await rogue([say(frame(greeting(), 0)), hear, { do: 'reset' }])
    assert.equal(backend.state, 'down')
    assert.match(backend.reason ?? '', /^(?:lost|refused): /)
    assert.equal(backend.facts?.serverVersion, '9.7.4')
    await close()
  })

  it('is tried less and less often when it speaks something else', async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections++
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const beginMs = performance.now()
    const backends = watched([{ connect: { host: '127.0.0.1', port } }], { intervalMs: 10 })
    await backends.start()
    assert.match(backends.all[0]?.reason ?? '', /^protocol: /)
    await until(() => connections === 6, 'it was tried often')
    assert.ok(performance.now() - beginMs >= 10 + 20 + 40 + 80 + 160 - 5)
    server.close()
  })

  async function rogue(script: readonly Step[], timeoutMs = 2000) {
    const server = await RogueServer.open(script)
    const options = {
      host: '127.0.0.1',
      port: server.port,
      user: 'monitor',
      password: 'x',
      tls: { mode: 'DISABLED' },
    } as const
    const backends = watched([{ connect: options }], { intervalMs: 60_000, timeoutMs })
    await backends.start()
    const close = async () => {
      await backends.close()
      await server.close()
    }
    return { backend: backends.all[0] as Backend, close }
  }
})
