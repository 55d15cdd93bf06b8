/** The watch of a gateway over real servers: what it learns of them, and that it leaves no trace in their counts of errors. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import type { BackendOptions } from '../../src/gateway/backend.ts'
import { type Backend, type BackendChange, Backends } from '../../src/gateway/backends.ts'
import { silentLog } from '../../src/server/log.ts'
import { until } from '../support/door.ts'
import { LoopbackServer } from '../support/loopback-server.ts'
import { before as beforeGateway, reach, serverKinds, startServer, watcher } from './gateway-world.ts'
import { installed, type Peer } from './install.ts'
import { type Group, startGroup } from './mysql-group.ts'
import type { RunningServer } from './servers.ts'

/** Declares the tests. Each server starts before its tests and ends after them. */
export function testGatewayHealth(peers: readonly Peer[]): void {
  for (const kind of serverKinds) {
    const peer = installed(peers, kind.peer)
    if (peer === undefined) {
      test(`the watch over ${kind.name}`, { skip: `MISSING: ${kind.peer}` })
      continue
    }
    describe(`the watch over ${kind.name} (${peer.version})`, () => {
      let server: RunningServer
      let root: Connection
      before(async () => {
        server = await startServer(peers, { ...kind, settings: ['--max-connect-errors=1'] })
        root = await connect(reach(server))
        await root.query(`CREATE USER '${watcher.user}'@'%' IDENTIFIED BY '${watcher.password}'`)
      })
      after(async () => {
        root?.destroy()
        await server?.stop()
      })
      testOneServer(kind.product, () => ({ server, root }))
    })
  }
  testGroup(peers)
}

interface World {
  readonly server: RunningServer
  readonly root: Connection
}

function testOneServer(product: 'MySQL' | 'MariaDB', world: () => World): void {
  test('learns its facts and follows its role', async () => {
    const { server, root } = world()
    await using watch = await watchOver(asked(server))
    const { backend } = watch
    assert.equal(backend.facts?.serverVersion, root.serverVersion)
    assert.equal(backend.facts.mariadbCapabilities !== 0, product === 'MariaDB')
    assert.equal(backend.role, 'primary')
    await root.query('SET GLOBAL read_only = ON')
    await until(() => backend.role === 'replica', 'it is a replica')
    await root.query('SET GLOBAL read_only = OFF')
    await until(() => backend.role === 'primary', 'it is a primary')
    assert.deepEqual(watch.events, ['up', 'role', 'role'])
  })

  test('doubts it for a moment, and no more, when an administrator kills the connection of the watch', async () => {
    const { server, root } = world()
    await using watch = await watchOver(asked(server))
    const { rows } = await root.query<{ id: unknown }>(
      `SELECT id FROM information_schema.processlist WHERE user = '${watcher.user}'`,
    )
    assert.equal(rows.length, 1)
    await root.query(`KILL ${rows[0]?.id}`)
    await until(() => watch.events.includes('doubted') && !watch.backend.doubted, 'it was looked at again')
    assert.deepEqual(watch.events, ['up', 'doubted'])
  })

  test('waits for a process that hangs, and breaks off no login meanwhile', async () => {
    const { server, root } = world()
    const before = await countsOf(root)
    await using watch = await watchOver(asked(server))
    process.kill(server.pid, 'SIGSTOP')
    try {
      await until(() => watch.backend.state === 'down', 'it is silent')
      assert.match(watch.backend.reason ?? '', /^silent/)
      // A login that has begun, and is late.
      const { looks } = watch.backend.counters
      await until(() => watch.backend.counters.looks > looks, 'it is silent still')
    } finally {
      process.kill(server.pid, 'SIGCONT')
    }
    await until(() => watch.backend.state === 'up', 'it goes on')
    assert.deepEqual(await countsOf(root), before)
  })

  test('is up, and in doubt, while it has no room', async () => {
    const { server, root } = world()
    await root.query('SET GLOBAL max_connections = 10')
    const others: Connection[] = []
    try {
      // As no administrator, for whom one more place is kept.
      for (;;) others.push(await connect({ ...reach(server), ...watcher }))
    } catch (error) {
      assert.equal((error as { code?: number }).code, 1040)
    }
    await using watch = await watchOver(asked(server))
    assert.equal(watch.backend.state, 'up')
    assert.equal(watch.backend.doubted, true)
    assert.equal(watch.backend.role, 'unknown')
    for (const other of others) await other.close()
    await until(() => watch.backend.role === 'primary', 'there is room')
    await root.query('SET GLOBAL max_connections = 100')
  })

  test('knocks from outside without ever being blocked by max_connect_errors = 1', async () => {
    const { server, root } = world()
    await using way = await new Way(server).listen()
    const before = await countsOf(root)
    await using watch = await watchOver({ connect: { ...way.options, tls: { mode: 'DISABLED' } } })
    const { backend } = watch
    assert.equal(backend.role, 'primary')
    for (let i = 0; i < 5; i++) {
      const { looks } = backend.counters
      backend.onLoss()
      await until(() => backend.counters.looks > looks, 'it was looked at again')
      assert.equal(backend.state, 'up')
    }
    assert.equal((await countsOf(root)).aborted - before.aborted, way.connections)
    assert.equal(way.connections, 6)
    if (product === 'MySQL') {
      const { rows } = await root.query<{ errors: unknown }>(
        "SELECT SUM_CONNECT_ERRORS AS errors FROM performance_schema.host_cache WHERE IP = '127.0.0.9'",
      )
      assert.deepEqual(
        rows.map(({ errors }) => Number(errors)),
        [0],
      )
    }
  })

  test('says what is the matter when it is blocked after all', async () => {
    const { server } = world()
    await using way = await new Way(server).listen()
    // Two handshakes that end half-way: what a health check of the usual kind does.
    for (let i = 0; i < 2; i++) {
      const socket = connectTcp({ port: way.options.port as number, host: '127.0.0.1' })
      await once(socket, 'data')
      socket.destroy()
      await until(() => way.open === 0, 'the server has seen it')
    }
    await using watch = await watchOver({ connect: { ...way.options, ...watcher } })
    const { backend } = watch
    // The server counts when its thread comes to it.
    await until(() => backend.state === 'down', 'it is blocked')
    assert.equal(backend.reason, 'blocked: it answers 1129 (ER_HOST_IS_BLOCKED)')
  })

  test('is up without a role for an account that does not work', async () => {
    const { server } = world()
    const { name = '', connect: options } = asked(server)
    await using watch = await watchOver({ name, connect: { ...options, password: 'wrong' } })
    assert.equal(watch.backend.state, 'up')
    assert.equal(watch.backend.role, 'unknown')
  })

  test('is down in under a second after SIGKILL', async () => {
    const { server } = world()
    await using watch = await watchOver(asked(server), { intervalMs: 500, timeoutMs: 1000 })
    const killMs = performance.now()
    process.kill(server.pid, 'SIGKILL')
    await until(() => watch.backend.state === 'down', 'it is down')
    assert.ok(performance.now() - killMs < 1000)
  })
}

