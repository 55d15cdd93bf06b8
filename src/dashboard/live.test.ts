import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { byPage, openTestDashboard, type TestDashboard } from '../../test/support/dashboard.ts'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import { handshakeResponse, RawClient } from '../../test/support/raw-client.ts'
import { crowd } from '../../test/threats/measure.ts'
import { MemoryAccounts } from '../accounts/memory-accounts.ts'
import { Mirror } from '../gateway/mirror.ts'
import type { Order } from '../gateway/orders.ts'
import { reportOf } from '../gateway/report.ts'
import type { GatewayView } from '../gateway/view.ts'
import { silentLog } from '../server/log.ts'
import { Settings } from '../server/settings.ts'
import type { Now, Sample, Second } from './contract.ts'
import { Live } from './live.ts'
import { Movements } from './movements.ts'

const accounts = [{ user: 'app', password: 'pw' }]

describe('Live', () => {
  it('looks at nobody while nobody watches', async (t) => {
    const { server, ask, watch } = await openTestDashboard(t, { accounts })
    const looks = t.mock.method(server.door.registry.live, 'values')
    const copies = t.mock.method(server.door.registry, 'history')
    const stranger = await RawClient.connect({ port: server.port })
    await until(() => server.door.registry.live.size === 1, 'the stranger is in')
    await ask('/api/door')
    assert.equal(looks.mock.callCount(), 0)
    const watcher = await watch()
    await watcher.until(({ dots }) => dots.size === 1, 'everybody is named')
    await until(() => looks.mock.callCount() > 2, 'it looks again and again')
    assert.equal(copies.mock.callCount(), 1, 'nobody was refused: the history is left alone')
    watcher.stop()
    stranger.destroy()
    await until(() => server.door.registry.live.size === 0, 'the stranger is gone')
    await untilText(ask, /^saltgate_dashboard_readers 0$/m)
    looks.mock.resetCalls()
    const end = performance.now() + 400
    await until(() => performance.now() > end, 'it would have looked several times')
    assert.equal(looks.mock.callCount(), 0)
    const again = await watch()
    await again.until(({ wholes }) => wholes === 1, 'everybody is named')
    assert.deepEqual([again.dots.size, again.refused.length], [0, 0])
    again.stop()
  })

  it('names everybody in parts of 500, and what changes meanwhile is not lost', async (t) => {
    const settings = { max_connections: 5000 }
    const { server, watch } = await openTestDashboard(t, { accounts, settings })
    const strangers = await greeted(server.port, 1200)
    const watcher = await watch()
    const churn = greeted(server.port, 300)
    for (const stranger of strangers.splice(0, 300)) stranger.destroy()
    await churn
    const { live } = server.door.registry
    await watcher.until(
      ({ dots }) => dots.size === 1200 && live.size === 1200 && [...live.keys()].every((id) => dots.has(id)),
      'all who are there are named, and nobody else',
    )
    const parts = watcher.events.flatMap(({ event, data }) => (event === 'now' ? [data as Now] : []))
    assert.ok(parts.every(({ changed }) => changed.length <= 500))
    assert.ok(parts[0]?.whole)
    assert.equal(parts.filter(({ whole }) => whole).length, 1)
    assert.equal(
      parts.at(-1)?.counts.reduce((sum, count) => sum + count, 0),
      1200,
    )
    watcher.stop()
    for (const stranger of [...strangers, ...(await churn)]) stranger.destroy()
  })

  it('holds no more for a reader that takes nothing than a limit, counts what it misses, and lets it go in the end', async (t) => {
    const { live, door, opened, socket } = await withOneReader(t, 500)
    const response = await opened
    let most = 0
    const storm = new AbortController()
    const changing = changeUntil(door.port, storm.signal, () => {
      most = Math.max(most, response.writableLength)
    })
    await until(() => live.dropped > 0, 'messages are dropped')
    await until(() => live.readers === 0, 'it was let go')
    storm.abort()
    await changing
    assert.ok(response.destroyed)
    // The limit, and the message that crossed it.
    assert.ok(most > 200_000 && most < 256 * 1024 + 500 * 1000, `${most} bytes`)
    socket.destroy()
  })

  it('shows several processes as they were asked for, and ends connections in them', async (t) => {
    const orders: Order[] = []
    const { server, ask, watch } = await openTestDashboard(t, { accounts, through: (one) => mirrorOf(one, orders) })
    const [stranger] = await greeted(server.port, 1)
    const watcher = await watch()
    await watcher.until(({ dots }) => dots.size === 1, 'the stranger is named')
    const [id = 0] = watcher.dots.keys()
    assert.equal(watcher.laneOf(id), 'greeting')
    const { status } = await ask(`/api/connections/${id}/kill`, { method: 'POST', headers: byPage })
    assert.equal(status, 200)
    assert.deepEqual(orders, [{ do: 'kill', order: { what: 'connection', id } }])
    await watcher.until(({ dots, refused }) => dots.size === 0 && refused.length === 1, 'it is seen to go')
    watcher.stop()
    stranger?.destroy()
  })

  it('tells all readers the same second, with how many they are', async (t) => {
    const { watch } = await openTestDashboard(t, { accounts })
    const watchers = [await watch(), await watch(), await watch()]
    for (const watcher of watchers) await watcher.until(({ seconds }) => seconds.length > 1, 'seconds are told')
    const [, second] = watchers[0]?.seconds ?? []
    assert.equal(second?.readers, 3)
    assert.equal(second?.dropped, 0)
    for (const watcher of watchers.slice(1)) {
      const same: Second | undefined = watcher.seconds.find(({ sample }) => sample.atMs === second?.sample.atMs)
      assert.deepEqual(same, second)
    }
    for (const watcher of watchers) watcher.stop()
  })
})

