/** Giving up, at every point: the caller is told at once, the server stops, and the connection is free or closed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { createPool } from '../../src/client/pool.ts'
import { frame, ok } from '../rogue/packets.ts'
import { answerId, hear, opening, say } from '../rogue/scripts.ts'
import { RogueServer } from '../rogue/server.ts'
import { until } from '../support/door.ts'
import { type ClientDoor, openClientDoor, running, withConnection } from './client-door.ts'

let server: ClientDoor

before(async () => {
  server = await openClientDoor()
})

after(() => server.close())

const reason = new Error('the caller has changed its mind')

const connected = (name: string, use: (connection: Connection) => Promise<void>) =>
  it(name, () => withConnection(server, {}, use))

const statements: Readonly<Record<string, (connection: Connection, signal: AbortSignal) => Promise<unknown>>> = {
  query: (connection, signal) => connection.query('wait', { signal }),
  execute: (connection, signal) => connection.execute('wait', [], { signal }),
  stream: (connection, signal) => connection.stream('wait', undefined, { signal }).next(),
  'stream with values': (connection, signal) => connection.stream('wait', [], { signal }).next(),
}

const commands = {
  ...statements,
  prepare: (connection: Connection, signal: AbortSignal) => connection.prepare('wait', { signal }),
  ping: (connection: Connection, signal: AbortSignal) => connection.ping({ signal }),
  resetConnection: (connection: Connection, signal: AbortSignal) => connection.resetConnection({ signal }),
  changeUser: (connection: Connection, signal: AbortSignal) => connection.changeUser({ signal }),
}

describe('an aborted command', { timeout: 120_000 }, () => {
  for (const [name, command] of Object.entries(commands)) {
    connected(`is not sent when it was aborted before: ${name}`, async (connection) => {
      const { Queries } = server.door.registry.status
      await assert.rejects(command(connection, AbortSignal.abort(reason)), reason)
      assert.equal(connection.idle, true)
      assert.equal(server.door.registry.status.Queries, Queries)
    })

    connected(`leaves the queue when its turn has not come: ${name}`, async (connection) => {
      const controller = new AbortController()
      const ends = connection.query('ends')
      await running(server, connection)
      const gaveUp = assert.rejects(command(connection, controller.signal), reason)
      controller.abort(reason)
      await gaveUp
      const { Queries } = server.door.registry.status
      server.door.registry.live.get(connection.connectionId)?.kill('query')
      assert.equal((await ends).info, 'killed')
      await connection.ping()
      assert.equal(server.door.registry.status.Queries, Queries + 1, 'only the ping came')
    })
  }

  for (const [name, command] of Object.entries(statements)) {
    connected(`is killed on the server when it runs: ${name}`, async (connection) => {
      const controller = new AbortController()
      const failed = assert.rejects(command(connection, controller.signal), reason)
      await until(() => server.statements.at(-1) === 'wait', 'the statement runs')
      await running(server, connection)
      controller.abort(reason)
      await failed
      assert.equal((await connection.query('rows 2')).rows.length, 2)
      assert.ok(server.statements.includes(`KILL QUERY ${connection.connectionId}`))
    })
  }

  connected('is killed as the user that the connection has become', async (connection) => {
    await connection.changeUser({ user: 'other', password: 'pw-other' })
    const controller = new AbortController()
    const failed = assert.rejects(connection.query('wait', { signal: controller.signal }), reason)
    await running(server, connection)
    controller.abort(reason)
    await failed
    assert.equal((await connection.query('who')).rows[0]?.who, 'other@%')
  })

  connected('ends a stream that is being read, and gives the reason once', async (connection) => {
    const controller = new AbortController()
    const rows = connection.stream('flood', undefined, { signal: controller.signal })
    await rows.next()
    controller.abort(reason)
    const read = async () => {
      for await (const _ of rows);
    }
    await assert.rejects(read(), reason)
    assert.equal((await rows.next()).done, true)
    await connection.ping()
  })

  connected('that has ended already is not killed', async (connection) => {
    const controller = new AbortController()
    await connection.query('rows 1', { signal: controller.signal })
    const seen = server.statements.length
    controller.abort(reason)
    await connection.ping()
    assert.equal(server.statements.length, seen)
  })

  it('ends the connection when it stands between two users', async () => {
    const silent = await RogueServer.open([...opening(), say(frame(ok, answerId())), hear, hear])
    const connection = await server.connect({ port: silent.port })
    const controller = new AbortController()
    const failed = assert.rejects(connection.changeUser({ signal: controller.signal }), reason)
    controller.abort(reason)
    await failed
    assert.match((await connection.closed)?.message ?? '', /COM_CHANGE_USER/)
    await silent.close()
  })

  it('ends with the connection when it cannot be killed', async () => {
    let passwords = ['pw-app']
    const connection = await server.connect({ password: () => passwords[0] ?? 'wrong' })
    const controller = new AbortController()
    const failed = assert.rejects(connection.query('wait', { signal: controller.signal }), reason)
    await running(server, connection)
    passwords = []
    controller.abort(reason)
    await failed
    const waiting = assert.rejects(connection.ping(), { symbol: 'CR_SERVER_LOST' })
    assert.match((await connection.closed)?.message ?? '', /could not be killed/)
    await waiting
  })
})

describe('an aborted login', { timeout: 120_000 }, () => {
  it('opens nothing when it was aborted before', async () => {
    const { Connections } = server.door.registry.status
    await assert.rejects(server.connect({ signal: AbortSignal.abort(reason) }), reason)
    assert.equal(server.door.registry.status.Connections, Connections)
  })

  it('does not wait for a password that does not come', async () => {
    const controller = new AbortController()
    const failed = assert.rejects(
      server.connect({ signal: controller.signal, password: () => new Promise(() => {}) }),
      reason,
    )
    controller.abort(reason)
    await failed
  })

  it('leaves while it is still dialling', async () => {
    const controller = new AbortController()
    const attempt = server.connect({ signal: controller.signal })
    controller.abort(reason)
    const error = await attempt.catch((gaveUp) => gaveUp)
    assert.deepEqual([error.symbol, error.phase, error.cause], ['CR_SERVER_LOST', 'dial', reason])
  })

  for (const phase of ['greeting', 'login-sent', 'tls-requested'] as const) {
    it(`leaves at once, and says where: ${phase}`, async () => {
      const silent = await SilentServer.open(phase === 'greeting' ? undefined : await greetingOf(server.port))
      const controller = new AbortController()
      const attempt = connect({
        ...server.options,
        port: silent.port,
        signal: controller.signal,
        tls: { mode: phase === 'tls-requested' ? 'REQUIRED' : 'DISABLED' },
      })
      const failed = assert.rejects(attempt, (error: Error & { login?: object; symbol: string }) => {
        assert.equal(error.symbol, 'CR_SERVER_LOST')
        assert.equal(error.cause, reason)
        assert.ok(error.login)
        return true
      })
      await silent.heard(phase === 'greeting' ? 0 : 1)
      controller.abort(reason)
      await failed
      await silent.left()
      await silent.close()
    })
  }

  it('is that of a pool too', async () => {
    await using pool = createPool({ ...server.options, tls: { mode: 'DISABLED' }, getServerPublicKey: true, limit: 1 })
    const lease = await pool.connection()
    const controller = new AbortController()
    const waiting = assert.rejects(pool.connection({ signal: controller.signal }), reason)
    assert.equal(pool.counts.waiting, 1)
    controller.abort(reason)
    await waiting
    assert.equal(pool.counts.waiting, 0)
    await assert.rejects(pool.connection({ signal: AbortSignal.abort(reason) }), reason)
    lease.release()
    const running = new AbortController()
    const query = assert.rejects(pool.query('wait', { signal: running.signal }), reason)
    await until(() => server.statements.at(-1) === 'wait', 'the statement runs')
    running.abort(reason)
    await query
    assert.equal((await pool.query('rows 1')).rows.length, 1)
  })
})

/** Says a greeting at most, and nothing more. */
class SilentServer {
  readonly #server: Server
  #socket: Socket | undefined = undefined
  #chunks = 0

  private constructor(greeting: Buffer | undefined) {
    this.#server = createServer((socket) => {
      this.#socket = socket
      socket.on('data', () => this.#chunks++).on('error', () => {})
      if (greeting !== undefined) socket.write(greeting)
    })
  }

  static async open(greeting: Buffer | undefined): Promise<SilentServer> {
    const silent = new SilentServer(greeting)
    silent.#server.listen(0, '127.0.0.1')
    await once(silent.#server, 'listening')
    return silent
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async heard(chunks: number): Promise<void> {
    await until(() => this.#socket !== undefined && this.#chunks >= chunks, `${chunks} chunks were heard`)
  }

  async left(): Promise<void> {
    await until(() => this.#socket?.destroyed === true, 'the client has left')
  }

  async close(): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** The first bytes that a server sends, whole. */
async function greetingOf(port: number): Promise<Buffer> {
  const socket = dial(port, '127.0.0.1')
  const [greeting] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return greeting
}
