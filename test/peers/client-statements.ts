/** Statements that the front door does not know, through our client: procedures, files, transactions, attributes, large packets. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import type { LocalInfile } from '../../src/client/local-infile.ts'
import { capability, has } from '../../src/packets/capabilities.ts'
import type { ServerOfClient } from './our-connection.ts'

export function testStatements(server: () => ServerOfClient): void {
  describe('statements', { timeout: 120_000 }, () => {
    let connection: Connection

    before(async () => {
      connection = await server().connect({ database: 'test' })
      await connection.query('DROP TABLE IF EXISTS kept')
      await connection.query(
        'CREATE TABLE kept (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100) CHARACTER SET utf8mb4)',
      )
      await connection.query('DROP PROCEDURE IF EXISTS several')
      await connection.query(
        "CREATE PROCEDURE several(IN n INT) BEGIN SELECT n AS first; SELECT 'b' AS second, n + 1 AS third; INSERT INTO kept (text) VALUES ('p'); END",
      )
    })
    after(() => connection.close())

    const rowsOf = async (sql: string) => (await connection.query(sql)).rows
    const count = async () => Number((await connection.query('SELECT COUNT(*) AS n FROM kept')).rows[0]?.n)

    test('tell how many rows they changed, the id, the text and the warnings', async () => {
      await connection.query('TRUNCATE kept')
      const inserted = await connection.query("INSERT INTO kept (text) VALUES ('a'), ('b'), ('b')")
      assert.deepEqual([inserted.affectedRows, inserted.lastInsertId], [3n, 1n])
      assert.equal(inserted.info, 'Records: 3  Duplicates: 0  Warnings: 0')
      const updated = await connection.execute('UPDATE kept SET text = ? WHERE text IN (?, ?)', ['a', 'a', 'b'])
      assert.equal(updated.affectedRows, 2n)
      assert.equal(updated.info, 'Rows matched: 3  Changed: 2  Warnings: 0')
      const warned = await connection.query("SELECT CAST('12x' AS SIGNED) AS n")
      assert.deepEqual([Number(warned.rows[0]?.n), warned.warnings], [12, 1])
      assert.equal((await rowsOf('SHOW WARNINGS'))[0]?.Code, 1292)
      await using finder = await server().connect({ database: 'test', foundRows: true })
      assert.equal((await finder.query("UPDATE kept SET text = 'a'")).affectedRows, 3n)
    })

    test('give several results: CALL by both protocols, and as a stream', async () => {
      for (const first of [
        await connection.query('CALL several(1)'),
        await connection.execute('CALL several(?)', [1]),
      ]) {
        assert.deepEqual(first.rows, [{ first: 1 }])
        assert.deepEqual(
          first.next?.rows.map(({ second }) => second),
          ['b'],
        )
        assert.equal(Number(first.next?.rows[0]?.third), 2)
        assert.equal(first.next?.next?.affectedRows, 1n)
        assert.equal(first.next?.next?.next, undefined)
      }
      for (const values of [undefined, []]) {
        const seen: object[] = []
        for await (const row of connection.stream('CALL several(1)', values)) seen.push(row)
        assert.deepEqual(
          seen.map((row) => Object.keys(row)),
          [['first'], ['second', 'third']],
        )
      }
      await assert.rejects(connection.query('CALL several(1, 2)'), { code: 1318 })
    })

    test('are one per text, unless more are asked for', async () => {
      await assert.rejects(connection.query('SELECT 1; SELECT 2'), { symbol: 'ER_PARSE_ERROR', code: 1064 })
      await using several = await server().connect({ multiStatements: true })
      const first = await several.query('SELECT 1 AS a; SET @x = 5; SELECT @x + 0 AS b')
      assert.equal(Number(first.rows[0]?.a), 1)
      assert.deepEqual(first.next?.columns, [])
      assert.equal(Number(first.next?.next?.rows[0]?.b), 5)
      await assert.rejects(several.query('SELECT 1; SELECT * FROM test.nowhere; SELECT 2'), { code: 1146 })
      assert.equal((await several.query('SELECT 1')).rows.length, 1)
    })

    test('may fail in the middle of their rows', async () => {
      const sql =
        'WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n, EXP(IF(n = 900, 1000, 1)) AS e, REPEAT("x", 100) AS x FROM s'
      await assert.rejects(connection.query(sql), { code: 1690, sqlState: '22003' })
      await assert.rejects(connection.execute(sql), { code: 1690 })
      const read = async () => {
        for await (const _ of connection.stream(sql));
      }
      await assert.rejects(read(), { code: 1690 })
      await connection.ping()
    })

    test('are streamed with a server that waits, and left early', async () => {
      const long =
        'SELECT a.n FROM (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000) SELECT n FROM s) a, (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000) SELECT n FROM s) b'
      for (const values of [undefined, []]) {
        let rows = 0
        for await (const _ of connection.stream(long, values)) rows++
        assert.equal(rows, 1_000_000)
        for await (const _ of connection.stream(long, values)) break
        await assert.rejects(async () => {
          for await (const _ of connection.stream(long, values)) throw new Error('enough')
        }, /enough/)
        assert.equal((await connection.query('SELECT 1')).rows.length, 1)
      }
    })

    test('are tracked: database, variables, transaction', async () => {
      await using fresh = await server().connect()
      assert.equal(fresh.session.database, undefined)
      await fresh.query('USE test')
      assert.equal(fresh.session.database, 'test')
      await fresh.query("SET SESSION time_zone = '+01:00', autocommit = 0")
      assert.equal(fresh.session.variables.get('time_zone'), '+01:00')
      assert.equal(fresh.session.autocommit, false)
      await fresh.query("INSERT INTO kept (text) VALUES ('in a transaction')")
      assert.equal(fresh.session.inTransaction, true)
      await fresh.query('ROLLBACK')
      assert.equal(fresh.session.inTransaction, false)
      await fresh.query("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
      assert.equal(fresh.session.noBackslashEscapes, true)
    })

    test('carry attributes where the server takes them', async () => {
      if (!has(connection.capabilities, capability.QUERY_ATTRIBUTES)) {
        const refused = { name: 'ConfigurationError', message: /attributes/ }
        await assert.rejects(connection.query('SELECT 1', { attributes: { a: 1 } }), refused)
        await assert.rejects(connection.execute('SELECT ?', [1], { attributes: { a: 1 } }), refused)
        return
      }
      const attributes = { name: 'Grüße', number: 5, nothing: null }
      // Without the component that reads them, a server takes them all the same.
      assert.equal((await connection.query('SELECT 1', { attributes })).rows.length, 1)
      assert.equal((await connection.execute('SELECT ?', [1], { attributes })).rows.length, 1)
      assert.equal((await connection.execute('SELECT 1', [], { attributes })).rows.length, 1)
      const component = "COMPONENT 'file://component_query_attributes'"
      const installed = await connection.query(`INSTALL ${component}`).then(
        () => true,
        () => false,
      )
      if (!installed) return
      const read =
        "SELECT mysql_query_attribute_string('name') AS name, mysql_query_attribute_string('number') AS number"
      const expected = [{ name: 'Grüße', number: '5' }]
      assert.deepEqual((await connection.query(read, { attributes })).rows, expected)
      assert.deepEqual((await connection.execute(read, [], { attributes })).rows, expected)
      await connection.query(`UNINSTALL ${component}`)
    })

    test('are prepared once, and closed', async () => {
      const held = async () => Number((await rowsOf("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'"))[0]?.Value)
      await using fresh = await server().connect()
      const before = await held()
      for (let i = 0; i < 3; i++) await fresh.execute('SELECT ? + 1', [i])
      assert.equal(await held(), before + 1)
      for (let i = 0; i < 250; i++) await fresh.execute(`SELECT ${i}`)
      await fresh.ping()
      assert.equal(await held(), before + 200)
      const statement = await fresh.prepare('SELECT ? AS value')
      assert.equal((await statement.execute(['x'])).rows[0]?.value, 'x')
      statement.close()
      await fresh.resetConnection()
      assert.equal(await held(), before)
      assert.equal((await fresh.execute('SELECT ? + 1', [1])).rows.length, 1)
    })

    test('of more than 16 MiB, and files, travel both ways, compressed or not', async () => {
      for (const compress of [[], ['zlib'], ['zstd', 'zlib'], ['zlib', 'zstd']] as const) {
        await using large = await server().connect({ compress })
        const bytes = Buffer.alloc(17_000_000, 0xfe)
        const { rows } = await large.execute('SELECT CAST(? AS BINARY) AS back, OCTET_LENGTH(?) AS n', [bytes, bytes])
        assert.ok(bytes.equals(rows[0]?.back as Buffer), `compress ${compress}`)
        assert.equal(Number(rows[0]?.n), bytes.length)
        const text = await large.query<{ back: string }>(`SELECT '${'x'.repeat(0xffffff)}' AS back`)
        assert.equal(text.rows[0]?.back.length, 0xffffff)
        for (const length of [100, 32_760, 40_000, 70_000, 300_000]) {
          const [row] = (await large.query<{ back: string }>(`SELECT '${'y'.repeat(length)}' AS back`)).rows
          assert.equal(row?.back.length, length)
        }
        await large.changeUser({ ...server().options, database: 'test' })
        const localInfile: LocalInfile = () => [Buffer.from('row\n'.repeat(100_000))]
        const loaded = await large.query("LOAD DATA LOCAL INFILE 'f' INTO TABLE kept (text)", { localInfile })
        assert.equal(loaded.affectedRows, 100_000n)
        await large.query('TRUNCATE kept')
      }
    })

    test('that the server finds too large end the connection with a typed error', async () => {
      const large = await server().connect()
      const error = await large.query(`SELECT '${'x'.repeat(66 << 20)}'`).catch((lost) => lost)
      // By number: behind a gateway it is the gateway that says 2013.
      assert.ok([1153, 2013].includes(error.code), `${error.symbol} ${error.message}`)
      assert.ok(await large.closed)
    })

    describe('that load a file', { timeout: 120_000 }, () => {
      const load = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE kept (text)"
      const refused = { symbol: 'CR_LOAD_DATA_LOCAL_INFILE_REJECTED', code: 2068 }

      test('get none by default, and the connection goes on', async () => {
        const before = await count()
        await assert.rejects(connection.query(load), refused)
        await assert.rejects(connection.stream(load).next(), refused)
        assert.equal(await count(), before)
      })

      test('get what the caller gives for this call alone', async () => {
        await connection.query('TRUNCATE kept')
        const names: string[] = []
        const localInfile: LocalInfile = function* (name) {
          names.push(name)
          yield Buffer.from('one\ntwo\nGrüße 🎉\n')
          yield Buffer.from(`${'x'.repeat(99)}\n`.repeat(10_000))
        }
        const sql = load.replace('kept', 'kept CHARACTER SET utf8mb4')
        const { affectedRows, info } = await connection.query(sql, { localInfile })
        assert.equal(affectedRows, 10_003n)
        assert.match(info, /^Records: 10003 /)
        assert.deepEqual(names, ['/etc/passwd'])
        assert.deepEqual((await connection.query('SELECT text FROM kept WHERE id = 3')).rows, [{ text: 'Grüße 🎉' }])
        await assert.rejects(connection.query(load), refused)
        const empty = await connection.query(load, { localInfile: () => [] })
        assert.equal(empty.affectedRows, 0n)
        const streamed = connection.stream(load, undefined, { localInfile: () => [Buffer.from('a\nb\n')] })
        assert.equal((await streamed.next()).done, true)
        assert.equal(streamed.end?.affectedRows, 2n)
      })

      test('fail with the reason of who supplies it', async () => {
        const reason = new Error('the disk is gone')
        const localInfile: LocalInfile = async function* () {
          yield Buffer.from('half')
          throw reason
        }
        await assert.rejects(connection.query(load, { localInfile }), { ...refused, cause: reason })
        const immediately: LocalInfile = () => {
          throw reason
        }
        await assert.rejects(connection.query(load, { localInfile: immediately }), { ...refused, cause: reason })
        await connection.ping()
      })

      test('end when the caller gives up, and the supplier with them', async () => {
        const controller = new AbortController()
        let ended = false
        const localInfile: LocalInfile = async function* () {
          try {
            for (let i = 0; ; i++) {
              if (i === 100) controller.abort(new Error('enough'))
              yield Buffer.from('row\n'.repeat(1000))
            }
          } finally {
            ended = true
          }
        }
        await assert.rejects(connection.query(load, { localInfile, signal: controller.signal }), /enough/)
        await connection.ping()
        assert.equal(ended, true)
      })

      test('end their supplier with the connection', async () => {
        const lost = await server().connect({ database: 'test' })
        let ended: () => void
        const end = new Promise<void>((resolve) => {
          ended = resolve
        })
        const localInfile: LocalInfile = async function* () {
          try {
            for (let i = 0; ; i++) {
              if (i === 10) lost.destroy()
              yield Buffer.from('row\n')
            }
          } finally {
            ended()
          }
        }
        await assert.rejects(lost.query(load, { localInfile }), { symbol: 'CR_SERVER_LOST' })
        await end
      })
    })
  })
}
