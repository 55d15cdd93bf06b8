import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openConsole } from '../../../test/support/console-session.ts'
import type { RowsResult, Value } from '../../server/query.ts'

const console = openConsole()
const session = console.login('root')
after(() => console.close())

const evaluate = async (expression: string, ...parameters: Value[]): Promise<Value> => {
  const [row] = await session.rows(`SELECT ${expression} AS v`, ...parameters)
  const value = row?.v ?? null
  return typeof value === 'bigint' ? Number(value) : value
}

describe('columns', () => {
  it('are named by their text, as MySQL names them', async () => {
    const { columns } = (await session.run(
      "select 'abc' 'def', 'x' as y, 1+1, count(*), @@version_comment, current_user, current_user(), @a, null, " +
        "1  +  2, now() is null, _utf8mb4'q', 0x41, true, 3 'z', (select 1) `w w`, 5 div 2",
    )) as RowsResult
    assert.deepEqual(
      columns.map(({ name }) => name),
      [
        ...[
          'abc',
          'y',
          '1+1',
          'count(*)',
          '@@version_comment',
          'current_user',
          'current_user()',
          '@a',
          'NULL',
          '1  +  2',
        ],
        ...['now() is null', 'q', '0x41', 'true', 'z', 'w w', '5 div 2'],
      ],
    )
  })

  it('keep the spelling of the statement, but views of information_schema name theirs', async () => {
    const names = async (sql: string) => ((await session.run(sql)) as RowsResult).columns.map(({ name }) => name)
    assert.deepEqual(await names('SELECT user, mysql.user.HOST FROM mysql.user'), ['user', 'HOST'])
    assert.deepEqual(await names('SELECT id FROM information_schema.processlist'), ['id'])
    assert.deepEqual(await names('SELECT table_name, table_name t FROM information_schema.tables'), ['TABLE_NAME', 't'])
    assert.deepEqual(await names('SELECT * FROM performance_schema.global_status'), ['VARIABLE_NAME', 'VARIABLE_VALUE'])
  })

  it('have the type of the table, or that of the values', async () => {
    const { columns } = (await session.run(
      "SELECT p.ID, COUNT(*), 'a', 1.5, x'41', NULL, MAX(p.TIME) FROM information_schema.processlist p GROUP BY p.ID",
    )) as RowsResult
    assert.deepEqual(
      columns.map(({ type, unsigned }) => [type, unsigned === true]),
      [
        ['LONGLONG', true],
        ['LONGLONG', false],
        ['VAR_STRING', false],
        ['DOUBLE', false],
        ['BLOB', false],
        ['NULL', false],
        ['LONGLONG', false],
      ],
    )
  })
})

