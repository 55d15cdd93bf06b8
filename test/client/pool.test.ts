/** The pool: limits, waiting, cleaning, dying, draining; against our own front door. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { Connection } from '../../src/client/connection.ts'
import { createPool, type Lease, type Pool, type PoolOptions } from '../../src/client/pool.ts'
import { ConfigurationError } from '../../src/errors/errors.ts'
import { until } from '../support/door.ts'
import { type ClientDoor, openClientDoor } from './client-door.ts'

let server: ClientDoor

before(async () => {
  server = await openClientDoor()
})

after(() => server.close())

/** Uses a pool, and drains it whatever happens: a test that fails may not have given everything back. */
async function withPool(options: PoolOptions, use: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = createPool({ ...server.options, tls: { mode: 'DISABLED' }, getServerPublicKey: true, ...options })
  const lent = new Set<Lease>()
  const { connection } = pool
  pool.connection = async (how) => {
    const lease = await connection.call(pool, how)
    lent.add(lease)
    return lease
  }
  try {
    await use(pool)
  } finally {
    for (const lease of lent) lease.release('destroy')
    await pool.close()
  }
}

const pooled = (name: string, options: PoolOptions, use: (pool: Pool) => Promise<void>) =>
  it(name, () => withPool(options, use))

const take = (pool: Pool, count: number) => Promise.all(Array.from({ length: count }, () => pool.connection()))
const kill = (connection: Connection) => {
  server.door.registry.live.get(connection.connectionId)?.kill('connection')
  return connection.closed
}

describe('a pool', { timeout: 120_000 }, () => {
  pooled('opens nothing before it is asked, and uses again what comes back', {}, async (pool) => {
    assert.deepEqual(pool.counts, { all: 0, idle: 0, lent: 0, waiting: 0 })
    const first = await pool.connection()
    assert.deepEqual(pool.counts, { all: 1, idle: 0, lent: 1, waiting: 0 })
    const { connectionId } = first.connection
    first.release()
    first.release()
    const second = await pool.connection()
    assert.equal(second.connection.connectionId, connectionId)
    assert.deepEqual(pool.counts, { all: 1, idle: 0, lent: 1, waiting: 0 })
  })

  pooled('opens no more than its limit, and serves who waits in order', { limit: 2 }, async (pool) => {
    const [first, second] = await take(pool, 2)
    const order: number[] = []
    const waiting = [1, 2, 3].map(async (n) => {
      const lease = await pool.connection()
      order.push(n)
      lease.release()
    })
    assert.deepEqual(pool.counts, { all: 2, idle: 0, lent: 2, waiting: 3 })
    first?.release()
    second?.release()
    await Promise.all(waiting)
    assert.deepEqual(order, [1, 2, 3])
    assert.ok(pool.counts.all <= 2)
  })

  pooled('runs a thousand queries over ten connections', {}, async (pool) => {
    const before = server.door.registry.status.Connections
    const results = await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        i % 2 === 0 ? pool.execute<{ values: string }>('echo ?', [i]) : pool.query(`hex ${i}`),
      ),
    )
    assert.deepEqual(
      results.map(({ rows }) => Object.values(rows[0] as object)[0]),
      results.map((_, i) => (i % 2 === 0 ? `["bigint ${i}"]` : Buffer.from(String(i)).toString('hex'))),
    )
    assert.equal(server.door.registry.status.Connections, before + 10)
  })

  pooled('refuses who would be one too many in the queue', { limit: 1, queueLimit: 1 }, async (pool) => {
    const lease = await pool.connection()
    const waiting = pool.connection()
    await assert.rejects(pool.connection(), { symbol: 'CR_SERVER_GONE_ERROR', message: /too many wait/ })
    lease.release()
    await waiting
  })

  pooled('that lets nobody wait still lends what it has', { limit: 1, queueLimit: 0 }, async (pool) => {
    const lease = await pool.connection()
    await assert.rejects(pool.connection(), /too many wait/)
    lease.release()
    await until(() => pool.counts.idle === 1, 'it is back')
    await pool.connection()
  })

  pooled('lets nobody wait longer than said', { limit: 1, acquireTimeoutMs: 20 }, async (pool) => {
    const lease = await pool.connection()
    await assert.rejects(pool.connection(), { symbol: 'CR_SERVER_GONE_ERROR', message: /within 20 ms/ })
    assert.equal(pool.counts.waiting, 0)
    lease.release()
    await pool.connection()
  })

  pooled('gives a lease back at the end of its block, and after an exception', { limit: 1 }, async (pool) => {
    const failing = async () => {
      await using lease = await pool.connection()
      await lease.connection.ping()
      throw new Error('in the block')
    }
    await assert.rejects(failing(), /in the block/)
    await assert.rejects(pool.query('denied'), { symbol: 'ER_SPECIFIC_ACCESS_DENIED_ERROR' })
    assert.equal((await pool.query('rows 1')).rows.length, 1)
  })
})

