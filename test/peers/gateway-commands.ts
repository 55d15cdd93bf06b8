/** Commands through a gateway to real servers, over legs compressed or not: what only real servers do. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { bytes, int, text } from '../support/bytes.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'
import { installed, type Peer } from './install.ts'
import { type RunningServer, startMariadbd, startMysqld } from './servers.ts'

const tls = { mode: 'DISABLED' } as const

/** Declares the tests. */
export function testGatewayCommands(peers: readonly Peer[]): void {
  for (const name of ['mysqld', 'mariadbd'] as const) {
    const peer = installed(peers, name)
    if (peer === undefined) {
      test(`commands through a gateway to ${name}`, { skip: `MISSING: ${name}` })
      continue
    }
    describe(`commands through a gateway to ${name} ${peer.version}`, () => {
      let server: RunningServer
      before(async () => {
        const settings = ['--local-infile=ON', '--max-allowed-packet=64M']
        server = await (name === 'mysqld' ? startMysqld(peers, peer, settings) : startMariadbd(peers, peer, settings))
        await using root = await connect({ socketPath: server.socket, user: 'root', password: '' })
        for (const sql of [
          "CREATE USER app IDENTIFIED BY 'secret'",
          'CREATE DATABASE shop',
          'GRANT ALL ON shop.* TO app',
          'CREATE TABLE shop.t (line TEXT)',
        ])
          await root.query(sql)
      })
      after(() => server?.stop())

      for (const compress of [[], ['zlib'], ['zstd']] as const) {
        if (name === 'mariadbd' && compress[0] === 'zstd') continue
        const over = compress.length === 0 ? 'a plain leg' : `a leg with ${compress[0]}`

        test(`answer in order over ${over}, whatever their size and number`, async () => {
          await using gateway = await opened(server, compress)
          for (const ours of [[], ['zlib']] as const) {
            const client = await gateway.open({ compress: ours, multiStatements: true })
            await several(client)
            await large(client)
            await file(client)
            await client.close()
          }
        })

        test(`answer a hundred statements at once over ${over}`, async () => {
          await using gateway = await opened(server, compress)
          const client = await gateway.raw()
          const hundred = Array.from({ length: 100 }, (_, i) => text(`\x03SELECT ${i}`))
          client.write(bytes(...hundred.map((sql) => bytes(int(sql.length, 3), [0], sql)), [1, 0, 0, 0, 1]))
          for (let i = 0; i < 100; i++) {
            for (let id = 1; id <= 5; id++) {
              const { payload, sequenceId } = await client.packet()
              assert.equal(sequenceId, id)
              if (id === 4) assert.equal(payload.toString('latin1', 1), String(i))
            }
          }
          assert.equal(await client.next(), undefined)
        })
      }

      test('read no file of a client where the gateway does not allow it', async () => {
        await using gateway = await opened(server, [], false)
        const client = await gateway.open({})
        const asked: string[] = []
        const localInfile = (path: string) => {
          asked.push(path)
          return []
        }
        const sql = "LOAD DATA LOCAL INFILE 'lines' INTO TABLE shop.t"
        await assert.rejects(client.query(sql, { localInfile }), { code: name === 'mysqld' ? 3948 : 4166 })
        assert.deepEqual(asked, [])
        await client.query('SELECT 1')
        await client.close()
      })

      test('fetch the rows of a cursor', async () => {
        await using gateway = await opened(server, [])
        const client = await gateway.raw()
        const { payload } = await client.command(0x16, text('SELECT 1 UNION SELECT 2 UNION SELECT 3'))
        const id = payload.subarray(1, 5)
        // A column, and the end of the columns.
        for (let i = 0; i < 2; i++) await client.packet()
        client.send(bytes([0x17], id, [1], int(1, 4)), 0)
        for (let i = 0; i < 3; i++) await client.packet()
        client.send(bytes([0x1c], id, int(2, 4)), 0)
        const fetched = [await client.packet(), await client.packet(), await client.packet()]
        assert.deepEqual(
          fetched.map((packet) => packet.payload[0]),
          [0, 0, 0xfe],
        )
        client.destroy()
      })

      test('leave the next client neither a default database nor a character set', async () => {
        await using gateway = await opened(server, [])
        const sql = 'SELECT DATABASE() AS db, @@character_set_results AS cs'
        const fresh = { db: null, cs: 'utf8mb4' }
        for (const before of ['USE shop', 'SET SESSION session_track_schema = OFF', 'SET NAMES latin1', 'SELECT 1']) {
          const client = await gateway.open({})
          assert.deepEqual((await client.query(sql)).rows, [fresh])
          await client.query(before)
          if (before.startsWith('SET SESSION')) await client.query('USE shop')
          await client.close()
        }
      })
    })
  }
}

