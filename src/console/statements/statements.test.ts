import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openConsole, root } from '../../../test/support/console-session.ts'

const console = openConsole([root, { user: 'ann', host: '%' }])
const { door } = console
after(() => console.close())

const privilege = (names: string) =>
  `1227 Access denied; you need (at least one of) the ${names} privilege(s) for this operation`

describe('SET', () => {
  it('keeps variables of the session, of the server and of the user', async () => {
    const session = console.login('root')
    await session.run(
      "SET @x = 2, @@session.wait_timeout = 100, SESSION sql_mode = CONCAT('ANSI_QUOTES,', 'NO_ZERO_DATE'), autocommit = OFF",
    )
    await session.run('SET GLOBAL max_connect_errors = 7, @@GLOBAL.connect_timeout = 8')
    assert.equal(session.userVariables?.get('x'), 2n)
    assert.equal(session.settings.get('wait_timeout'), 100)
    assert.equal(session.settings.get('sql_mode'), 'ANSI_QUOTES,NO_ZERO_DATE')
    assert.equal(session.autocommit, false)
    assert.equal(door.settings.get('max_connect_errors'), 7)
    assert.equal(door.settings.get('connect_timeout'), 8)
    await session.run('SET GLOBAL max_connect_errors = DEFAULT, wait_timeout = DEFAULT')
    assert.equal(door.settings.get('max_connect_errors'), 100)
    assert.equal(session.settings.get('wait_timeout'), 28_800)
  })

  it('keeps nothing when one of the values cannot be computed', async () => {
    const session = console.login('root')
    assert.match(await session.error('SET @y = 1, @z = nosuch'), /^1054 /)
    assert.equal(session.userVariables?.has('y') ?? false, false)
  })

  it('keeps nothing when one of the variables cannot be set', async () => {
    const session = console.login('root')
    for (const wrong of [
      'nosuch = 1',
      'version = 1',
      "wait_timeout = 'x'",
      'max_connections = 1',
      'wait_timeout = 5.0',
    ]) {
      assert.match(await session.error(`SET autocommit = 0, ${wrong}`), /^1(?:193|238|232|229) /, wrong)
      assert.equal(session.settings.get('autocommit'), true, wrong)
    }
  })

  it('takes the value of another variable as it is, up to the largest number', async () => {
    const session = console.login('root')
    await session.run('SET sql_select_limit = @@global.max_join_size, wait_timeout = @@global.net_read_timeout')
    assert.equal(session.settings.get('sql_select_limit'), 18_446_744_073_709_551_615n)
    assert.equal(session.settings.get('wait_timeout'), session.settings.get('net_read_timeout'))
  })

  it('asks for a privilege where a session may not decide for itself', async () => {
    const ann = console.login('ann')
    const needed = 'SUPER, SYSTEM_VARIABLES_ADMIN or SESSION_VARIABLES_ADMIN'
    for (const sql of ['SET sql_log_bin = 0', 'SET sql_log_off = 1', 'SET SESSION pseudo_thread_id = 1']) {
      assert.equal(await ann.error(sql), privilege(needed))
    }
    for (const sql of ['SET GLOBAL autocommit = 1', 'SET GLOBAL TRANSACTION READ ONLY', 'SET PERSIST autocommit = 1']) {
      assert.equal(await ann.error(sql), privilege('SUPER or SYSTEM_VARIABLES_ADMIN'))
    }
    assert.equal(await ann.error('SET GLOBAL nosuch = 1'), "1193 Unknown system variable 'nosuch'")
  })

  it('knows character sets and their collations', async () => {
    const session = console.login('root')
    await session.run("SET NAMES 'latin1' COLLATE latin1_bin")
    assert.equal(session.settings.get('character_set_client'), 'latin1')
    assert.equal(session.settings.get('collation_connection'), 'latin1_bin')
    await session.run('SET CHARACTER SET latin1')
    assert.equal(session.settings.get('character_set_connection'), 'utf8mb4')
    await session.run('SET NAMES DEFAULT')
    assert.equal(session.settings.get('character_set_results'), 'utf8mb4')
    assert.equal(session.settings.get('collation_connection'), 'utf8mb4_0900_ai_ci')
  })

  it('sets the isolation of the session and leaves that of the next transaction alone', async () => {
    const session = console.login('root')
    await session.run('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE')
    assert.equal(session.settings.get('transaction_isolation'), 'REPEATABLE-READ')
    await session.run('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY')
    assert.equal(session.settings.get('transaction_isolation'), 'READ-COMMITTED')
    assert.equal(session.settings.get('transaction_read_only'), true)
  })

  for (const [sql, error] of [
    ['SET SESSION nosuch = 1', "1193 Unknown system variable 'nosuch'"],
    ['SET NAMES nosuch', "1115 Unknown character set: 'nosuch'"],
    ['SET NAMES utf8mb4 COLLATE latin1_bin', "1253 COLLATION 'latin1_bin' is not valid for CHARACTER SET 'utf8mb4'"],
    [
      'SET connect_timeout = 3',
      "1229 Variable 'connect_timeout' is a GLOBAL variable and should be set with SET GLOBAL",
    ],
    ["SET GLOBAL connect_timeout = 'a'", "1232 Incorrect argument type to variable 'connect_timeout'"],
    ["SET sql_mode = 'nope'", "1231 Variable 'sql_mode' can't be set to the value of 'nope'"],
    ['SET GLOBAL version = 1', "1238 Variable 'version' is a read only variable"],
    [
      'SET max_allowed_packet = 1',
      "1621 SESSION variable 'max_allowed_packet' is read-only. Use SET GLOBAL to assign the value",
    ],
    ['SET PERSIST max_connections = 5', "1235 This version of MySQL doesn't yet support 'SET PERSIST'"],
    ['SET @a', /^1064 .* near '' at line 1$/],
    ['SET @a = ', /^1064 .* near '' at line 1$/],
    ['SET TRANSACTION ISOLATION LEVEL NONE', /^1064 .* near 'NONE' at line 1$/],
  ] as const) {
    it(`${sql} ends with ${String(error).replace(/\W*(\d+).*/s, '$1')}`, async () => {
      const result = await console.login('root').error(sql)
      if (typeof error === 'string') assert.equal(result, error)
      else assert.match(result, error)
    })
  }

  it('of a global variable needs a privilege', async () => {
    const ann = console.login('ann')
    assert.equal(await ann.error('SET GLOBAL connect_timeout = 9'), privilege('SUPER or SYSTEM_VARIABLES_ADMIN'))
    assert.notEqual(door.settings.get('connect_timeout'), 9)
    assert.match(await ann.error('SET sql_log_bin = 0'), /^1227 /)
  })
})

