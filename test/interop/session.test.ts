/**
 * What npm clients do in a session besides asking: character sets, compression, streams, pools, kills.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect as connectNet, createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import mariadb from 'mariadb'
import { createConnection } from 'mysql2'
import { createPool, createConnection as createPromised } from 'mysql2/promise'
import { type TestDoor, until } from '../support/door.ts'
import { ask, binaryClients, comparable, openAnsweringDoor, plugins, withClient } from './answering-door.ts'
import { progress } from './answers.ts'
import { clientNames, connect, errorOf } from './clients.ts'

let server: TestDoor

before(async () => {
  server = await openAnsweringDoor()
})

after(() => server.close())

describe('session', () => {
  for (const name of clientNames) {
    it(`of ${name} answers a ping`, () => withClient(server, name, {}, (client) => client.ping()))

    it(`of ${name} keeps the bytes of its statements (utf8mb4)`, () =>
      withClient(server, name, {}, async (client) => {
        assert.deepEqual(await client.query('hex ß🎉'), [{ bytes: 'c39ff09f8e89' }])
      }))

    it(`of ${name} runs over TLS and says so`, () =>
      withClient(server, name, { tls: { ca: server.keys.ca ?? '' } }, async (client) => {
        const record = server.door.registry.live.get(client.id)
        assert.equal(record?.channel, 'tls')
        assert.match(record?.tls?.cipher ?? '', /^TLS_/)
      }))

    it(`of ${name} is killed in the middle of a statement`, async () => {
      const client = await connect(name, { port: server.port, user: 'nat', password: 'pw' })
      const waiting = errorOf(client.query('wait'))
      await until(() => server.door.registry.live.get(client.id)?.command === 'Query', 'the statement runs')
      server.door.registry.live.get(client.id)?.kill('connection')
      assert.ok(await waiting)
      client.destroy()
    })

    it(`of ${name} survives a KILL QUERY, which ends the statement with 1317`, () =>
      withClient(server, name, {}, async (client) => {
        const waiting = errorOf(client.query('wait'))
        await until(() => server.door.registry.live.get(client.id)?.command === 'Query', 'the statement runs')
        server.door.registry.live.get(client.id)?.kill('query')
        assert.equal((await waiting).errno, 1317)
        assert.deepEqual(await client.query('who'), [{ who: 'nat@%', user: 'nat', host: 'localhost' }])
      }))
  }

  // npm mysql says latin1 and sends UTF-8 all the same.
  for (const name of binaryClients) {
    it(`of ${name} in latin1 is understood, and gets its umlauts back`, () =>
      withClient(server, name, { charset: name === 'mariadb' ? 'LATIN1' : 'LATIN1_SWEDISH_CI' }, async (client) => {
        assert.deepEqual(await client.query('hex ß'), [{ bytes: 'c39f' }])
        for (const rows of [await client.query('types'), await client.execute('types', [])]) {
          const [row] = rows as { text: string; json: unknown }[]
          assert.equal(row?.text, 'Grüße ?')
          assert.deepEqual(row?.json, { a: [1, null] })
        }
      }))

    it(`of ${name} forgets everything but its user at a reset`, () =>
      withClient(server, name, { database: 'app' }, async (client) => {
        await client.query('set value')
        await client.query('timeout 7')
        await client.execute('echo ?', [1])
        await client.reset()
        const [state] = (await ask(client, 'state')) as Record<string, unknown>[]
        assert.deepEqual(state, { variable: null, database: 'app', charset: 'utf8mb4', wait_timeout: 28_800 })
        assert.equal(server.door.registry.status.Prepared_stmt_count, 0)
      }))

    it(`of ${name} says what it is in its connect attributes`, () =>
      withClient(server, name, { attributes: { program_name: 'interop' } }, async (client) => {
        const sent = server.door.registry.live.get(client.id)?.login?.connectAttributes ?? []
        const attributes = Object.fromEntries(sent.map((pair) => pair.map((bytes) => Buffer.from(bytes).toString())))
        assert.equal(attributes.program_name, 'interop')
        assert.match(attributes._client_name, /Node/i)
      }))
  }

  it('never asks for a local file, whatever the statement', async () => {
    const connection = await createPromised({ host: '127.0.0.1', port: server.port, user: 'nat', password: 'pw' })
    const infileStreamFactory = () => assert.fail('asked for a file')
    await connection.query({ sql: "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", infileStreamFactory } as never)
    await connection.end()
  })
})

describe('compression', () => {
  for (const name of binaryClients) {
    for (const tls of [false, true]) {
      it(`of ${name}${tls ? ' inside TLS' : ''} makes answers and statements small on the wire`, async () => {
        const wire = await countingProxy(server.port)
        const options = { port: wire.port, compress: true, ...(tls && { tls: { ca: server.keys.ca ?? '' } }) }
        await withClient(server, name, options, async (client) => {
          const [row] = (await client.query('long 5000000')) as { text: string }[]
          assert.equal(row?.text.length, 5_000_000)
          const [hex] = (await client.query(`hex ${'y'.repeat(5_000_000)}`)) as { bytes: string }[]
          assert.equal(hex?.bytes, '79'.repeat(5_000_000))
          const rows = comparable(await client.execute('rows 10000', [])) as unknown[]
          assert.deepEqual(rows.at(-1), { n: 10_000, text: 'row 10000' })
          assert.equal((await errorOf(client.query('breaks 5000'))).errno, 3024)
          await client.ping()
        })
        await wire.close()
        assert.ok(wire.toServer() < 100_000, `${wire.toServer()} bytes to the server`)
        assert.ok(wire.toClient() < 400_000, `${wire.toClient()} bytes to the client`)
      })
    }
  }
})

describe('streams', () => {
  it('stop the handler while mysql2 reads nothing, and end it when the client leaves', async () => {
    const connection = createConnection({ host: '127.0.0.1', port: server.port, user: 'nat', password: 'pw' })
    const stream = connection.query('slowly 500000').stream()
    await once(stream, 'readable')
    await until(standstill(), 'the buffers on the way are full')
    assert.ok(!progress.ended)
    connection.destroy()
    await until(() => progress.ended, 'the handler was told to stop')
  })

  /** No row in a hundred looks; between two of them many are written while the way is free. */
  function standstill(): () => boolean {
    let last = 0
    let turns = 0
    return () => {
      turns = progress.rows === last ? turns + 1 : 0
      last = progress.rows
      return turns > 100 && last > 100
    }
  }

  it('reach mariadb row by row, with the error in the middle of them', async () => {
    const options = { host: '127.0.0.1', port: server.port, user: 'nat', password: 'pw' }
    const connection = await mariadb.createConnection(options)
    let count = 0
    await assert.rejects(async () => {
      for await (const _ of connection.queryStream('breaks 3000')) count++
    }, /maximum statement execution time exceeded/)
    assert.ok(count > 0 && count <= 3000)
    await connection.ping()
    await connection.end()
  })
})