describe('a pool between borrowers', { timeout: 120_000 }, () => {
  pooled('ends transactions and variables', { limit: 1 }, async (pool) => {
    const first = await pool.connection()
    await first.connection.query('set 7')
    await first.connection.query('begin')
    first.release()
    const second = await pool.connection()
    assert.equal(second.connection.connectionId, first.connection.connectionId)
    assert.equal(second.connection.session.inTransaction, false)
    assert.equal((await second.connection.query('state')).rows[0]?.variable, null)
  })

  pooled('keeps them when it is told not to reset', { limit: 1, reset: false }, async (pool) => {
    await pool.query('set 7')
    assert.equal((await pool.query('state')).rows[0]?.variable, '7')
  })

  pooled('does not lend a connection of another user or database again', { limit: 1 }, async (pool) => {
    for (const to of [{ user: 'other', password: 'pw-other' }, { database: 'shop' }]) {
      const lease = await pool.connection()
      await lease.connection.changeUser(to)
      lease.release()
      const [state] = (await pool.query('state')).rows
      assert.equal(state?.database, null)
      assert.equal((await pool.query('who')).rows[0]?.who, 'app@%')
    }
  })

  pooled('lets a statement end that its borrower did not wait for', { limit: 1 }, async (pool) => {
    const lease = await pool.connection()
    const forgotten = lease.connection.query('rows 1000')
    lease.release()
    assert.equal((await pool.query('rows 1')).rows.length, 1)
    assert.equal((await forgotten).rows.length, 1000)
  })

  pooled('replaces a connection whose borrower wants nobody to see it', { limit: 1 }, async (pool) => {
    const lease = await pool.connection()
    lease.release('destroy')
    assert.equal(lease.connection.open, false)
    const next = await pool.connection()
    assert.notEqual(next.connection.connectionId, lease.connection.connectionId)
  })

  pooled('replaces one that cannot be reset in time', { limit: 1, acquireTimeoutMs: 50 }, async (pool) => {
    const lease = await pool.connection()
    const stuck = assert.rejects(lease.connection.query('wait'), { symbol: 'CR_SERVER_LOST' })
    lease.release()
    await stuck
    assert.equal((await pool.query('rows 1')).rows.length, 1)
  })
})

describe('a pool whose connections die', { timeout: 120_000 }, () => {
  pooled('forgets one that died idle', { limit: 2 }, async (pool) => {
    const leases = await take(pool, 2)
    for (const lease of leases) lease.release()
    await until(() => pool.counts.idle === 2, 'both are back')
    await kill((leases[0] as Lease).connection)
    await until(() => pool.counts.all === 1, 'it is forgotten')
    assert.equal((await pool.query('rows 1')).rows.length, 1)
  })

  pooled('replaces one that died while it was lent', { limit: 1 }, async (pool) => {
    const lease = await pool.connection()
    await kill(lease.connection)
    lease.release()
    assert.equal((await pool.query('rows 1')).rows.length, 1)
  })

  pooled('asks one that was idle for a while whether it lives', { limit: 1, validateAfterMs: 0 }, async (pool) => {
    const lease = await pool.connection()
    lease.release()
    await until(() => pool.counts.idle === 1, 'it is back')
    const { Queries } = server.door.registry.status
    await pool.query('rows 1')
    // The ping, and the query.
    assert.ok(server.door.registry.status.Queries >= Queries + 2)
  })

  pooled('asks no more of them than there are borrowers', { limit: 3, validateAfterMs: 0 }, async (pool) => {
    for (const lease of await take(pool, 3)) lease.release()
    await until(() => pool.counts.idle === 3, 'all are back')
    const one = pool.connection()
    assert.equal(pool.counts.idle, 2)
    await one
  })

  pooled('closes what nobody has used for long, in time', { idleTimeoutMs: 30 }, async (pool) => {
    const leases = await take(pool, 3)
    for (const lease of leases) lease.release()
    await Promise.all(leases.map(({ connection }) => connection.closed))
    await until(() => pool.counts.all === 0, 'all are gone')
  })

  pooled('does not lend one that is too old', { limit: 1, maxLifetimeMs: 1 }, async (pool) => {
    const lease = await pool.connection()
    const born = performance.now()
    await until(() => performance.now() > born + 2, 'it is old')
    lease.release()
    const next = await pool.connection()
    assert.notEqual(next.connection.connectionId, lease.connection.connectionId)
    assert.equal(await lease.connection.closed, undefined)
  })
})

