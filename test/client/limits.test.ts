/** Large packets, compressed and not, and those that are larger than a caller takes. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { capability, has } from '../../src/packets/capabilities.ts'
import { type ClientDoor, openClientDoor, withConnection } from './client-door.ts'

let server: ClientDoor

before(async () => {
  server = await openClientDoor()
})

after(() => server.close())

const ways: Readonly<Record<string, ConnectOptions>> = {
  'as they are': {},
  'by zlib': { compress: ['zlib'] },
  'by zstd': { compress: ['zstd', 'zlib'], zstdLevel: 1 },
  'by TLS': { tls: { mode: 'REQUIRED' } },
  'by zstd and TLS': { compress: ['zstd'], tls: { mode: 'REQUIRED' } },
}

for (const [way, options] of Object.entries(ways)) {
  const connected = (name: string, use: (connection: Connection) => Promise<void>) =>
    it(name, () => withConnection(server, options, use))

  describe(`packets that travel ${way}`, { timeout: 120_000 }, () => {
    connected('are compressed as negotiated', async ({ capabilities }) => {
      const [best] = options.compress ?? []
      assert.equal(has(capabilities, capability.ZSTD_COMPRESSION_ALGORITHM), best === 'zstd')
      assert.equal(
        has(capabilities, capability.COMPRESS),
        options.compress?.includes('zlib') === true && best !== 'zstd',
      )
    })

    // What is left of a frame behind the length of a field decides whether it takes another one.
    const lengths = way === 'as they are' ? [0xffffff - 5, 0xffffff - 4, 0xffffff, 34_000_000] : [0xffffff]
    for (const length of lengths) {
      connected(`come in rows of ${length} bytes`, async (connection) => {
        const [row] = (await connection.query<{ text: string }>(`long ${length}`)).rows
        assert.equal(row?.text.length, length)
        assert.equal((await connection.query('rows 2')).rows.length, 2)
      })
    }

    connected('come where nothing compresses', async (connection) => {
      const { rows } = await connection.execute<{ noise: Buffer }>('noise 17000000')
      assert.equal(rows[0]?.noise.length, 17_000_000)
    })

    connected('leave as statements and values, one after the other', async (connection) => {
      const text = 'y'.repeat(0xffffff)
      const [row] = (await connection.query<{ bytes: string }>(`hex ${text}`)).rows
      assert.equal(row?.bytes.length, 2 * text.length)
      const bytes = Buffer.alloc(17_000_000, 0xff)
      const echoed = await connection.execute<{ values: string }>('echo ?', [bytes])
      assert.equal(JSON.parse(echoed.rows[0]?.values ?? '')[0], `bytes ${bytes.toString('hex')}`)
      await connection.ping()
    })

    connected('are many small ones too', async (connection) => {
      for (let i = 0; i < 20; i++) {
        assert.equal((await connection.query('rows 3000')).rows.length, 3000)
        assert.equal((await connection.execute('echo ?', ['z'.repeat(60 * i)])).rows.length, 1)
      }
    })

    for (const sql of ['rows 5000', 'flood']) {
      connected(`are streamed and left: ${sql}`, async (connection) => {
        for await (const _ of connection.stream(sql)) break
        assert.equal((await connection.query('rows 1')).rows.length, 1)
      })
    }

    it('end the connection when they are larger than the caller takes, by an error that names the option', async () => {
      const connection = await server.connect({ ...options, maxAllowedPacket: 100_000 })
      assert.equal((await connection.query<{ text: string }>('long 99990')).rows[0]?.text.length, 99_990)
      const error = await connection.query('long 100001').catch((lost) => lost)
      assert.ok(error instanceof MysqlError)
      assert.equal(error.symbol, 'CR_NET_PACKET_TOO_LARGE')
      assert.equal(error.code, 2020)
      assert.match(error.message, /maxAllowedPacket is 100000/)
      assert.equal(await connection.closed, error)
    })

    it('may be smaller than what arrives at once, while the reader is slow', () =>
      withConnection(server, { ...options, maxAllowedPacket: 1024 }, async (connection) => {
        let rows = 0
        for await (const _ of connection.stream('rows 20000')) {
          rows++
          if (rows % 100 === 0) await new Promise(setImmediate)
        }
        assert.equal(rows, 20_000)
      }))
  })
}

describe('a statement that is larger than the server takes', { timeout: 120_000 }, () => {
  it('fails with the error of the server, or the loss of the connection', async () => {
    const connection = await server.connect()
    const error = await connection.query(`hex ${'x'.repeat(70 << 20)}`).catch((lost) => lost)
    assert.ok(['ER_NET_PACKET_TOO_LARGE', 'CR_SERVER_LOST'].includes(error.symbol), error.symbol)
    assert.ok((await connection.closed) instanceof MysqlError)
  })
})
