/** What a connection does for its owner, one command after the other: against our own front door. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import { ConfigurationError } from '../../src/errors/errors.ts'
import { type ClientDoor, openClientDoor, withConnection } from './client-door.ts'

let server: ClientDoor

before(async () => {
  server = await openClientDoor()
})

after(() => server.close())

const connected = (name: string, use: (connection: Connection) => Promise<void>) =>
  it(name, () => withConnection(server, {}, use))

describe('query', { timeout: 120_000 }, () => {
  connected('gives rows, and the numbers of a statement without rows', async (connection) => {
    const { rows, columns, next } = await connection.query('rows 2')
    assert.deepEqual(rows, [
      { n: 1n, text: 'row 1' },
      { n: 2n, text: 'row 2' },
    ])
    assert.deepEqual(
      columns.map(({ name }) => name),
      ['n', 'text'],
    )
    assert.equal(next, undefined)
    const done = await connection.query('insert')
    assert.deepEqual(done.rows, [])
    assert.deepEqual(done.columns, [])
    assert.equal(done.affectedRows, 3n)
    assert.equal(done.lastInsertId, 12n)
    assert.equal(done.warnings, 2)
    assert.equal(done.info, 'Records: 3')
  })

  connected('chains several results', async (connection) => {
    const first = await connection.query('two')
    assert.deepEqual(first.rows, [{ first: 1n }])
    assert.equal(first.next?.affectedRows, 1n)
    assert.deepEqual(first.next?.next?.rows, [{ second: 'b' }])
    assert.equal(first.next?.next?.next, undefined)
  })

  connected('gives rows as arrays, and numbers as asked', async (connection) => {
    const { rows } = await connection.query('rows 1', { rowsAs: 'array', bigint: 'number' })
    assert.deepEqual(rows, [[1, 'row 1']])
  })

  connected(
    'fails with the error of the server, in the middle of rows too, and the connection goes on',
    async (connection) => {
      const denied = { name: 'ServerError', code: 1227, sqlState: '42000', symbol: 'ER_SPECIFIC_ACCESS_DENIED_ERROR' }
      await assert.rejects(connection.query('denied'), denied)
      await assert.rejects(connection.query('breaks 5'), { name: 'ServerError', symbol: 'ER_QUERY_TIMEOUT' })
      assert.equal((await connection.query('rows 1')).rows.length, 1)
    },
  )

  connected('tracks the transaction and the database', async (connection) => {
    await connection.query('begin')
    assert.equal(connection.session.inTransaction, true)
    assert.equal(connection.session.autocommit, true)
    await connection.query('commit')
    assert.equal(connection.session.inTransaction, false)
    assert.equal(connection.session.database, undefined)
  })

  it('refuses what is no text, before anything is sent', () =>
    withConnection(server, {}, async (connection) => {
      const seen = server.statements.length
      await assert.rejects(connection.query(1 as unknown as string), ConfigurationError)
      await assert.rejects(connection.execute(1 as unknown as string), ConfigurationError)
      assert.equal(server.statements.length, seen)
    }))
})

describe('execute', { timeout: 120_000 }, () => {
  const values: readonly [value: unknown, seen: string][] = [
    [null, 'null'],
    [true, 'number 1'],
    [false, 'number 0'],
    [0, 'bigint 0'],
    [-1, 'bigint -1'],
    [2 ** 40, 'bigint 1099511627776'],
    [1.5, 'number 1.5'],
    [-(2n ** 63n), 'bigint -9223372036854775808'],
    [2n ** 63n, 'bigint 9223372036854775808'],
    [2n ** 64n - 1n, 'bigint 18446744073709551615'],
    ['', 'string '],
    ['Grüße 🎉', 'string Grüße 🎉'],
    ['x'.repeat(70_000), `string ${'x'.repeat(70_000)}`],
    [Uint8Array.of(0, 255), 'bytes 00ff'],
    [Float32Array.of(1), 'bytes 0000803f'],
    [{ a: [1, null] }, 'string {"a":[1,null]}'],
    [new Date('2026-01-02T03:04:05.006Z'), 'string 2026-01-02 03:04:05.006000'],
  ]

  for (const [value, seen] of values) {
    connected(`hands over ${typeof value} ${seen.slice(0, 40)}`, async (connection) => {
      const { rows } = await connection.execute<{ values: string }>('echo ?', [value])
      assert.deepEqual(JSON.parse(rows[0]?.values ?? ''), [seen])
    })
  }

  connected('hands over all of them at once, and once more with other types', async (connection) => {
    const sql = `echo ${values.map(() => '?').join()}`
    for (const each of [values, values.toReversed()]) {
      const { rows } = await connection.execute<{ values: string }>(
        sql,
        each.map(([value]) => value),
      )
      assert.deepEqual(
        JSON.parse(rows[0]?.values ?? ''),
        each.map(([, seen]) => seen),
      )
    }
  })

  connected('prepares a text once more for values of another kind, and NULL is of any', async (connection) => {
    const { status } = server.door.registry
    const held = status.Prepared_stmt_count
    for (const value of [null, 1, 2n ** 63n, null, 'text', 1.5, 'more', 2.5, 3, true, null, Buffer.from([0xff])]) {
      await connection.execute('echo ?', [value])
    }
    assert.equal(status.Prepared_stmt_count, held + 3)
  })

  connected('takes the values as they are when it is called', async (connection) => {
    const given = [1]
    const echoed = connection.execute<{ values: string }>('echo ?', given)
    given[0] = 2
    assert.equal((await echoed).rows[0]?.values, '["bigint 1"]')
  })

  connected('refuses another number of values, and values that SQL does not have', async (connection) => {
    await assert.rejects(connection.execute('echo ?', []), { name: 'ConfigurationError', message: /1 parameters/ })
    await assert.rejects(connection.execute('echo ?', [1, 2]), ConfigurationError)
    await assert.rejects(connection.execute('echo ?', [undefined]), ConfigurationError)
    await assert.rejects(connection.execute('echo ?', [Number.NaN]), ConfigurationError)
    assert.equal((await connection.execute('rows 1')).rows.length, 1)
  })

  connected('prepares a text once, and gives the same rows as query', async (connection) => {
    const held = server.door.registry.status.Prepared_stmt_count
    for (let i = 0; i < 3; i++) {
      assert.deepEqual((await connection.execute('rows 3')).rows, (await connection.query('rows 3')).rows)
    }
    assert.equal(server.door.registry.status.Prepared_stmt_count, held + 1)
  })

  connected('keeps two hundred statements, and closes the one that was not used for longest', async (connection) => {
    const { status } = server.door.registry
    const held = status.Prepared_stmt_count
    /** How many commands an execution takes: one, when the statement is known. */
    const commandsOf = async (i: number) => {
      const before = status.Queries
      await connection.execute(`rows 1 /* ${i} */`)
      return status.Queries - before
    }
    for (let i = 0; i < 200; i++) assert.equal(await commandsOf(i), 2)
    assert.equal(status.Prepared_stmt_count, held + 200)
    assert.equal(await commandsOf(0), 1)
    await commandsOf(200)
    await connection.ping()
    assert.equal(status.Prepared_stmt_count, held + 200)
    assert.equal(await commandsOf(0), 1, 'one used lately is kept')
    assert.notEqual(await commandsOf(1), 1, 'the one not used for longest is closed')
    await connection.ping()
    assert.equal(status.Prepared_stmt_count, held + 200)
  })

  connected('fails with the error of the server, when it prepares too', async (connection) => {
    await assert.rejects(connection.execute('denied'), { symbol: 'ER_SPECIFIC_ACCESS_DENIED_ERROR' })
    await assert.rejects(connection.execute('breaks 5'), { symbol: 'ER_QUERY_TIMEOUT' })
    assert.equal((await connection.execute('rows 3')).rows.length, 3)
  })
})

