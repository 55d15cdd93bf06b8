/**
 * The primary is killed while clients work through a gateway: what it had acknowledged is there afterwards, what had failed is not, and
 * only sessions on it were lost.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import type { BackendOptions } from '../../src/gateway/backend.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { installed, type Peer } from './install.ts'
import { startGroup } from './mysql-group.ts'
import { type RunningServer, startMysqld } from './servers.ts'

/** Declares the tests. */
export function testGatewayFailover(peers: readonly Peer[]): void {
  const mysqld = installed(peers, 'mysqld')
  if (mysqld === undefined) {
    test('failover through a gateway', { skip: 'MISSING: mysqld' })
    return
  }
  describe(`failover through a gateway (${mysqld.version})`, () => {
    test('fifty clients write while the primary of a group is killed', async (t) => {
      await using group = await startGroup(peers, mysqld)
      const first = await group.primary()
      await prepared(first)
      await using gateway = await opened(group.members)
      await rolesKnown(gateway, 2)
      const work = new Work(gateway)
      await work.start(50, 10)
      await until(() => work.acknowledged.size > 500, 'the clients have written')
      assert.deepEqual([work.lostWriters, work.lostReaders], [0, 0])

      const killedMs = performance.now()
      await group.kill(first)
      const next = await group.primary()
      const nextMs = performance.now()
      assert.notEqual(next, first)
      await until(() => work.firstWriterMs > killedMs, 'a new session writes')
      const after = work.acknowledged.size
      await until(() => work.acknowledged.size > after + 500, 'the clients write on')
      await work.stop()

      const behindMs = work.firstWriterMs - nextMs
      t.diagnostic(`the group took ${ms(nextMs - killedMs)}; the gateway was ${ms(behindMs)} behind it`)
      t.diagnostic(
        `${work.acknowledged.size} acknowledged, ${work.inFlight.size} in flight, ${work.failed.size} failed`,
      )
      assert.ok(behindMs < 1000, `the gateway was ${ms(behindMs)} behind the group`)
      assert.deepEqual([work.lostWriters, work.lostReaders], [50, 0], 'sessions that were lost')
      const there = await idsAt(next)
      assert.deepEqual(
        [...work.acknowledged].filter((id) => !there.has(id)),
        [],
        'acknowledged, and not there',
      )
      assert.deepEqual(
        [...work.failed].filter((id) => there.has(id)),
        [],
        'failed, and there',
      )
      for (const id of there) assert.ok(work.acknowledged.has(id) || work.inFlight.has(id), `${id} is nobody's`)
    })

    test('a server that is killed is replaced by another one, and a new primary found as soon as it is one', async (t) => {
      const servers = await Promise.all([startMysqld(peers, mysqld), startMysqld(peers, mysqld)])
      const [primary, replica] = servers as [RunningServer, RunningServer]
      try {
        for (const server of servers) await prepared(server)
        await asRoot(replica, (root) => root.query('SET GLOBAL super_read_only = ON'))
        await using gateway = await opened(servers)
        await rolesKnown(gateway, 1)
        const writer = await session(gateway, 'writer')
        const anybody = await session(gateway, 'anybody')
        const lost = Promise.race([writer.closed, anybody.closed])
        await primary.stop()
        await lost
        const lostMs = performance.now()
        const other = await session(gateway, 'anybody')
        const otherMs = performance.now() - lostMs
        await other.query('SELECT 1')
        await assert.rejects(session(gateway, 'writer'), { code: 2003 })

        await asRoot(replica, (root) => root.query('SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF'))
        const promotedMs = performance.now()
        const next = await eventually(() => session(gateway, 'writer'))
        const promotionMs = performance.now() - promotedMs
        await next.query('INSERT INTO shop.t VALUES (1)')
        t.diagnostic(`another server after ${ms(otherMs)}, a new primary after ${ms(promotionMs)}`)
        assert.ok(otherMs < 1000 && promotionMs < 1000)
        for (const connection of [writer, anybody, other, next]) connection.destroy()
      } finally {
        await Promise.all(servers.map((server) => server.stop()))
      }
    })
  })
}

/** Clients at work, and what they were told. */
class Work {
  /** COMMIT was answered by OK; was sent and not answered; was not sent. */
  readonly acknowledged = new Set<number>()
  readonly inFlight = new Set<number>()
  readonly failed = new Set<number>()
  lostWriters = 0
  lostReaders = 0
  /** When a session that was begun after a loss wrote for the first time. */
  firstWriterMs = 0
  readonly #gateway: TestGateway
  #lastId = 0
  #stopped = false
  #clients: Promise<void>[] = []