describe('expressions', () => {
  for (const [expression, expected] of [
    ['1/2', 0.5],
    ['7 DIV 2', 3],
    ['7 MOD 4', 3],
    ['7 % 4', 3],
    ['1 <=> NULL', 0],
    ['NULL <=> NULL', 1],
    ['1 || 0', 1],
    ['1 && 0', 0],
    ['!1', 0],
    ["'it''s' ' \\'ok\\''", "it's 'ok'"],
    ['"double"', 'double'],
    ["_latin1'x' COLLATE latin1_bin", 'x'],
    ["N'x'", 'x'],
    ["IF(1 > 2, 'a', 'b')", 'b'],
    ['IFNULL(NULL, 3)', 3],
    ["CONCAT('a', 1, 'b')", 'a1b'],
    ["CONCAT('a', NULL)", null],
    ["CONCAT_WS('-', 'a', NULL, 'b')", 'a-b'],
    ["LEFT('abc', 2)", 'ab'],
    ["RIGHT('abc', 2)", 'bc'],
    ["LOCATE('B', 'abc')", 2],
    ["SUBSTRING('abcdef' FROM 2 FOR 3)", 'bcd'],
    ["SUBSTRING_INDEX('root@localhost', '@', 1)", 'root'],
    ["LPAD('7', 3, '0')", '007'],
    ["INSTR('abc', 'B')", 2],
    ['HEX(255)', 'FF'],
    ["HEX('ab')", '6162'],
    ["LENGTH('\u00e4')", 2],
    ["CHAR_LENGTH('\u00e4')", 1],
    ["FIELD('b', 'a', 'b')", 2],
    ["FIND_IN_SET('b', 'a,b')", 2],
    ['ISNULL(NULL)', 1],
    ["CAST('5' AS UNSIGNED) + 1", 6],
    ['CAST(5 AS CHAR(3))', '5'],
    ["CONVERT('x' USING utf8mb4)", 'x'],
    ["CONVERT('x', CHAR CHARACTER SET utf8mb4)", 'x'],
    ["'a%' LIKE 'a\\%'", 1],
    ["'ab' LIKE 'a\\%'", 0],
    ["'abc' RLIKE '^A.C$'", 1],
    ["MD5('a')", '0cc175b9c0f1b6a831c399e269772661'],
    ["INET_ATON('127.0.0.1')", 2130706433],
    ['INET_NTOA(2130706433)', '127.0.0.1'],
    ["DATE_FORMAT('2024-02-03 04:05:06', '%Y-%m-%d %H:%i:%s %W')", '2024-02-03 04:05:06 Saturday'],
    ["DATE_SUB('2024-03-31', INTERVAL 1 MONTH)", '2024-02-29 00:00:00'],
    ["TIMESTAMPDIFF(MONTH, '2024-01-31', '2024-02-29')", 0],
    ["UNIX_TIMESTAMP('2024-01-01 00:00:00')", 1704067200],
    ['FROM_UNIXTIME(1704067200)', '2024-01-01 00:00:00'],
    ["CASE WHEN 1 = 2 THEN 'x' END", null],
    ['EXISTS (SELECT 1 FROM DUAL WHERE 1 = 0)', 0],
    ["(SELECT GROUP_CONCAT(n ORDER BY n DESC SEPARATOR '-') FROM (SELECT 1 n UNION SELECT 2) t)", '2-1'],
    ['@@autocommit', 1],
    ['@@SESSION.wait_timeout', 28800],
    ['@@global.`port`', 3307],
    ['@@tx_isolation', 'REPEATABLE-READ'],
    ['USER()', 'root@localhost'],
    ['CURRENT_USER', 'root@localhost'],
    ['DATABASE()', null],
    ['CONNECTION_ID()', session.id],
    ["CHARSET('a')", 'utf8mb4'],
    ['18446744073709551615', '18446744073709551615'],
  ] as const) {
    it(`${expression} is ${JSON.stringify(expected)}`, async () => {
      assert.deepEqual(await evaluate(expression), expected)
    })
  }

  it('take parameters of every type', async () => {
    const date = new Date('2024-01-01T00:00:00Z')
    const row = await session.rows('SELECT ? a, ? b, ? c, ? d, ? e', 1, 'x', null, true, date)
    assert.deepEqual(row, [{ a: 1n, b: 'x', c: null, d: 1n, e: '2024-01-01 00:00:00.000' }])
  })

  it('see || as concatenation under PIPES_AS_CONCAT, and "x" as a name under ANSI_QUOTES', async () => {
    const ansi = console.login('root')
    await ansi.run("SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES'")
    assert.deepEqual(await ansi.rows(`SELECT 'a' || "t"."n" AS "v" FROM (SELECT 'b' AS "n") AS "t"`), [{ v: 'ab' }])
  })
})

describe('queries', () => {
  it('join tables of several databases, in any spelling', async () => {
    const rows = await session.rows(
      `SELECT p.id, t.Name FROM Information_Schema.processList p
       LEFT JOIN performance_schema.THREADS t ON t.processlist_id = p.ID, mysql.user u
       WHERE p.user = 'ROOT' ORDER BY 1 LIMIT 1`,
    )
    assert.deepEqual(Object.keys(rows[0] ?? {}), ['id', 'Name'])
  })

  it('find unqualified tables in the current database', async () => {
    const other = console.login('root')
    await other.run('USE Saltgate')
    const phases = await other.rows('SELECT phase FROM phases p WHERE p.turn = "client"')
    assert.ok(phases.some(({ phase }) => phase === 'auth-answer'))
  })

  it('filter by aliases in HAVING without groups, also where a column has the same name', async () => {
    const rows = await session.rows(
      `SELECT TABLE_SCHEMA AS s, CASE WHEN TABLE_SCHEMA = 'mysql' THEN 'SYSTEM TABLE' ELSE TABLE_TYPE END AS TABLE_TYPE
       FROM information_schema.tables WHERE TABLE_SCHEMA = 'mysql' OR TABLE_SCHEMA = 'saltgate'
       HAVING TABLE_TYPE IN ('SYSTEM TABLE') ORDER BY TABLE_SCHEMA`,
    )
    assert.ok(rows.length > 0 && rows.every((row) => row.s === 'mysql' && row.TABLE_TYPE === 'SYSTEM TABLE'))
    assert.deepEqual(await session.rows('SELECT ROUND(COUNT(*)) c FROM mysql.db HAVING c > 5'), [])
  })

  it('recurse', async () => {
    const sql = 'WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT SUM(n) s FROM c'
    assert.deepEqual(await session.rows(sql), [{ s: 15n }])
  })

  it('drop what only an optimizer or a lock would care for', async () => {
    const sql = 'SELECT SQL_NO_CACHE DISTINCT STRAIGHT_JOIN 1 AS a FROM mysql.user FOR UPDATE'
    assert.match(await session.error(sql), /^1064 /)
    assert.deepEqual(await session.rows('SELECT SQL_NO_CACHE 1 AS a FROM mysql.user LIMIT 1 FOR UPDATE'), [{ a: 1n }])
    assert.deepEqual(await session.rows('SELECT 1 AS a LOCK IN SHARE MODE'), [{ a: 1n }])
  })
})

