import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openConsole, root } from '../../test/support/console-session.ts'
import onConnect from '../../test/vectors/console/on-connect.json' with { type: 'json' }
import type { RowsResult } from '../server/query.ts'

const console = openConsole([root, { user: 'ann', host: '%' }, { user: 'expired', host: '%', passwordExpired: true }])
after(() => console.close())

describe('what clients send', () => {
  for (const [client, statements] of Object.entries(onConnect)) {
    it(`${client}: is answered without an error`, async () => {
      const session = console.login('root')
      session.database = 'mysql'
      for (const sql of statements) assert.equal(await session.error(sql), 'no error', sql)
    })
  }

  it('gives Connector/J its variables with values that it can read', async () => {
    const sql = onConnect['Connector/J 9'][0] as string
    const [row] = await console.login('root').rows(sql)
    assert.equal(Object.keys(row ?? {}).length, 19)
    assert.equal(row?.auto_increment_increment, 1n)
    assert.equal(row?.character_set_client, 'utf8mb4')
    assert.equal(row?.max_allowed_packet, 67_108_864n)
    assert.equal(row?.time_zone, 'SYSTEM')
  })
})

describe('a text of several statements', () => {
  it('gives one result for each', async () => {
    const session = console.login('root')
    const result = await session.run('SET @a = ?; SELECT @a + ? AS b;;', 1, 2)
    assert.ok('results' in result)
    const results = await Array.fromAsync(result.results)
    assert.equal(results.length, 2)
    assert.deepEqual((results[1] as RowsResult).rows, [[3n]])
  })

  it('gives the results before an error', async () => {
    const result = await console.login('root').run('SELECT 1; SELECT nonsense; SELECT 2')
    assert.ok('results' in result)
    const seen: unknown[] = []
    const read = async () => {
      for await (const one of result.results) seen.push((one as RowsResult).rows)
    }
    await assert.rejects(read, { code: 1054 })
    assert.deepEqual(seen, [[[1n]]])
  })

  it('is refused at the second when the client did not ask for it', async () => {
    const session = Object.assign(console.login('root'), { multiStatements: false })
    assert.match(await session.error('SELECT 1; SELECT 2'), /^1064 .* near 'SELECT 2' at line 1$/)
    assert.equal(await session.error('SELECT 1;'), 'no error')
  })

  it('that is empty is none', async () => {
    const session = console.login('root')
    for (const sql of ['', ' ; ']) assert.equal(await session.error(sql), '1065 Query was empty')
  })

  it('that is nothing but a comment does nothing', async () => {
    const session = console.login('root')
    for (const sql of ['/* only */', '-- x', '# x']) assert.deepEqual(await session.run(sql), {})
  })
})

describe('an expired password', () => {
  it('allows nothing but its change, as MySQL 9.7', async () => {
    const session = console.login('expired')
    session.mustChangePassword = true
    const must = '1820 You must reset your password using ALTER USER statement before executing this statement.'
    for (const sql of [
      ...['SELECT 1', 'SET NAMES utf8mb4', 'SET autocommit = 1', 'USE mysql', 'COMMIT', 'SHOW WARNINGS', 'KILL 3'],
      ...['FLUSH STATUS', 'SHOW VARIABLES', 'DROP USER ann', 'SHOW GRANTS'],
    ]) {
      assert.equal(await session.error(sql), must, sql)
    }
    assert.match(await session.error('selec'), /^1064 /)
    assert.equal(await session.error("ALTER USER USER() IDENTIFIED BY 'new'"), 'no error')
    assert.equal(session.mustChangePassword, false)
    assert.equal(await session.error('SELECT 1'), 'no error')
  })
})

describe('account statements', () => {
  it('are carried out on the accounts of the door', async () => {
    const session = console.login('root')
    await session.run("CREATE USER bob@'10.%' IDENTIFIED BY 'secret'")
    await session.run('GRANT SELECT ON mysql.* TO bob@`10.%`')
    assert.deepEqual(await session.rows("SHOW GRANTS FOR bob@'10.%'"), [
      { 'Grants for bob@10.%': 'GRANT USAGE ON *.* TO `bob`@`10.%`' },
      { 'Grants for bob@10.%': 'GRANT SELECT ON `mysql`.* TO `bob`@`10.%`' },
    ])
    await session.run("CREATE USER IF NOT EXISTS bob@'10.%'")
    assert.equal((await session.rows('SHOW WARNINGS'))[0]?.Code, 3163)
    await session.run("DROP USER bob@'10.%'")
    assert.equal(
      await console.login('ann').error('CREATE USER x'),
      '1227 Access denied; you need (at least one of) the CREATE USER privilege(s) for this operation',
    )
  })
})

describe('SHOW WARNINGS', () => {
  it('is about the statement before, until another one', async () => {
    const session = console.login('root')
    await session.run('SET SESSION wait_timeout = 0')
    assert.deepEqual(await session.rows('SHOW COUNT(*) WARNINGS'), [{ '@@session.warning_count': 1 }])
    const warning = { Level: 'Warning', Code: 1292, Message: "Truncated incorrect wait_timeout value: '0'" }
    assert.deepEqual(await session.rows('SHOW WARNINGS LIMIT 1'), [warning])
    assert.deepEqual(await session.rows('SHOW WARNINGS LIMIT 1, 5'), [])
    assert.deepEqual(await session.rows('SHOW ERRORS'), [])
    assert.deepEqual(await session.rows('SELECT @@warning_count AS w'), [{ w: 1n }])
    assert.deepEqual(await session.rows('SHOW WARNINGS'), [])
    await session.run('SET SESSION wait_timeout = 0')
    await session.run('SELECT 1')
    assert.deepEqual(await session.rows('SHOW WARNINGS'), [])
  })
})

describe('FOUND_ROWS and ROW_COUNT', () => {
  it('are about the statement before', async () => {
    const session = console.login('root')
    await session.rows('SELECT 1 UNION SELECT 2')
    assert.deepEqual(await session.rows('SELECT FOUND_ROWS() AS f'), [{ f: 2n }])
  })
})