  constructor(gateway: TestGateway) {
    this.#gateway = gateway
  }

  async start(writers: number, readers: number): Promise<void> {
    for (let i = 0; i < writers; i++) this.#employ(this.#write(await session(this.#gateway, 'writer')))
    for (let i = 0; i < readers; i++) this.#employ(this.#read(await session(this.#gateway, 'reader')))
  }

  /** What it fails by is told at the end. */
  #employ(client: Promise<void>): void {
    client.catch(() => {})
    this.#clients.push(client)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
  }

  async #write(first: Connection): Promise<void> {
    let connection = first
    for (;;) {
      try {
        await this.#transactions(connection)
        return await connection.close()
      } catch (error) {
        if (!isLoss(error)) throw error
        this.lostWriters++
      }
      connection = await eventually(() => session(this.#gateway, 'writer'))
    }
  }

  async #transactions(connection: Connection): Promise<void> {
    const again = this.lostWriters > 0
    while (!this.#stopped) {
      const id = ++this.#lastId
      let outcome = this.failed
      try {
        await connection.query('START TRANSACTION')
        await connection.query(`INSERT INTO shop.t VALUES (${id})`)
        outcome = this.inFlight
        await connection.query('COMMIT')
        outcome = this.acknowledged
      } finally {
        outcome.add(id)
      }
      if (again && this.firstWriterMs === 0) this.firstWriterMs = performance.now()
    }
  }

  async #read(connection: Connection): Promise<void> {
    while (!this.#stopped) {
      try {
        await connection.query('SELECT COUNT(*) FROM shop.t')
        await delay(5)
      } catch (error) {
        if (!isLoss(error)) throw error
        this.lostReaders++
        return
      }
    }
    await connection.close()
  }
}

/** The gateway says it, or the end of the connection does. */
function isLoss(error: unknown): boolean {
  return error instanceof MysqlError && (error.code === 2013 || error.code === 2006)
}

async function opened(servers: readonly RunningServer[]): Promise<TestGateway & AsyncDisposable> {
  const backends = servers.map(
    ({ port }, i): BackendOptions => ({
      name: `server ${i}`,
      connect: {
        host: '127.0.0.1',
        port,
        user: 'root',
        password: '',
        tls: { mode: 'DISABLED' },
        getServerPublicKey: true,
      },
    }),
  )
  const as = { user: 'app', credential: { password: 'secret' } }
  const gateway = await openTestGateway({
    backends,
    rules: [
      { user: 'writer', way: 'mapped', as, to: { role: 'primary' } },
      { user: 'reader', way: 'mapped', as, to: { role: 'replica' } },
      { user: 'anybody', way: 'mapped', as },
    ],
    accounts: ['writer', 'reader', 'anybody'].map((user) => ({ user, password: 'pw' })),
  })
  return { ...gateway, [Symbol.asyncDispose]: () => gateway.abandon() }
}

function session({ port }: TestGateway, user: string): Promise<Connection> {
  const tls = { mode: 'DISABLED' } as const
  return connect({ host: '127.0.0.1', port, user, password: 'pw', tls, getServerPublicKey: true })
}

async function prepared(server: RunningServer): Promise<void> {
  await asRoot(server, async (root) => {
    await root.query("CREATE USER app IDENTIFIED BY 'secret'")
    await root.query('GRANT ALL ON shop.* TO app')
    await root.query('CREATE DATABASE shop')
    await root.query('CREATE TABLE shop.t (id INT PRIMARY KEY)')
  })
}

async function rolesKnown({ gateway }: TestGateway, replicas: number): Promise<void> {
  const count = (role: string) => gateway.backends.all.filter((one) => one.role === role && one.state === 'up').length
  await until(() => count('primary') === 1 && count('replica') === replicas, 'the roles are known')
}

async function idsAt(server: RunningServer): Promise<Set<number>> {
  return asRoot(server, async (root) => {
    const { rows } = await root.query<{ id: number }>('SELECT id FROM shop.t')
    return new Set(rows.map(({ id }) => id))
  })
}

async function asRoot<T>({ socket }: RunningServer, act: (root: Connection) => Promise<T>): Promise<T> {
  await using root = await connect({ socketPath: socket, user: 'root', password: '' })
  return await act(root)
}

/** What `attempt` gives, tried again and again. Throws what it throws after 30 s. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + 30_000; ; ) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > end) throw error
      await delay(20)
    }
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 60_000; !condition(); await delay(5)) {
    assert.ok(performance.now() < end, `waited in vain until ${what}`)
  }
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