describe('a pool that cannot open connections', { timeout: 120_000 }, () => {
  pooled('tells each who waits why', { password: 'wrong', limit: 2 }, async (pool) => {
    const attempts = Array.from({ length: 5 }, () => pool.query('rows 1'))
    for (const outcome of await Promise.allSettled(attempts)) {
      assert.equal(outcome.status, 'rejected')
      assert.equal(outcome.reason.symbol, 'ER_ACCESS_DENIED_ERROR')
      assert.equal(outcome.reason.login.user, 'app')
    }
    assert.deepEqual(pool.counts, { all: 0, idle: 0, lent: 0, waiting: 0 })
  })

  pooled('tries anew for the next', { limit: 1, password: () => passwords.shift() ?? '' }, async (pool) => {
    await assert.rejects(pool.query('rows 1'), { symbol: 'ER_ACCESS_DENIED_ERROR' })
    assert.equal((await pool.query('rows 1')).rows.length, 1)
  })
  const passwords = ['wrong', 'pw-app']
})

describe('a pool that is closed', { timeout: 120_000 }, () => {
  it('waits for its borrowers, refuses who waits and who comes, and leaves nothing open', () =>
    withPool({ limit: 1 }, async (pool) => {
      const lease = await pool.connection()
      const waiting = assert.rejects(pool.connection(), { message: /the pool is closed/ })
      let closed = false
      const closing = pool.close().then(() => {
        closed = true
      })
      await waiting
      await assert.rejects(pool.query('rows 1'), { symbol: 'CR_SERVER_GONE_ERROR' })
      assert.equal((await lease.connection.query('rows 1')).rows.length, 1)
      assert.equal(closed, false)
      lease.release()
      await closing
      assert.equal(await lease.connection.closed, undefined)
      assert.deepEqual(pool.counts, { all: 0, idle: 0, lent: 0, waiting: 0 })
      await pool.close()
    }))

  it('closes a connection that was being opened', () =>
    withPool({ limit: 1 }, async (pool) => {
      const refused = assert.rejects(pool.connection(), /the pool is closed/)
      await pool.close()
      await refused
      assert.equal(pool.counts.all, 0)
    }))

  it('lets the process end', async () => {
    const program = join(import.meta.dirname, 'pool-user.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [program, String(server.port)], { timeout: 10_000 })
    assert.equal(stdout, 'done\n')
  })
})

describe('options of a pool', { timeout: 120_000 }, () => {
  const wrong: readonly [name: keyof PoolOptions, value: unknown][] = [
    ['limit', 0],
    ['limit', Number.NaN],
    ['limit', '10'],
    ['limit', 2.5],
    ['queueLimit', -1],
    ['acquireTimeoutMs', -1],
    ['acquireTimeoutMs', Number.POSITIVE_INFINITY],
    ['idleTimeoutMs', null],
    ['maxLifetimeMs', -1],
    ['validateAfterMs', 'soon'],
    ['reset', 'yes'],
  ]
  for (const [name, value] of wrong) {
    it(`that cannot work are named: ${name} ${value}`, () => {
      const refused = (error: Error) => error instanceof ConfigurationError && error.message.startsWith(name)
      assert.throws(() => createPool({ ...server.options, [name]: value }), refused)
    })
  }

  it('that cannot work for a connection are named before anything is opened', () => {
    assert.throws(() => createPool({ port: 0 }), ConfigurationError)
  })
})
