/** Sessions of our client on real servers: how they are cleaned, changed, killed, given up, lost, and lent by a pool. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import { createPool } from '../../src/client/pool.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { until } from '../support/door.ts'
import type { ServerOfClient } from './our-connection.ts'

export function testSessions(server: () => ServerOfClient): void {
  describe('sessions', { timeout: 120_000 }, () => {
    let administrator: Connection

    before(async () => {
      administrator = await server().connect({ database: 'test' })
      for (const user of ['plain', 'other']) {
        await administrator.query(`DROP USER IF EXISTS ${user}@'%'`)
        await administrator.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'pw-${user}'`)
        await administrator.query(`GRANT ALL ON test.* TO ${user}@'%'`)
      }
      await administrator.query('CREATE TABLE IF NOT EXISTS held (n INT)')
    })
    after(() => administrator.close())

    /** What the server says that a session does; `undefined` when there is none. */
    const infoOf = async ({ connectionId }: Connection) => {
      const { rows } = await administrator.execute<{ info: string | null }>(
        'SELECT info AS info FROM information_schema.processlist WHERE id = ?',
        [connectionId],
      )
      return rows[0] === undefined ? undefined : (rows[0].info ?? '')
    }
    const untilServer = async (
      condition: (info: string | undefined) => boolean,
      connection: Connection,
      what: string,
    ) => {
      const end = performance.now() + 10_000
      while (!condition(await infoOf(connection))) assert.ok(performance.now() < end, `waited in vain until ${what}`)
    }
    const sleeping = (info: string | undefined) => info?.includes('SLEEP') === true
    const plain = () => server().connect({ user: 'plain', password: 'pw-plain', database: 'test' })

    test('are clean after a reset: variables, transactions, tables, character set', async () => {
      await using connection = await plain()
      await connection.ping()
      await connection.query("SET @mine = 5, SESSION sql_mode = 'ANSI'")
      await connection.query('CREATE TEMPORARY TABLE mine (n INT)')
      await connection.query('BEGIN')
      await connection.query('INSERT INTO held VALUES (1)')
      assert.equal(connection.session.inTransaction, true)
      await connection.resetConnection()
      assert.equal(connection.session.inTransaction, false)
      const { rows } = await connection.query(
        "SELECT @mine AS mine, DATABASE() AS db, '🎉' AS emoji, (SELECT COUNT(*) FROM held) AS n",
      )
      assert.deepEqual({ ...rows[0], n: Number(rows[0]?.n) }, { mine: null, db: 'test', emoji: '🎉', n: 0 })
      const parameters = await connection.execute("SELECT ? AS emoji, 'ß' AS s", ['🎉'])
      assert.deepEqual(parameters.rows, [{ emoji: '🎉', s: 'ß' }])
      await assert.rejects(connection.query('SELECT * FROM mine'), { code: 1146 })
    })

    test('become another user', async () => {
      await using connection = await plain()
      await connection.query('SET @mine = 5')
      await connection.execute('SELECT 1')
      await connection.changeUser({ user: 'other', password: 'pw-other' })
      const sql = "SELECT USER() AS user, DATABASE() AS db, @mine AS mine, '🎉' AS emoji"
      for (const { rows } of [await connection.query(sql), await connection.execute(sql)]) {
        assert.match(String(rows[0]?.user), /^other@/)
        assert.deepEqual([rows[0]?.db, rows[0]?.mine, rows[0]?.emoji], [null, null, '🎉'])
      }
      await connection.changeUser({ database: 'test' })
      assert.match(String((await connection.query('SELECT USER() AS user')).rows[0]?.user), /^plain@/)
      assert.equal(connection.session.database, 'test')
    })

    test('that may not become another user say why, and go on or end as the server wants', async () => {
      for (const to of [
        { user: 'other', password: 'wrong' },
        { user: 'other' },
        { database: 'mysql' },
        { user: 'nobody' },
      ]) {
        const connection = await plain()
        const error = await connection.changeUser(to).catch((refused) => refused)
        assert.ok(error instanceof MysqlError)
        assert.ok(['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR'].includes(error.symbol), error.symbol)
        assert.equal(error.login?.user, to.user ?? 'plain')
        const after = await connection.query('SELECT 1').catch((lost: unknown) => lost)
        if (after instanceof Error) {
          assert.ok(after instanceof MysqlError, String(after))
          assert.ok(['CR_SERVER_GONE_ERROR', 'CR_SERVER_LOST'].includes(after.symbol), after.symbol)
        }
        await connection.close()
      }
    })

    test('that are killed fail the statement that runs', async () => {
      const connection = await plain()
      const running = connection.query('SELECT SLEEP(30)').catch((lost) => lost)
      await untilServer(sleeping, connection, 'it runs')
      await administrator.query(`KILL CONNECTION ${connection.connectionId}`)
      const error = await running
      assert.ok(['CR_SERVER_LOST', 'ER_QUERY_INTERRUPTED', 'ER_CONNECTION_KILLED'].includes(error.symbol), error.symbol)
      assert.ok((await connection.closed) instanceof MysqlError)
    })

    test('that are killed while they idle fail the next statement with 2006, and the reason of the server', async () => {
      const connection = await plain()
      await administrator.query(`KILL CONNECTION ${connection.connectionId}`)
      const reason = await connection.closed
      assert.ok(reason instanceof MysqlError)
      const error = await connection.query('SELECT 1').catch((gone) => gone)
      assert.equal(error.symbol, 'CR_SERVER_GONE_ERROR')
      assert.equal(error.cause, reason)
    })

    test('that idle for too long tell what the server said', async () => {
      const connection = await plain()
      await connection.query('SET SESSION wait_timeout = 1')
      const reason = await connection.closed
      // MySQL names the timeout; MariaDB says that the connection was killed, or nothing.
      if (server().product === 'MySQL') assert.equal(reason?.symbol, 'ER_CLIENT_INTERACTION_TIMEOUT')
      await assert.rejects(connection.query('SELECT 1'), { symbol: 'CR_SERVER_GONE_ERROR' })
    })

    test('fail a statement that another one kills', async () => {
      await using connection = await plain()
      const running = connection.query(
        'SELECT COUNT(*) AS n FROM information_schema.columns a, information_schema.columns b, information_schema.columns c',
      )
      const failed = assert.rejects(running, { symbol: 'ER_QUERY_INTERRUPTED', code: 1317 })
      await untilServer((info) => info?.includes('columns a') === true, connection, 'it runs')
      await administrator.query(`KILL QUERY ${connection.connectionId}`)
      await failed
      await connection.ping()
    })

    test('whose statement is given up can be used at once, and the server has stopped', async () => {
      await using connection = await plain()
      const ways = [
        (signal: AbortSignal) => connection.query('SELECT SLEEP(30)', { signal }),
        (signal: AbortSignal) => connection.execute('SELECT SLEEP(?)', [30], { signal }),
        (signal: AbortSignal) => connection.stream('SELECT SLEEP(30)', undefined, { signal }).next(),
      ]
      for (const way of ways) {
        const controller = new AbortController()
        const failed = assert.rejects(way(controller.signal), /enough/)
        await untilServer(sleeping, connection, 'it runs')
        const start = performance.now()
        controller.abort(new Error('enough'))
        await failed
        assert.equal((await connection.query('SELECT 1')).rows.length, 1)
        assert.ok(performance.now() - start < 5000)
        assert.ok(!sleeping(await infoOf(connection)))
      }
    })

    test('are not hurt by a kill that comes when the statement has just ended', async () => {
      await using connection = await plain()
      for (let i = 0; i < 60; i++) {
        const controller = new AbortController()
        const run = connection.query(`SELECT SLEEP(${(i % 6) / 1000})`, { signal: controller.signal })
        const outcome = run.catch((error: unknown) => error)
        // Once for each moment of the few milliseconds that it takes.
        if (i % 3 === 0) controller.abort(new Error('enough'))
        else setImmediate(() => controller.abort(new Error('enough')))
        await outcome
        const { rows } = await connection.execute('SELECT SLEEP(0) AS slept, ? AS i', [i])
        assert.deepEqual([Number(rows[0]?.slept), Number(rows[0]?.i)], [0, i])
      }
    })

    test('end every second statement of a hundred, and the others are right', async () => {
      await using connection = await plain()
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const signal = i % 2 === 0 ? AbortSignal.timeout(i) : undefined
          return connection
            .query(`SELECT ${i} AS i, SLEEP(0.002)`, signal === undefined ? {} : { signal })
            .then(({ rows }) => Number(rows[0]?.i))
            .catch((error: Error) => error.name)
        }),
      )
      for (const [i, outcome] of outcomes.entries()) {
        if (i % 2 === 1) assert.equal(outcome, i)
        else assert.ok(outcome === i || outcome === 'TimeoutError', String(outcome))
      }
    })

    test('are lent by a pool, and clean each time', async () => {
      const pool = createPool({ ...server().options, user: 'plain', password: 'pw-plain', database: 'test', limit: 1 })
      {
        await using lease = await pool.connection()
        await lease.connection.query('SET @mine = 5')
        await lease.connection.query('BEGIN')
        await lease.connection.query('INSERT INTO held VALUES (1)')
      }
      const [row] = (await pool.query("SELECT @mine AS mine, (SELECT COUNT(*) FROM held) AS n, '🎉' AS emoji")).rows
      assert.deepEqual([row?.mine, Number(row?.n), row?.emoji], [null, 0, '🎉'])
      await pool.query('USE information_schema')
      assert.equal((await pool.query('SELECT DATABASE() AS db')).rows[0]?.db, 'test')
      const { connectionId } = (await pool.query('SELECT CONNECTION_ID() AS connectionId')).rows[0] ?? {}
      await until(() => pool.counts.idle === 1, 'it is back')
      await administrator.query(`KILL CONNECTION ${connectionId}`)
      assert.equal((await pool.query('SELECT 1')).rows.length, 1)
      await pool.close()
    })

    test('of a pool run a thousand queries over ten connections', async () => {
      await using pool = createPool({ ...server().options, user: 'plain', password: 'pw-plain', limit: 10 })
      const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => pool.execute('SELECT ? + 0 AS i', [i])))
      assert.deepEqual(
        results.map(({ rows }) => Number(rows[0]?.i)),
        results.map((_, i) => i),
      )
      assert.ok(pool.counts.all <= 10)
    })
  })
}