describe('errors', () => {
  const syntax = (near: string) =>
    `1064 You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '${near}' at line 1`

  for (const [sql, error] of [
    ['select 1 from', syntax('')],
    ['select * from information_schema.processlist whera 1=1', syntax('1=1')],
    ['select 1 +', syntax('')],
    ["select 'abc", syntax("'abc")],
    ['select (1', syntax('')],
    ['select 1)', syntax(')')],
    ['select nosuch from information_schema.processlist', "1054 Unknown column 'nosuch' in 'field list'"],
    ['select p.nosuch from mysql.user p', "1054 Unknown column 'p.nosuch' in 'field list'"],
    ['select 1 from information_schema.processlist where nosuch=1', "1054 Unknown column 'nosuch' in 'where clause'"],
    ['select 1 order by nosuch', "1054 Unknown column 'nosuch' in 'order clause'"],
    [
      'select id from information_schema.processlist a, information_schema.processlist b',
      "1052 Column 'id' in field list is ambiguous",
    ],
    ['select foo(1)', '1046 No database selected'],
    ['select constructor()', '1046 No database selected'],
    ['select randomblob(1000000000)', '1046 No database selected'],
    ["select load_extension('x')", '1046 No database selected'],
    ['select @@constructor', "1193 Unknown system variable 'constructor'"],
    ['select lower()', "1582 Incorrect parameter count in the call to native function 'lower'"],
    ['select (select 1,2)', '1241 Operand should contain 1 column(s)'],
    ['select 1 union select 1,2', '1222 The used SELECT statements have a different number of columns'],
    ['select sum(count(*))', '1111 Invalid use of group function'],
    ['select @@session.connect_timeout', "1238 Variable 'connect_timeout' is a GLOBAL variable"],
    ['select * from pragma_database_list', '1046 No database selected'],
    ['select * from sqlite_master', '1046 No database selected'],
    ["select 1 into outfile '/tmp/x'", "1235 This version of MySQL doesn't yet support 'INTO in a SELECT'"],
  ] as const) {
    it(`${sql} ends with ${error.slice(0, 4)}`, async () => assert.equal(await session.error(sql), error))
  }

  it('name the function and the database that it would be in', async () => {
    const other = console.login('root')
    await other.run('USE mysql')
    assert.equal(await other.error('SELECT foo(1)'), '1305 FUNCTION mysql.foo does not exist')
  })
})

describe('limits', () => {
  const endless = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c'

  it('end a SELECT whose time is over, and the next one runs', async () => {
    const other = console.login('root')
    await other.run('SET max_execution_time = 200')
    assert.match(await other.error(endless), /^3024 /)
    assert.deepEqual(await session.rows('SELECT 1 AS a'), [{ a: 1n }])
  })

  it('let KILL QUERY end a SELECT that runs and one that waits', async () => {
    const [first, second] = [console.login('root'), console.login('root')]
    const results = [first.error(endless), second.error('SELECT 1'), session.rows('SELECT 2 AS a')] as const
    second.abort.abort()
    assert.match(await results[1], /^1317 /)
    first.abort.abort()
    assert.match(await results[0], /^1317 /)
    assert.deepEqual(await results[2], [{ a: 2n }])
  })

  it('bound the rows of a result', async () => {
    const sql = 'SELECT 1 FROM information_schema.columns a, information_schema.columns b'
    assert.match(await session.error(sql), /^1105 The result has more than 100000 rows/)
  })

  it('bound the values in between', async () => {
    const double =
      'WITH RECURSIVE c(n, t) AS (SELECT 1, REPEAT("x", 1000) UNION ALL SELECT n+1, CONCAT(t, t) FROM c WHERE n < 40) SELECT MAX(LENGTH(t)) l FROM c'
    const [row] = await session.rows(double)
    assert.ok(Number(row?.l) <= 1 << 20)
  })

  it('refuse a statement longer than any tool sends', async () => {
    assert.match(await session.error(`SELECT ${'('.repeat(1 << 18)}`), /^1105 The console reads statements/)
  })
})

describe('SLEEP', () => {
  it('shows its state and returns 0', async () => {
    const sleeping = session.rows('SELECT SLEEP(0.05) AS s')
    assert.equal(session.record.state, 'User sleep')
    assert.deepEqual(await sleeping, [{ s: 0n }])
    assert.equal(session.record.state, 'executing')
  })

  it('returns 1 when it is killed alone, and fails as part of more', async () => {
    for (const [sql, expected] of [
      ['SELECT SLEEP(60)', '1'],
      ['SELECT SLEEP(60), 1', '1317'],
    ] as const) {
      const other = console.login('root')
      const result = other.rows(sql).then(
        (rows) => String(Object.values(rows[0] ?? {})[0]),
        (error: { code: number }) => String(error.code),
      )
      other.abort.abort()
      assert.equal(await result, expected)
    }
  })
})
