/** How a session of our client is cleaned, changed, closed, and lost: against our own front door. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import { ConfigurationError, MysqlError } from '../../src/errors/errors.ts'
import { err, frame, ok } from '../rogue/packets.ts'
import { answerId, close, hear, opening, say } from '../rogue/scripts.ts'
import { RogueServer } from '../rogue/server.ts'
import { until } from '../support/door.ts'
import { type ClientDoor, openClientDoor, withConnection } from './client-door.ts'

let server: ClientDoor

before(async () => {
  server = await openClientDoor()
})

after(() => server.close())

const connected = (name: string, use: (connection: Connection) => Promise<void>) =>
  it(name, () => withConnection(server, {}, use))

describe('resetConnection', { timeout: 120_000 }, () => {
  connected('forgets variables and prepared statements, and keeps the user', async (connection) => {
    await connection.query('set 7')
    await connection.execute('rows 1')
    assert.equal((await connection.query('state')).rows[0]?.variable, '7')
    await connection.resetConnection()
    assert.equal((await connection.query('state')).rows[0]?.variable, null)
    assert.equal(connection.session.user, 'app')
    assert.equal((await connection.execute('rows 1')).rows.length, 1)
  })
})

describe('changeUser', { timeout: 120_000 }, () => {
  connected('becomes somebody else, with another plugin and database, and back', async (connection) => {
    await connection.query('set 7')
    await connection.changeUser({ user: 'other', password: 'pw-other', database: 'shop' })
    assert.deepEqual([connection.session.user, connection.session.database], ['other', 'shop'])
    const [state] = (await connection.query('state')).rows
    assert.deepEqual([state?.variable, state?.database], [null, 'shop'])
    assert.equal((await connection.query('who')).rows[0]?.who, 'other@%')
    await connection.changeUser()
    assert.equal((await connection.query('who')).rows[0]?.who, 'app@%')
    assert.equal(connection.session.database, undefined)
  })

  it('tells why it is refused, and how far it came', async () => {
    const connection = await server.connect()
    const error = await connection.changeUser({ user: 'other', password: 'wrong' }).catch((refused) => refused)
    assert.ok(error instanceof MysqlError)
    assert.equal(error.symbol, 'ER_ACCESS_DENIED_ERROR')
    assert.equal(error.login?.user, 'other')
    assert.equal(error.login?.plugin, 'mysql_native_password')
    // This server ends the connection, as MySQL does.
    assert.ok((await connection.closed) instanceof MysqlError)
    await assert.rejects(connection.query('who'), { symbol: 'CR_SERVER_GONE_ERROR' })
  })

  it('waits for its turn without a deadline, which begins with it', () =>
    withConnection(server, { connectTimeoutMs: 50 }, async (connection) => {
      const ends = connection.query('ends')
      const changed = connection.changeUser()
      await until(() => server.statements.at(-1) === 'ends', 'it runs')
      const late = performance.now() + 100
      await until(() => performance.now() > late, 'the deadline of a login is over')
      server.door.registry.live.get(connection.connectionId)?.kill('query')
      await ends
      await changed
    }))

  connected('asks for the password when it is due, and not what is no password', async (connection) => {
    const asked: object[] = []
    await connection.changeUser({
      user: 'other',
      password: (login) => {
        asked.push(login)
        return 'pw-other'
      },
    })
    assert.deepEqual(asked, [{ host: '127.0.0.1', port: server.port, user: 'other' }])
    await assert.rejects(connection.changeUser({ password: 1 as unknown as string }), ConfigurationError)
    await connection.ping()
  })
})

describe('close', { timeout: 120_000 }, () => {
  it('lets commands end that were called before, and takes none after', async () => {
    const connection = await server.connect()
    const before = [connection.execute('echo ?', [1]), connection.query('rows 3'), connection.execute('echo ?', [2])]
    const closed = connection.close()
    assert.equal(connection.open, false)
    await assert.rejects(connection.query('rows 1'), { symbol: 'CR_SERVER_GONE_ERROR' })
    assert.deepEqual(
      (await Promise.all(before)).map(({ rows }) => rows.length),
      [1, 3, 1],
    )
    await closed
    assert.equal(await connection.closed, undefined)
    await connection.close()
  })

  it('happens at the end of an await using block', async () => {
    let connection: Connection
    {
      await using used = await server.connect()
      connection = used
      await used.ping()
    }
    assert.equal(connection.open, false)
    assert.equal(await connection.closed, undefined)
  })
})

describe('destroy', { timeout: 120_000 }, () => {
  it('ends what runs and what waits', async () => {
    const connection = await server.connect()
    const both = Promise.allSettled([connection.query('wait'), connection.execute('echo ?', [1])])
    connection.destroy()
    for (const settled of await both) {
      assert.equal(settled.status, 'rejected')
      assert.equal(settled.reason.symbol, 'CR_SERVER_LOST')
    }
    assert.equal((await connection.closed)?.symbol, 'CR_SERVER_LOST')
    await assert.rejects(connection.ping(), { symbol: 'CR_SERVER_GONE_ERROR' })
    await connection.close()
  })
})

describe('a connection that the server ends', { timeout: 120_000 }, () => {
  it('in the middle of a statement fails it with 2013, and what waits', async () => {
    const connection = await server.connect()
    const both = Promise.allSettled([connection.query('wait'), connection.query('rows 1')])
    await until(() => server.statements.at(-1) === 'wait', 'it runs')
    server.door.registry.live.get(connection.connectionId)?.kill('connection')
    for (const settled of await both) {
      assert.equal(settled.status, 'rejected')
      assert.ok(['CR_SERVER_LOST', 'ER_QUERY_INTERRUPTED'].includes(settled.reason.symbol), settled.reason.symbol)
    }
    await connection.closed
  })

  it('with a farewell that crosses with a command tells the reason of the server', async () => {
    const farewell = say(frame(err('idle for too long', 4031, '#HY000'), 0))
    const leaving = await RogueServer.open([...opening(), say(frame(ok, answerId())), hear, farewell, close])
    const connection = await server.connect({ port: leaving.port })
    await assert.rejects(connection.query('SELECT 1'), { symbol: 'ER_CLIENT_INTERACTION_TIMEOUT' })
    assert.equal((await connection.closed)?.symbol, 'ER_CLIENT_INTERACTION_TIMEOUT')
    await leaving.close()
  })

  it('while it is idle fails the next statement with 2006, and the reason of the server', async () => {
    const connection = await server.connect()
    await connection.query('timeout 1')
    const ended = await connection.closed
    assert.equal(ended?.symbol, 'ER_CLIENT_INTERACTION_TIMEOUT')
    assert.equal(connection.open, false)
    const error = await connection.query('rows 1').catch((gone) => gone)
    assert.equal(error.symbol, 'CR_SERVER_GONE_ERROR')
    assert.equal(error.cause, ended)
    await connection.close()
  })
})
