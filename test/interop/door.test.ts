/**
 * The door as a whole: what it counts of connections, the commands that drivers seldom send, KILL, and how it closes.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import { block, bytes, int, nul, text, zeros } from '../support/bytes.ts'
import { openDoor, type TestDoor, until, withDoor as withTestDoor } from '../support/door.ts'
import { handshakeResponse, RawClient, type RawPacket, scramble } from '../support/raw-client.ts'
import { answers } from './answers.ts'

const native = { plugin: 'mysql_native_password', password: 'pw' } as const
const accounts: readonly AccountInput[] = [
  { ...native, user: 'u', databases: new Map([['app', new Set(['SELECT'])]]) },
  { ...native, user: 'v' },
  { ...native, user: 'admin', privileges: new Set(['CONNECTION_ADMIN', 'RELOAD', 'SELECT']) },
]

const command = {
  quit: 1,
  initDb: 2,
  fieldList: 4,
  refresh: 7,
  statistics: 9,
  kill: 12,
  ping: 14,
  changeUser: 17,
  prepare: 22,
  close: 25,
  reset: 26,
  setOption: 27,
  fetch: 28,
  resetConnection: 31,
}

const ok = '00000002000000'

function withDoor(use: (server: TestDoor) => Promise<void>): Promise<void> {
  return withTestDoor({ accounts, databases: ['app', 'other'], handler: () => answers }, use)
}

async function enter(server: TestDoor, user = 'u', capabilities = 0): Promise<{ client: RawClient; id: number }> {
  const client = await RawClient.connect({ port: server.port })
  const { id, last } = await client.login({ user, password: 'pw', capabilities })
  assert.equal(last.payload.toString('hex'), ok)
  return { client, id }
}

async function leave(server: TestDoor, ...clients: RawClient[]): Promise<void> {
  for (const client of clients) client.send(Uint8Array.of(command.quit), 0)
  for (const client of clients) assert.equal(await client.next(), undefined)
  await until(() => server.door.registry.live.size === 0, 'all have left')
}

/** An ERR as number and text. */
function errorIn({ payload }: RawPacket): [code: number, text: string] {
  assert.equal(payload[0], 0xff, payload.toString('latin1'))
  return [payload.readUInt16LE(1), payload.toString('utf8', 9)]
}

describe('connections', () => {
  it('are counted, strangers too, and the most at a time are remembered', () =>
    withDoor(async (server) => {
      const { status, live } = server.door.registry
      const first = await enter(server)
      const second = await enter(server, 'v')
      const stranger = await RawClient.connect({ port: server.port })
      await stranger.greeting()
      assert.equal(live.size, 3)
      assert.equal(status.Connections, 3)
      stranger.destroy()
      await leave(server, first.client, second.client)
      const last = await enter(server)
      assert.equal(last.id, 4)
      assert.equal(status.Max_used_connections, 3)
      assert.equal(status.Aborted_clients, 0)
      await leave(server, last.client)
    }))

  it('run no command before the verdict, and at once after it', () =>
    withDoor(async (server) => {
      for (const password of ['wrong', 'pw']) {
        const client = await RawClient.connect({ port: server.port })
        const { nonce } = await client.greeting()
        client.send(handshakeResponse({ user: 'u' }, scramble(password, nonce)), 1)
        const change = await client.packet()
        const again = change.payload.subarray(change.payload.indexOf(0, 1) + 1, -1)
        const proof = scramble(password, again)
        const statement = bytes([3], text('set x'))
        // Proof and command in one segment.
        client.write(bytes(int(proof.length, 3), [3], proof, int(statement.length, 3), [0], statement))
        const verdict = await client.packet()
        if (password === 'wrong') {
          assert.equal(errorIn(verdict)[0], 1045)
          assert.equal(await client.next(), undefined)
          assert.equal(server.door.registry.status.Questions, 0)
          client.destroy()
        } else {
          assert.equal((await client.packet()).payload.toString('hex'), ok)
          assert.equal(server.door.registry.status.Questions, 1)
          await leave(server, client)
        }
      }
    }))
})