describe('KILL', () => {
  it('ends connections and statements of others for administrators, of oneself for all', async () => {
    const [ann, administrator] = [console.login('ann'), console.login('root')]
    const killed: string[] = []
    for (const session of [ann, administrator]) session.record.kill = (what) => killed.push(`${session.user} ${what}`)
    await administrator.run(`KILL ${ann.id}`)
    await administrator.run(`KILL CONNECTION ${ann.id}`)
    await ann.run(`KILL QUERY ${ann.id}`)
    assert.deepEqual(killed, ['ann connection', 'ann connection', 'ann query'])
    assert.equal(await ann.error(`KILL ${administrator.id}`), `1095 You are not owner of thread ${administrator.id}`)
    assert.equal(await ann.error('KILL 999999'), '1094 Unknown thread id: 999999')
    assert.equal(await ann.error("KILL 'a'"), '1094 Unknown thread id: 0')
    await administrator.run('KILL ?', ann.id)
    assert.equal(killed.length, 4)
  })
})

describe('FLUSH and TRUNCATE', () => {
  it('empty the host cache', async () => {
    const session = console.login('root')
    for (const sql of ['FLUSH HOSTS', 'TRUNCATE TABLE performance_schema.host_cache']) {
      door.hostCache.countError('192.0.2.1', 'COUNT_HANDSHAKE_ERRORS', true)
      assert.deepEqual(await session.rows('SELECT IP, SUM_CONNECT_ERRORS AS n FROM performance_schema.host_cache'), [
        { IP: '192.0.2.1', n: 1n },
      ])
      await session.run(sql)
      assert.equal(door.hostCache.rows().length, 0)
    }
  })

  it('set the counters back', async () => {
    door.registry.status.Aborted_connects = 5
    const session = console.login('root')
    const read = "SHOW GLOBAL STATUS LIKE 'Aborted\\_connects'"
    assert.deepEqual(await session.rows(read), [{ Variable_name: 'Aborted_connects', Value: '5' }])
    await session.run('FLUSH STATUS')
    assert.deepEqual(await session.rows(read), [{ Variable_name: 'Aborted_connects', Value: '0' }])
  })

  it('need privileges', async () => {
    const ann = console.login('ann')
    for (const what of ['HOSTS', 'LOGS']) assert.equal(await ann.error(`FLUSH ${what}`), privilege('RELOAD'))
    for (const what of ['PRIVILEGES', 'STATUS', 'TABLES']) {
      assert.equal(await ann.error(`FLUSH ${what}`), privilege(`RELOAD or FLUSH_${what}`))
    }
    assert.equal(
      await ann.error('TRUNCATE performance_schema.host_cache'),
      "1142 DROP command denied to user 'ann'@'localhost' for table 'host_cache'",
    )
    assert.match(await ann.error('FLUSH nonsense'), /^1064 .* near 'nonsense' at line 1$/)
  })
})

