/** Rows as they come: no more of them in memory than the reader can use, and a connection that is free afterwards. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import { until } from '../support/door.ts'
import { type ClientDoor, flooded, openClientDoor, withConnection } from './client-door.ts'

let server: ClientDoor

before(async () => {
  server = await openClientDoor()
})

after(() => server.close())

const connected = (name: string, use: (connection: Connection) => Promise<void>) =>
  it(name, () => withConnection(server, {}, use))

const asStreams = {
  text: (connection: Connection, sql: string) => connection.stream<{ n: bigint }>(sql),
  binary: (connection: Connection, sql: string) => connection.stream<{ n: bigint }>(sql, []),
}

for (const [format, stream] of Object.entries(asStreams)) {
  describe(`a ${format} stream`, { timeout: 120_000 }, () => {
    connected('gives all rows in order, their columns, and the end', async (connection) => {
      const rows = stream(connection, 'rows 5000')
      assert.deepEqual([rows.columns, rows.end], [[], undefined])
      let n = 0n
      for await (const row of rows) assert.equal(row.n, ++n)
      assert.equal(n, 5000n)
      assert.deepEqual(
        rows.columns.map(({ name }) => name),
        ['n', 'text'],
      )
      assert.equal(rows.end?.affectedRows, 0n)
      assert.deepEqual(await rows.next(), { done: true, value: undefined })
    })

    connected('gives nothing of an empty result, and of a statement without rows the end', async (connection) => {
      for await (const _ of stream(connection, 'no-rows')) assert.fail('a row')
      const inserted = stream(connection, 'insert')
      for await (const _ of inserted) assert.fail('a row')
      assert.equal(inserted.end?.affectedRows, 3n)
    })

    connected('gives the rows of several results', async (connection) => {
      const seen: unknown[] = []
      for await (const row of stream(connection, 'two')) seen.push(row)
      assert.deepEqual(seen, [{ first: 1n }, { second: 'b' }])
    })

    connected('begins with the first step, and lets other commands wait for its end', async (connection) => {
      const rows = stream(connection, 'rows 3')
      assert.equal(connection.idle, true)
      const first = rows.next()
      const query = connection.query('rows 1')
      assert.deepEqual((await first).done, false)
      for await (const _ of rows);
      assert.equal((await query).rows.length, 1)
    })

    connected('gives overlapping steps a row each', async (connection) => {
      const rows = stream(connection, 'rows 3000')
      const steps = await Promise.all(Array.from({ length: 3001 }, () => rows.next()))
      assert.deepEqual(
        steps.slice(0, -1).map((step) => step.value?.n),
        Array.from({ length: 3000 }, (_, i) => BigInt(i + 1)),
      )
      assert.equal(steps.at(-1)?.done, true)
    })

    connected('lets the server wait for a slow reader', async (connection) => {
      const rows = stream(connection, 'flood')
      await rows.next()
      await untilServerWaits()
      assert.ok(flooded.rows < 100_000, `${flooded.rows} rows were sent`)
      await rows.return()
      await until(() => flooded.ended, 'the statement has ended')
      await connection.ping()
    })

    for (const [leave, by] of [
      ['break', 'a break'],
      ['throw', 'an exception'],
      ['return', 'return()'],
    ] as const) {
      connected(`is left by ${by} early, and the connection can be used`, async (connection) => {
        for (const sql of ['rows 10', 'rows 5000', 'flood']) {
          const rows = stream(connection, sql)
          const read = async () => {
            for await (const row of rows) {
              if (leave === 'break') break
              if (leave === 'throw') throw new Error(`enough of ${row.n}`)
              await rows.return()
            }
          }
          if (leave === 'throw') await assert.rejects(read(), /enough of 1/)
          else await read()
          assert.equal((await rows.next()).done, true)
          assert.equal((await connection.query('rows 1')).rows.length, 1)
        }
      })
    }

    connected('that is left before its turn never runs', async (connection) => {
      const ends = connection.query('ends')
      await until(() => server.statements.at(-1) === 'ends', 'it runs')
      const rows = stream(connection, 'rows 1 /* never */')
      const first = rows.next()
      await rows.return()
      assert.equal((await first).done, true)
      server.door.registry.live.get(connection.connectionId)?.kill('query')
      await ends
      await connection.ping()
      assert.ok(!server.statements.includes('rows 1 /* never */'))
    })

    connected('that is left before it began never begins', async (connection) => {
      const rows = stream(connection, 'rows 1 /* never */')
      await rows.return()
      assert.equal((await rows.next()).done, true)
      assert.ok(!server.statements.includes('rows 1 /* never */'))
    })

    connected('fails behind the rows that came before the error, once', async (connection) => {
      const rows = stream(connection, 'breaks 2000')
      let seen = 0
      const read = async () => {
        for await (const _ of rows) seen++
      }
      await assert.rejects(read(), { symbol: 'ER_QUERY_TIMEOUT' })
      assert.equal(seen, 2000)
      assert.equal((await rows.next()).done, true)
      await assert.rejects(stream(connection, 'denied').next(), { symbol: 'ER_SPECIFIC_ACCESS_DENIED_ERROR' })
      await connection.ping()
    })

    it('fails when the connection is lost in the middle', async () => {
      const connection = await server.connect()
      const rows = stream(connection, 'flood')
      await rows.next()
      connection.destroy()
      const read = async () => {
        for await (const _ of rows);
      }
      await assert.rejects(read(), { symbol: 'CR_SERVER_LOST' })
    })

    connected('holds as little when rows are large', async (connection) => {
      const rows = connection.stream<{ text: string }>('long 30000000', format === 'text' ? undefined : [])
      assert.equal((await rows.next()).value?.text.length, 30_000_000)
      assert.equal((await rows.next()).done, true)
    })
  })
}

describe('a stream of a million rows', { timeout: 120_000 }, () => {
  it('takes a fraction of its size in memory', async () => {
    const reader = fork(join(import.meta.dirname, 'slow-reader.ts'), [String(server.port), 'flood'])
    const ended = once(reader, 'exit')
    assert.deepEqual(await once(reader, 'message'), ['has the first row', undefined])
    await untilServerWaits()
    reader.send('go on')
    const [{ rows, before, most }] = await once(reader, 'message')
    assert.deepEqual(await ended, [0, null])
    assert.equal(rows, 1_000_000)
    assert.ok(most - before < 80 << 20, `${before >> 20} MiB before, ${most >> 20} MiB at most`)
  })
})

/** Resolves when the server has made no more rows for a while, because nobody takes them. */
async function untilServerWaits(): Promise<void> {
  let seen = 0
  let unchanged = 0
  await until(() => {
    unchanged = flooded.rows === seen ? unchanged + 1 : 0
    seen = flooded.rows
    return seen > 1 && unchanged > 100
  }, 'the server waits')
}