describe('commands', () => {
  it('COM_INIT_DB changes the database, or says why not, and the session goes on', () =>
    withDoor(async (server) => {
      const { client, id } = await enter(server)
      assert.equal((await client.command(command.initDb, text('app'))).payload.toString('hex'), ok)
      assert.equal(server.door.registry.live.get(id)?.database, 'app')
      assert.deepEqual(errorIn(await client.command(command.initDb, text('other'))), [
        1044,
        "Access denied for user 'u'@'%' to database 'other'",
      ])
      const boss = await enter(server, 'admin')
      assert.deepEqual(errorIn(await boss.client.command(command.initDb, text('nowhere'))), [
        1049,
        "Unknown database 'nowhere'",
      ])
      await leave(server, client, boss.client)
    }))

  it('COM_INIT_DB is announced to a client that tracks its session', () =>
    withDoor(async (server) => {
      const sessionTrack = 0x80_0000
      const { client } = await enter(server, 'u', sessionTrack)
      const { payload } = await client.command(command.initDb, text('app'))
      assert.equal(
        payload.toString('hex'),
        Buffer.from(bytes('00 00 00 02 40 00 00 00 06 01 04 03', text('app'))).toString('hex'),
      )
      await leave(server, client)
    }))

  it('COM_STATISTICS is answered by a line of text', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      await client.query('none')
      const { payload } = await client.command(command.statistics)
      assert.match(payload.toString(), /^Uptime: \d+ {2}Threads: 1 {2}Questions: 1 {2}Slow queries: 0 /)
      await leave(server, client)
    }))

  it('COM_SET_OPTION is answered by EOF', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      assert.equal((await client.command(command.setOption, int(0, 2))).payload.toString('hex'), 'fe00000200')
      assert.equal((await client.command(command.setOption, int(1, 2))).payload.toString('hex'), 'fe00000200')
      await leave(server, client)
    }))

  it('COM_FIELD_LIST is answered by the columns that a query of the table has', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      // The handler of this test answers every SELECT by who, user and host.
      const first = await client.command(command.fieldList, nul('t'))
      assert.ok(Buffer.from(first.payload).includes(Buffer.from(block('who'))))
      assert.ok((await client.packet()).payload.includes(Buffer.from(block('user'))))
      assert.ok((await client.packet()).payload.includes(Buffer.from(block('host'))))
      assert.equal((await client.packet()).payload.toString('hex'), 'fe00000200')
      await leave(server, client)
    }))

  it('of prepared statements that do not exist get 1243, and COM_STMT_CLOSE no answer', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      client.send(bytes([command.close], int(7, 4)), 0)
      assert.deepEqual(errorIn(await client.command(command.reset, int(7, 4))), [
        1243,
        'Unknown prepared statement handler (7) given to mysqld_stmt_reset',
      ])
      assert.equal(errorIn(await client.command(command.fetch, bytes(int(7, 4), int(1, 4))))[0], 1243)
      const prepared = await client.command(command.prepare, text('none'))
      assert.equal(prepared.payload.toString('hex', 0, 5), '0001000000')
      assert.equal((await client.command(command.reset, int(1, 4))).payload.toString('hex'), ok)
      assert.equal(server.door.registry.status.Prepared_stmt_count, 1)
      client.send(bytes([command.close], int(1, 4)), 0)
      assert.equal((await client.command(command.ping)).payload.toString('hex'), ok)
      assert.equal(server.door.registry.status.Prepared_stmt_count, 0)
      await leave(server, client)
    }))

  it('that do not exist get 1047, and the session goes on', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      for (const code of [0, 5, 18, 29, 32, 200, 255]) {
        assert.deepEqual(errorIn(await client.command(code)), [1047, 'Unknown command'])
      }
      assert.equal((await client.command(command.ping)).payload.toString('hex'), ok)
      await leave(server, client)
    }))

  it('with a wrong sequence id get 1156, and the session ends', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      client.send(Uint8Array.of(command.ping), 1)
      assert.equal(errorIn(await client.packet())[0], 1156)
      assert.equal(await client.next(), undefined)
    }))

  it('larger than max_allowed_packet get 1153 from the header alone, and the session ends', () =>
    withTestDoor({ accounts, settings: { max_allowed_packet: 1024 }, handler: () => answers }, async (server) => {
      const { client } = await enter(server)
      client.write(bytes(int(2000, 3), [0]))
      assert.equal(errorIn(await client.packet())[0], 1153)
      assert.equal(await client.next(), undefined)
    }))

  it('that are cut off get an error, and the session goes on', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      for (const code of [command.kill, command.setOption, command.reset]) {
        assert.ok(errorIn(await client.command(code, zeros(1)))[0] > 1000)
      }
      assert.equal((await client.command(command.ping)).payload.toString('hex'), ok)
      await leave(server, client)
    }))
})