describe('LOCK TABLES', () => {
  it('is for those who may, and locks nothing', async () => {
    const [ann, session] = [console.login('ann'), console.login('root')]
    assert.deepEqual(await session.run('LOCK TABLES mysql.user AS u READ, mysql.db WRITE'), {})
    assert.equal(await ann.error('LOCK TABLES t READ'), '1046 No database selected')
    assert.equal(
      await ann.error('LOCK TABLES mysql.user READ'),
      "1044 Access denied for user 'ann'@'%' to database 'mysql'",
    )
  })
})

describe('transactions', () => {
  it('are begun and ended in the flags of the session', async () => {
    const session = console.login('root')
    for (const [sql, expected] of [
      ['BEGIN', true],
      ['ROLLBACK TO SAVEPOINT a', true],
      ['COMMIT', false],
      ['START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY', true],
      ['ROLLBACK AND NO CHAIN', false],
    ] as const) {
      await session.run(sql)
      assert.equal(session.inTransaction, expected, sql)
    }
  })
})

describe('USE', () => {
  it('changes the database, if there is one and it may be used', async () => {
    const session = console.login('root')
    await session.run('USE `Mysql`')
    assert.equal(session.database, 'mysql')
    assert.equal(await session.error('USE nope'), "1049 Unknown database 'nope'")
    assert.equal(
      await console.login('ann').error('USE mysql'),
      "1044 Access denied for user 'ann'@'%' to database 'mysql'",
    )
  })
})