describe('Movements', () => {
  it('finds who came, moved and went, each once', async (t) => {
    const { door, port, front } = await openDoor({ accounts })
    t.after(() => front.close(0))
    const movements = new Movements(door.registry)
    assert.equal(movements.look(), undefined, 'the first look compares with nothing')
    const [stranger] = await greeted(port, 1)
    const came = movements.look()
    const [dot] = came?.changed ?? []
    assert.deepEqual([came?.changed.length, dot?.[1], dot?.[4], dot?.[5]], [1, 2, '', 'localhost'])
    assert.equal(movements.look(), undefined)
    stranger?.send(handshakeResponse({ user: 'nobody' }, new Uint8Array(20)), 1)
    await until(() => door.registry.live.get(dot?.[0] ?? 0)?.login !== undefined, 'it said who it is')
    const moved = movements.look()
    assert.equal(moved?.changed[0]?.[0], dot?.[0])
    assert.equal(moved?.changed[0]?.[4], 'nobody')
    assert.deepEqual(movements.dots(movements.ids()), moved?.changed)
    stranger?.destroy()
    await until(() => door.registry.live.size === 0, 'it is gone')
    const went = movements.look()
    assert.deepEqual(went?.gone, [dot?.[0]])
    assert.equal(went?.refused[0]?.[2], 'client-gone')
    assert.deepEqual(movements.ids(), [])
  })
})

/** What a gateway's administrators look at, with one process that is the door. */
function mirrorOf({ door }: TestDoor, orders: Order[]): Mirror {
  const view: GatewayView = {
    ...{ backends: () => [], pairs: () => [], pools: () => [], rules: () => [], killQuery: () => undefined },
  }
  return new Mirror({
    processes: {
      report: async () => new Map([[1, reportOf(door, view)]]),
      tell: async (order) => {
        orders.push(order)
        if (order.do === 'kill') door.registry.live.get(order.order.id)?.kill('connection')
        return true
      },
    },
    ...{ settings: new Settings(), accounts: new MemoryAccounts([]), rules: () => [], log: silentLog },
  })
}

async function untilText(ask: TestDashboard['ask'], text: RegExp): Promise<void> {
  for (let left = 50; !text.test((await ask('/metrics')).text); left--) assert.ok(left > 0, `never: ${text}`)
}

/** A stream to a socket that never reads, on a server of its own, so that what waits for it can be seen. */
async function withOneReader(t: TestContext, longestBehindMs: number) {
  const door = await openDoor({ accounts, settings: { max_connections: 5000 } })
  const watched = { administered: door.door, listening: door.front.listening }
  const live = new Live(watched, { onSecond: (_: (sample: Sample) => void) => () => {} }, longestBehindMs)
  const { promise: opened, resolve } = Promise.withResolvers<ServerResponse>()
  const server = createServer((_, response) => {
    live.open(response)
    resolve(response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await door.front.close(0)
  })
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.pause()
  return { live, door, opened, socket }
}

/** No more at once than the backlog of a listener holds: one beyond it might wait for its greeting for ever. */
async function greeted(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = []
  await crowd(count, 40, async () => {
    const client = await RawClient.connect({ port })
    await client.next()
    clients.push(client)
  })
  return clients
}

/** Strangers say long names, are seen, and go. */
async function changeUntil(port: number, signal: AbortSignal, look: () => void): Promise<void> {
  const user = '\u0001'.repeat(120)
  while (!signal.aborted) {
    const strangers = await greeted(port, 300)
    for (const stranger of strangers) stranger.send(handshakeResponse({ user }, new Uint8Array(20)), 1)
    for (let i = 0; i < 15; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      look()
    }
    for (const stranger of strangers) stranger.destroy()
  }
}