function testGroup(peers: readonly Peer[]): void {
  const mysqld = installed(peers, 'mysqld')
  describe('the watch over a group of three MySQL servers', { skip: !mysqld && 'MISSING: mysqld' }, () => {
    let group: Group
    let backends: Backends
    before(async () => {
      if (mysqld === undefined) return
      group = await startGroup(peers, mysqld)
      const options = group.members.map(({ host, port }, i) => ({
        name: `member ${i}`,
        connect: { host, port, user: 'root', password: '' },
      }))
      backends = new Backends(options, { log: silentLog })
      await backends.start()
    })
    after(async () => {
      await backends?.close()
      await group?.stop()
    })
    const indexOf = (backend: Backend | undefined) => (backend === undefined ? -1 : backends.all.indexOf(backend))

    test('knows the roles, and one view', () => {
      assert.deepEqual(
        backends.all.map(({ role, state }) => `${state} ${role}`),
        ['up primary', 'up replica', 'up replica'],
      )
      assert.equal(new Set(backends.all.map(({ view }) => `${view?.group} ${view?.born} ${view?.number}`)).size, 1)
      assert.equal(indexOf(backends.choose({ role: 'primary' })), 0)
    })

    test('sends writers nowhere while there is no primary, and to the next one in under a second after it takes office', async () => {
      const before = backends.all[1]?.view?.number ?? 0n
      await group.kill(group.members[0] as RunningServer)
      await until(() => backends.choose({ role: 'primary' }) === undefined, 'the loss was noticed')
      const next = group.members.indexOf(await group.primary())
      const electedMs = performance.now()
      await until(() => backends.choose({ role: 'primary' }) !== undefined, 'the next one is known')
      assert.ok(performance.now() - electedMs < 1000)
      assert.equal(indexOf(backends.choose({ role: 'primary' })), next)
      const { number = 0n } = backends.all[next]?.view ?? {}
      assert.ok(number > before)
    })

    test('takes the last one, which has no quorum, for down', async () => {
      const next = indexOf(backends.choose({ role: 'primary' }))
      const last = backends.all.findIndex((_, i) => i !== 0 && i !== next)
      await group.kill(group.members[next] as RunningServer)
      await until(() => backends.all[last]?.state === 'down', 'it is of no use')
      assert.match(backends.all[last]?.reason ?? '', /no quorum|ERROR in its group/)
      assert.equal(backends.choose({}), undefined)
    })
  })
}

/** As a gateway with an account has it. */
function asked(server: RunningServer): BackendOptions {
  const [options] = beforeGateway(server, 'plain').backends
  if (options === undefined) throw new Error('no backend')
  return options
}

interface WatchedServer extends AsyncDisposable {
  readonly backend: Backend
  readonly events: readonly BackendChange[]
}

async function watchOver(options: BackendOptions, how = { intervalMs: 50, timeoutMs: 700 }): Promise<WatchedServer> {
  const backends = new Backends([options], { ...how, log: silentLog })
  const events: BackendChange[] = []
  backends.listeners.add((_, change) => void events.push(change))
  await backends.start()
  return { backend: backends.all[0] as Backend, events, [Symbol.asyncDispose]: () => backends.close() }
}

/** What the server counts against whoever does not finish a login. */
async function countsOf(root: Connection): Promise<{ readonly aborted: number }> {
  const { rows } = await root.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Aborted_connects'")
  return { aborted: Number(rows[0]?.Value) }
}

/** From an address that the server knows by its own name: 127.0.0.1 is never blocked. */
class Way extends LoopbackServer implements AsyncDisposable {
  readonly #to: RunningServer

  constructor(to: RunningServer) {
    super()
    this.#to = to
  }

  get options(): ConnectOptions {
    return { host: '127.0.0.1', port: this.port, tls: { mode: 'DISABLED' }, getServerPublicKey: true }
  }

  protected override serve(client: Socket): void {
    const upstream = this.keep(
      connectTcp({ port: this.#to.port, host: '127.0.0.1', localAddress: '127.0.0.9', noDelay: true }),
    )
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.pipe(upstream).pipe(client)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