describe('KILL', () => {
  it('by COM_PROCESS_KILL ends a session of the same account, 1095 protects those of others, 1094 names nobody', () =>
    withDoor(async (server) => {
      const { client } = await enter(server)
      const own = await enter(server)
      const foreign = await enter(server, 'v')
      assert.equal((await client.command(command.kill, int(own.id, 4))).payload.toString('hex'), ok)
      assert.equal(await own.client.next(), undefined)
      assert.deepEqual(errorIn(await client.command(command.kill, int(foreign.id, 4))), [
        1095,
        `You are not owner of thread ${foreign.id}`,
      ])
      assert.deepEqual(errorIn(await client.command(command.kill, int(999, 4))), [1094, 'Unknown thread id: 999'])
      const boss = await enter(server, 'admin')
      assert.equal((await boss.client.command(command.kill, int(foreign.id, 4))).payload.toString('hex'), ok)
      assert.equal(await foreign.client.next(), undefined)
      await leave(server, client, boss.client)
    }))

  it('ends a stranger in the middle of the login, by an administrator only', () =>
    withDoor(async (server) => {
      const stranger = await RawClient.connect({ port: server.port })
      const { id } = await stranger.greeting()
      const { client } = await enter(server)
      assert.equal(errorIn(await client.command(command.kill, int(id, 4)))[0], 1095)
      const boss = await enter(server, 'admin')
      assert.equal((await boss.client.command(command.kill, int(id, 4))).payload.toString('hex'), ok)
      assert.equal(await stranger.next(), undefined)
      assert.deepEqual(
        server.refusals.map(({ reason, phase }) => [reason, phase]),
        [['killed', 'login']],
      )
      await leave(server, client, boss.client)
    }))

  it('ends a change of user that waits for the client', () =>
    withDoor(async (server) => {
      const { client, id } = await enter(server)
      const packet = bytes(nul('v'), block(zeros(20)), nul(''), int(45, 2), nul('mysql_native_password'))
      assert.equal((await client.command(command.changeUser, packet)).payload[0], 0xfe)
      assert.equal(server.door.registry.live.get(id)?.command, 'Change user')
      const boss = await enter(server, 'admin')
      assert.equal((await boss.client.command(command.kill, int(id, 4))).payload.toString('hex'), ok)
      assert.equal(await client.next(), undefined)
      assert.equal(server.refusals.at(-1)?.reason, 'killed')
      await leave(server, boss.client)
    }))
})

describe('closing the door', () => {
  it('ends idle sessions and strangers, lets a running statement finish, and admits nobody', async () => {
    const finish = Promise.withResolvers<void>()
    const server = await openDoor({
      accounts,
      handler: () => async (sql) => {
        if (sql === 'long') await finish.promise
        return [{ done: 1 }]
      },
    })
    const idle = await enter(server)
    const busy = await enter(server)
    const stranger = await RawClient.connect({ port: server.port })
    await stranger.greeting()
    const running = busy.client.query('long')
    await until(() => server.door.registry.live.get(busy.id)?.command === 'Query', 'the statement runs')

    const closed = server.front.close()
    assert.equal(await idle.client.next(), undefined)
    assert.deepEqual(await stranger.error(), { code: 1053, sqlState: '08S01', message: 'Server shutdown in progress' })
    await assert.rejects(RawClient.connect({ port: server.port }))
    assert.equal(server.door.registry.live.size, 1)
    finish.resolve()
    assert.equal((await running).payload[0], 1)
    stranger.destroy()
    await closed
    assert.equal(server.door.registry.live.size, 0)
    assert.equal(server.refusals[0]?.reason, 'shutting-down')
  })

  it('ends a statement that does not finish in time', async () => {
    const server = await openDoor({ accounts, handler: () => answers })
    const { client, id } = await enter(server)
    const running = client.query('wait')
    running.catch(() => undefined)
    await until(() => server.door.registry.live.get(id)?.command === 'Query', 'the statement runs')
    const begin = performance.now()
    await server.front.close(100)
    assert.ok(performance.now() - begin < 2000)
    await assert.rejects(running)
  })
})