describe('many at once', () => {
  it('answers 200 pipelined statements of mariadb in their order', () =>
    withClient(server, 'mariadb', {}, async (client) => {
      const numbers = Array.from({ length: 200 }, (_, i) => i)
      const results = await Promise.all(numbers.map((n) => client.query(n % 7 === 0 ? `rows ${n}` : `long ${n}`)))
      for (const [n, result] of results.entries()) {
        const rows = result as { text: string }[]
        if (n % 7 === 0) assert.equal(rows.length, n)
        else assert.equal(rows[0]?.text.length, n)
      }
    }))

  for (const plugin of plugins) {
    const tls = plugin === 'mysql_clear_password'
    it(`serves 200 logins through a pool of 20 of mysql2 (${plugin})`, async () => {
      server.door.realm.fastDigests.clear()
      const connections = server.door.registry.status.Connections
      const pool = createPool({
        host: '127.0.0.1',
        port: server.port,
        user: `from-${plugin}`,
        password: 'pw-from',
        connectionLimit: 20,
        enableCleartextPlugin: true,
        ...(tls && { ssl: { ca: server.keys.ca ?? '' } }),
      })
      const login = async () => {
        const connection = await pool.getConnection()
        const [rows] = await connection.query('who')
        assert.deepEqual(rows, [{ who: `from-${plugin}@%`, user: `from-${plugin}`, host: 'localhost' }])
        connection.destroy()
      }
      await Promise.all(Array.from({ length: 200 }, login))
      await pool.end()
      assert.equal(server.door.registry.status.Connections - connections, 200)
      await until(() => server.door.registry.live.size === 0, 'all have left')
    })
  }

  it('serves a pool of mariadb whose connections are reset and used again', async () => {
    const pool = mariadb.createPool({
      host: '127.0.0.1',
      port: server.port,
      user: 'nat',
      password: 'pw',
      connectionLimit: 20,
      resetAfterUse: true,
    })
    const rows = await Promise.all(Array.from({ length: 200 }, () => pool.query('who')))
    assert.equal(rows.length, 200)
    await pool.end()
  })
})

/** Hands bytes through to the door, and counts them. */
async function countingProxy(port: number) {
  let toServer = 0
  let toClient = 0
  const proxy = createServer((near) => {
    const far = connectNet(port, '127.0.0.1')
    near.on('data', (chunk) => {
      toServer += chunk.length
    })
    far.on('data', (chunk) => {
      toClient += chunk.length
    })
    near.pipe(far).pipe(near)
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroySoon())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    toServer: () => toServer,
    toClient: () => toClient,
    close: () => new Promise((resolve) => proxy.close(resolve)),
  }
}