/** Several results, of which one is larger than what is compressed at once, and an error. */
async function several(client: Connection): Promise<void> {
  const lengths: (number | undefined)[] = []
  const sql = "SELECT 'a' AS v; SELECT REPEAT('b', 300000) AS v; DO 1; SELECT 'c' AS v; SELECT nothing"
  const all = async () => {
    for await (const event of client.events<{ v: string }>(sql)) {
      if (event.is === 'rows') lengths.push(...event.rows.map(({ v }) => v.length))
    }
  }
  await assert.rejects(all, { code: 1054 })
  assert.deepEqual(lengths, [1, 300_000, 1])
  assert.equal((await client.query<{ n: bigint }>('SELECT 7 AS n')).rows.length, 1)
}

async function large(client: Connection): Promise<void> {
  for (const size of [100_000, 2 ** 24 + 40]) {
    const { rows } = await client.query<{ n: bigint | number }>(`SELECT LENGTH('${'x'.repeat(size)}') AS n`)
    assert.equal(Number(rows[0]?.n), size)
    const { rows: back } = await client.query<{ v: string }>(`SELECT REPEAT('y', ${size}) AS v`)
    assert.equal(back[0]?.v?.length, size)
  }
}

async function file(client: Connection): Promise<void> {
  await client.query('TRUNCATE shop.t')
  const sql = "LOAD DATA LOCAL INFILE 'lines' INTO TABLE shop.t"
  const line = `${'z'.repeat(999)}\n`
  await client.query(sql, { localInfile: () => Array.from({ length: 100 }, () => Buffer.from(line.repeat(50))) })
  const { rows } = await client.query<{ n: bigint | number }>(
    'SELECT COUNT(*) AS n FROM shop.t WHERE LENGTH(line) = 999',
  )
  assert.equal(Number(rows[0]?.n), 5000)
}

interface Opened extends AsyncDisposable {
  open(options: ConnectOptions): Promise<Connection>
  raw(): Promise<RawClient>
}

async function opened(
  server: RunningServer,
  compress: NonNullable<ConnectOptions['compress']>,
  localInfile = true,
): Promise<Opened> {
  const { host, port } = server
  const gateway: TestGateway = await openTestGateway({
    backends: [{ connect: { host, port, user: 'root', password: '', tls, getServerPublicKey: true, compress } }],
    rules: [{ way: 'mapped', as: { user: 'app', credential: { password: 'secret' } } }],
    accounts: [{ user: 'ann', password: 'pw', plugin: 'mysql_native_password' }],
    with: { localInfile },
  })
  return {
    open: (options) =>
      connect({
        ...{ host: '127.0.0.1', port: gateway.port, user: 'ann', password: 'pw', tls },
        ...{ maxAllowedPacket: 2 ** 26, ...options },
      }),
    raw: async () => {
      const client = await RawClient.connect({ port: gateway.port })
      const { last } = await client.login({ user: 'ann', password: 'pw' })
      assert.equal(last.payload[0], 0)
      return client
    },
    [Symbol.asyncDispose]: () => gateway.abandon(),
  }
}
