/** Transaction mode before a front door whose sessions keep variables: who has which connection when, and what goes with it. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { openDoor, type TestDoor, until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { walk } from '../support/sharing-walk.ts'
import { onVariables, type Statement } from './variables.ts'

describe('a gateway in transaction mode', () => {
  let backend: TestDoor
  let gateway: TestGateway
  const seen: Statement[] = []

  before(async () => {
    backend = await openDoor({
      accounts: [
        { user: 'watch', password: 'watching' },
        { user: 'shared', password: 'behind', databases: everywhere },
        { user: 'other', password: 'behind', databases: everywhere },
      ],
      databases: 'any',
      handler: () => onVariables(seen),
      settings: { max_connections: 1000 },
    })
    const as = (user: string) => ({ user, credential: { password: 'behind' } })
    const connectTo = { host: '127.0.0.1', port: backend.port, ...plain, user: 'watch', password: 'watching' }
    gateway = await openTestGateway({
      backends: [{ name: 'one', connect: connectTo }],
      rules: [
        { user: 'clerk', way: 'mapped', as: as('shared'), pool: 'transaction' },
        { user: 'guest', way: 'mapped', as: as('other'), pool: 'transaction' },
      ],
      accounts: [
        { user: 'clerk', password: 'mine' },
        { user: 'guest', password: 'mine' },
      ],
      pool: { maxPerIdentity: 1 },
      settings: { max_connections: 1000 },
    })
  })

  after(async () => {
    await gateway.close()
    await backend.close()
  })

  beforeEach(() => {
    limit(1)
  })

  afterEach(async () => {
    const { pool, backends } = gateway.gateway
    await until(() => {
      pool.discard(() => false)
      return backends.all[0]?.connections === 0
    }, 'every link is closed')
  })

  function limit(maxPerIdentity: number, queueMs = 10_000): void {
    gateway.gateway.pool.limits = { ...gateway.gateway.pool.limits, maxPerIdentity, queueMs }
  }

  function open(more: Partial<ConnectOptions> = {}): Promise<Connection> {
    const options = { host: '127.0.0.1', port: gateway.port, user: 'clerk', password: 'mine', ...plain, ...more }
    return connect({ ...options, database: 'app', ...more })
  }

  function pinOf({ connectionId }: Connection): string | undefined {
    return gateway.gateway.passages.get(connectionId)?.pair?.pin
  }

  function linkOf({ connectionId }: Connection): number | undefined {
    return gateway.gateway.passages.get(connectionId)?.pair?.link?.connectionId
  }

  async function value(connection: Connection, sql: string): Promise<unknown> {
    const { rows } = await connection.query<{ value: unknown }>(sql)
    return rows[0]?.value
  }

  async function withClients(
    count: number,
    use: (...clients: [Connection, Connection, ...Connection[]]) => Promise<void>,
  ): Promise<void> {
    const clients: Connection[] = []
    try {
      for (let i = 0; i < count; i++) clients.push(await open())
      await use(...(clients as [Connection, Connection]))
    } finally {
      await Promise.all(clients.map((client) => client.close()))
    }
  }

  it('serves many clients by few connections, each with its own variables', async () => {
    limit(10)
    await withClients(200, async (...clients) => {
      await Promise.all(clients.map((client, i) => client.query(`SET number=${i % 7}`)))
      const numbers = await Promise.all(clients.map((client) => value(client, 'GET number')))
      assert.deepEqual(
        numbers,
        clients.map((_, i) => `${i % 7}`),
      )
      assert.equal(gateway.gateway.backends.all[0]?.connections, 10)
    })
  })

  it('hands a connection on between equal sessions at no cost', async () => {
    await withClients(2, async (a, b) => {
      await a.query("SET mode='ANSI'")
      await b.query("SET mode='ANSI'")
      assert.equal(await value(a, 'GET mode'), 'ANSI')
      seen.length = 0
      for (const client of [b, a, b, a]) assert.equal(await value(client, 'GET mode'), 'ANSI')
      assert.deepEqual(
        seen.map(({ sql }) => sql),
        ['GET mode', 'GET mode', 'GET mode', 'GET mode'],
      )
      assert.equal(new Set(seen.map(({ session }) => session)).size, 1)
    })
  })

  it('leaves a client its connection as long as nobody else needs it', async () => {
    limit(2)
    await withClients(2, async (a, b) => {
      await a.query('SET x=1')
      const mine = linkOf(a)
      assert.notEqual(mine, undefined)
      assert.equal(await value(a, 'GET x'), '1')
      assert.equal(linkOf(a), mine)
      await b.query('GET x')
      assert.equal(linkOf(a), undefined)
    })
  })

  it('takes the default database along, and none at all', async () => {
    await withClients(2, async (a, b) => {
      await a.query('USE first')
      await b.query('USE second')
      assert.equal(await value(a, 'DATABASE'), 'first')
      assert.equal(await value(b, 'DATABASE'), 'second')
      const options = { host: '127.0.0.1', port: gateway.port, user: 'clerk', password: 'mine', ...plain }
      await using none = await connect(options)
      assert.equal(await value(none, 'DATABASE'), null)
      assert.equal(await value(a, 'DATABASE'), 'first')
    })
  })

  const pins: readonly (readonly [statement: string, reason: string])[] = [
    ['BEGIN', 'transaction'],
    ['SET autocommit=0', 'autocommit=0'],
    ['SET @a = 1', 'user variable'],
    ['CHANGE SOMETHING', 'session state'],
    ['SELECT a INTO @b', 'user variable'],
    ["SELECT GET_LOCK('a', 1)", 'GET_LOCK()'],
    ['HANDLER t OPEN', 'HANDLER'],
    ['CALL p()', 'CALL'],
    ["PREPARE s FROM 'x'", 'PREPARE'],
    ['SET ROLE boss', 'SET ROLE'],
    ['FLUSH TABLES WITH READ LOCK', 'FLUSH'],
    ['SET timestamp=5', 'variable timestamp'],
    ['SET session_track_schema=OFF', 'session tracking changed'],
    [`SELECT '${'x'.repeat(0x40000)}'`, 'long statement'],
  ]
  for (const [statement, reason] of pins) {
    it(`pins for ${reason}, until the connection is reset: ${statement.slice(0, 40)}`, async () => {
      await withClients(2, async (a, b) => {
        await a.query(statement)
        assert.equal(pinOf(a), reason)
        limit(1, 0)
        await assert.rejects(b.query('GET x'), { code: 1040 })
        await a.resetConnection()
        assert.equal(pinOf(a), undefined)
        assert.equal(await value(b, 'GET x'), null)
        assert.equal(await value(a, 'DATABASE'), 'app')
      })
    })
  }

  it('pins for a prepared statement until it is closed', async () => {
    await withClients(2, async (a, b) => {
      const statement = await a.prepare('GET x')
      await statement.execute()
      assert.equal(pinOf(a), 'prepared statement')
      await statement.close()
      await b.query('GET x')
      assert.equal(linkOf(a), undefined)
    })
  })

  it('says so when no connection becomes free, and the session goes on', async () => {
    await withClients(2, async (a, b) => {
      await b.query('SET x=7')
      await a.query('BEGIN')
      limit(1, 0)
      await assert.rejects(b.query('GET x'), { code: 1040, message: /the session goes on/ })
      limit(1)
      const late = value(b, 'GET x')
      await a.query('COMMIT')
      assert.equal(await late, '7')
    })
  })

  it('keeps warnings for the next command', async () => {
    await withClients(2, async (a, b) => {
      await a.query('WARN')
      const other = b.query('GET x')
      await a.query('SHOW WARNINGS')
      const { sql, session } = seen.findLast(({ sql }) => sql === 'SHOW WARNINGS') as Statement
      assert.equal(session, seen.findLast((one) => one.sql === 'WARN')?.session, sql)
      await other
    })
  })

  it('never gives a client a connection of another identity', async () => {
    await withClients(2, async (a, b) => {
      await using guest = await open({ user: 'guest' })
      for (const client of [a, b, a]) {
        assert.equal(await value(client, 'USER'), 'shared')
        assert.equal(await value(guest, 'USER'), 'other')
      }
    })
  })

  it('does not trouble a client by the loss of a connection that it could do without', async () => {
    await withClients(1, async (a) => {
      await a.query('SET x=3')
      backend.door.registry.live.get(linkOf(a) as number)?.kill('connection')
      await until(() => linkOf(a) === undefined, 'the connection is lost')
      assert.equal(await value(a, 'GET x'), '3')
      await a.query('BEGIN')
      backend.door.registry.live.get(linkOf(a) as number)?.kill('connection')
      await assert.rejects(a.query('GET x'))
    })
  })

  it('has nothing to kill where a client has no connection', async () => {
    await withClients(2, async (a, b) => {
      await b.query('GET x')
      assert.equal(linkOf(a), undefined)
      await b.query(`KILL QUERY ${a.connectionId}`)
      assert.equal(await value(a, 'GET x'), null)
    })
  })

  it('changes the user of a session that has no connection', async () => {
    await withClients(2, async (a, b) => {
      await a.query('SET x=1')
      await b.query('GET x')
      await a.changeUser({ user: 'guest', password: 'mine', database: 'app' })
      assert.equal(await value(a, 'USER'), 'other')
      assert.equal(await value(a, 'GET x'), null)
    })
  })

  it('shows each of several sessions what a connection of its own would', async () => {
    limit(3)
    const steps = [
      ...[
        'SET x=1',
        'SET x=2',
        "SET y='a b'",
        'GET x',
        'GET y',
        'SET @u = 1',
        'GET @u',
        'BEGIN',
        'COMMIT',
        'TRANSACTION',
      ],
      ...['USE one', 'USE two', 'DATABASE', 'SET autocommit=0', 'SET autocommit=1', 'FAIL', 'reset', 'statement'],
    ]
    const own = { host: '127.0.0.1', port: backend.port, ...plain, user: 'shared', password: 'behind', database: 'app' }
    const twins = { open: (shared: boolean) => (shared ? open() : connect(own)), gateway: gateway.gateway }
    await walk({ steps, sessions: 4, links: 3, length: 60, runs: 20 }, twins)
  })

  it('ends clients that have no connection when it is drained', async () => {
    const [a, b] = [await open(), await open()]
    await b.query('GET x')
    for (const { pair } of gateway.gateway.passages.values()) pair?.drain()
    await assert.rejects(a.query('GET x'))
    await assert.rejects(b.query('GET x'))
  })
})

const everywhere = new Map([['%', new Set(['SELECT'] as const)]])

const plain = { tls: { mode: 'DISABLED' }, getServerPublicKey: true } as const