describe('SHOW', () => {
  const session = console.login('root')

  it('names columns as MySQL does, with the pattern of LIKE', async () => {
    assert.deepEqual(await session.rows("SHOW DATABASES LIKE 'm%'"), [{ 'Database (m%)': 'mysql' }])
    assert.deepEqual(await session.rows("SHOW FULL TABLES FROM information_schema LIKE 'eng%'"), [
      { 'Tables_in_information_schema (eng%)': 'ENGINES', Table_type: 'SYSTEM VIEW' },
    ])
    assert.deepEqual(Object.keys((await session.rows('SHOW CHARACTER SET'))[0] ?? {}), [
      ...['Charset', 'Description', 'Default collation', 'Maxlen'],
    ])
  })

  it('takes any condition in WHERE', async () => {
    assert.deepEqual(await session.rows("SHOW VARIABLES WHERE Variable_name = 'PORT' AND Value > ''"), [
      { Variable_name: 'port', Value: '3307' },
    ])
    const collations = await session.rows("SHOW COLLATION WHERE Charset = 'utf8mb4' AND Id < 50")
    assert.deepEqual(
      collations.map((row) => row.Collation),
      ['utf8mb4_bin', 'utf8mb4_general_ci'],
    )
    assert.match(
      await session.error('SHOW VARIABLES WHERE nosuch = 1'),
      /^1054 Unknown column 'nosuch' in 'where clause'/,
    )
  })

  it('describes tables in all its ways', async () => {
    const engine = { Field: 'ENGINE', Type: 'varchar(64)', Null: 'NO', Key: '', Default: null, Extra: '' }
    for (const sql of [
      'DESC information_schema.engines',
      'EXPLAIN information_schema.engines ENGINE',
      'SHOW COLUMNS FROM engines FROM information_schema',
      "SHOW FIELDS IN information_schema.engines LIKE 'eng%'",
    ]) {
      assert.deepEqual((await session.rows(sql))[0], engine, sql)
    }
    const [row] = await session.rows('SHOW CREATE TABLE information_schema.engines')
    assert.match(
      String(row?.['Create Table']),
      /^CREATE TEMPORARY TABLE `ENGINES` \(\n {2}`ENGINE` varchar\(64\) NOT NULL,\n/,
    )
  })

  it('cuts Info at 100 characters without FULL', async () => {
    const sql = `SHOW PROCESSLIST /* ${'x'.repeat(200)} */`
    const info = async (statement: string) =>
      String((await session.rows(statement)).find((row) => row.Id === session.id)?.Info)
    assert.equal(await info(sql), sql.slice(0, 100))
    assert.equal(await info(sql.replace('SHOW', 'SHOW FULL')), sql.replace('SHOW', 'SHOW FULL'))
  })

  it('never shows a password in Info', async () => {
    const other = console.login('root')
    await other.run("CREATE USER eve IDENTIFIED BY 'topsecret'")
    const rows = await session.rows('SHOW FULL PROCESSLIST')
    assert.ok(!JSON.stringify(rows).includes('topsecret'))
  })

  for (const [sql, error] of [
    ['SHOW nonsense', /^1064 .* near 'nonsense' at line 1$/],
    ['SHOW MASTER STATUS', /^1064 .* near 'MASTER STATUS' at line 1$/],
    ["SHOW PLUGINS LIKE 'x'", /^1064 .* near 'LIKE 'x'' at line 1$/],
    ['SHOW BINARY LOGS', /^1381 /],
    ['SHOW TABLES', /^1046 /],
    ['SHOW TABLES FROM nope', /^1049 /],
    ['SHOW COLUMNS FROM mysql.nope', /^1146 /],
    ['SHOW TRIGGERS', /^1046 /],
  ] as const) {
    it(`${sql} ends with ${String(error).slice(2, 6)}`, async () => assert.match(await session.error(sql), error))
  }
})

describe('statements that the console does not do', () => {
  const forRoot: readonly (readonly [sql: string, error: string])[] = [
    ['INSERT INTO mysql.user VALUES (1)', '1290 '],
    ['REPLACE mysql.user VALUES (1)', '1290 '],
    ['UPDATE mysql.user SET User = 1', '1290 '],
    ['DELETE FROM mysql.user', '1290 '],
    ['TRUNCATE mysql.user', '1290 '],
    ['CREATE TABLE IF NOT EXISTS mysql.x (a INT)', '1290 '],
    ['DROP DATABASE mysql', '1290 '],
    ['INSERT INTO t VALUES (1)', '1046 '],
    ['INSERT INTO nodb.t VALUES (1)', '1049 '],
    [
      'INSERT INTO information_schema.processlist VALUES (1)',
      "1044 Access denied for user 'root'@'localhost' to database 'information_schema'",
    ],
    [
      'UPDATE performance_schema.threads SET NAME = 1',
      "1142 UPDATE command denied to user 'root'@'localhost' for table 'threads'",
    ],
    [
      'CREATE TABLE performance_schema.x (a INT)',
      "1044 Access denied for user 'root'@'localhost' to database 'performance_schema'",
    ],
    ['TRUNCATE performance_schema.threads', "1142 DROP command denied to user 'root'@'localhost' for table 'threads'"],
    ['CREATE VIEW v AS SELECT 1', "1235 This version of MySQL doesn't yet support 'CREATE VIEW'"],
    ['EXPLAIN SELECT 1', "1235 This version of MySQL doesn't yet support 'EXPLAIN'"],
    ["PREPARE s FROM 'SELECT 1'", '1235 '],
    ["HELP 'select'", '1235 '],
    ['CALL p()', '1235 '],
    ['selec 1', '1064 '],
    ['CREATE nonsense', '1064 '],
    ['123', '1064 '],
  ]
  for (const [sql, error] of forRoot) {
    it(`${sql} ends with ${error.slice(0, 4)}`, async () => {
      const result = await console.login('root').error(sql)
      assert.equal(result.slice(0, error.length), error)
    })
  }

  it('are refused by the missing privilege first', async () => {
    const ann = console.login('ann')
    for (const [sql, command] of [
      ['INSERT INTO mysql.user VALUES (1)', 'INSERT'],
      ['UPDATE mysql.user SET User = 1', 'UPDATE'],
      ['DELETE FROM mysql.user', 'DELETE'],
      ['DROP TABLE mysql.user', 'DROP'],
    ] as const) {
      assert.equal(await ann.error(sql), `1142 ${command} command denied to user 'ann'@'localhost' for table 'user'`)
    }
    assert.equal(await ann.error('CREATE DATABASE x'), "1044 Access denied for user 'ann'@'%' to database 'x'")
  })
})