describe('a prepared statement', { timeout: 120_000 }, () => {
  connected('runs until it is closed', async (connection) => {
    const held = server.door.registry.status.Prepared_stmt_count
    const statement = await connection.prepare('echo ?')
    assert.equal(statement.parameterCount, 1)
    for (const value of [1, 'two', null]) assert.equal((await statement.execute([value])).rows.length, 1)
    await assert.rejects(statement.execute([]), ConfigurationError)
    let rows = 0
    for await (const _ of statement.stream(['three'])) rows++
    assert.equal(rows, 1)
    statement.close()
    statement.close()
    await connection.ping()
    assert.equal(server.door.registry.status.Prepared_stmt_count, held)
    await assert.rejects(statement.execute([1]), { symbol: 'ER_UNKNOWN_STMT_HANDLER' })
  })

  connected('is closed at the end of its block', async (connection) => {
    const held = server.door.registry.status.Prepared_stmt_count
    {
      await using statement = await connection.prepare('rows 1')
      await statement.execute()
    }
    await connection.ping()
    assert.equal(server.door.registry.status.Prepared_stmt_count, held)
  })
})

describe('commands', { timeout: 120_000 }, () => {
  connected('run in the order in which they are called', async (connection) => {
    const seen = server.statements.length
    const order: string[] = []
    const all = [
      connection.execute('echo ?', [1]),
      connection.query('rows 1'),
      connection.execute('echo ?', [2]),
      connection.ping(),
      connection.query('rows 2'),
    ].map((done, i) => done.then(() => order.push(String(i))))
    assert.equal(connection.idle, false)
    await Promise.all(all)
    assert.equal(connection.idle, true)
    assert.deepEqual(order, ['0', '1', '2', '3', '4'])
    assert.deepEqual(server.statements.slice(seen), ['echo ?', 'rows 1', 'echo ?', 'rows 2'])
  })

  connected('are a thousand at once', async (connection) => {
    const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => connection.execute('echo ?', [i])))
    assert.deepEqual(
      results.map(({ rows }) => rows[0]?.values),
      results.map((_, i) => `["bigint ${i}"]`),
    )
  })

  connected('called ahead of a reset are not mixed up with it', async (connection) => {
    await connection.execute('echo ?', [1])
    const [, again] = await Promise.all([connection.resetConnection(), connection.execute('echo ?', [2])])
    assert.deepEqual(again.rows, [{ values: '["bigint 2"]' }])
    const [first] = await Promise.all([connection.execute('who'), connection.resetConnection()])
    assert.equal(first.rows.length, 1)
  })

  connected('called ahead of a change of user are not mixed up with it', async (connection) => {
    const execute = () => connection.execute<{ who: string }>('who')
    await execute()
    const [, after] = await Promise.all([connection.changeUser({ user: 'other', password: 'pw-other' }), execute()])
    assert.equal(after.rows[0]?.who, 'other@%')
  })
})
