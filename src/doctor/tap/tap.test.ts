import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createConnection } from 'mysql2/promise'
import { bytes, int } from '../../../test/support/bytes.ts'
import { until, withDoor } from '../../../test/support/door.ts'
import { RawClient, sslRequest } from '../../../test/support/raw-client.ts'
import { openTap } from '../../../test/support/tap.ts'
import type { Side } from '../observation.ts'
import { Tap } from './tap.ts'

const mary = { user: 'mary', password: 'pw-mary' }

/** mysql2, with or without TLS. */
function login(port: number, { tls = false, ...who }: { tls?: boolean; user?: string; password?: string } = {}) {
  const options = { host: '127.0.0.1', port, ...mary, ...who }
  return createConnection({ ...options, ...(tls && { ssl: { rejectUnauthorized: false } }) })
}

/** A server that answers each connection by a function of its own. */
async function peer(onSocket: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => {}))
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

async function clientHello(): Promise<Uint8Array> {
  const [inside, outside] = duplexPair()
  const tls = connectTls({ socket: inside, maxVersion: 'TLSv1.2' }).on('error', () => {})
  const [hello] = await once(outside, 'data')
  tls.destroy()
  return hello
}

describe('a tap', () => {
  it('tells of a login as soon as it is over, and nothing more', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tap = await openTap({ to: port })
      const connection = await login(tap.port)
      await until(() => tap.seen.length === 1, 'the login was told of')
      await connection.query('SELECT 1')
      await connection.end()
      const [seen] = tap.seen
      assert.equal(seen?.outcome, 'ok')
      assert.equal(Buffer.from(seen?.login?.user ?? []).toString(), 'mary')
      assert.deepEqual(seen?.server, { address: '127.0.0.1', port })
      assert.equal(seen?.client.address, '127.0.0.1')
      assert.ok(Math.abs((seen?.startedMs ?? 0) - Date.now()) < 60_000)
      assert.equal(tap.seen.length, 1)
    }))

  it('tells of a refusal with its error, and of a client that leaves', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tap = await openTap({ to: port })
      await assert.rejects(login(tap.port, { password: 'wrong' }), { errno: 1045 })
      const raw = await RawClient.connect({ port: tap.port })
      await raw.greeting()
      raw.reset()
      await until(() => tap.seen.length === 2, 'both were told of')
      assert.deepEqual(
        tap.seen.map(({ outcome, error, end }) => [outcome, error?.code, end.by, end.how]),
        [
          ['refused', 1045, 'server', 'fin'],
          ['aborted', undefined, 'client', 'rst'],
        ],
      )
    }))

  it('lets TLS through as it is, and tells at the end what can be seen from outside', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tap = await openTap({ to: port })
      await (await login(tap.port, { tls: true })).end()
      await until(() => tap.seen.length === 1, 'the connection was told of')
      const [seen] = tap.seen
      assert.deepEqual([seen?.tls?.version, seen?.tls?.inside, seen?.login], ['TLSv1.3', 'no-keys', undefined])
    }))

  it('stands between unix sockets, too', () =>
    withDoor({ accounts: [mary] }, async ({ socketPath }) => {
      const path = `${socketPath}.tap`
      await using tap = await openTap({
        listen: { kind: 'socket', path },
        to: { kind: 'socket', path: socketPath },
      })
      await (await createConnection({ socketPath: path, ...mary })).end()
      await until(() => tap.seen.length === 1, 'the connection was told of')
      const [seen] = tap.seen
      assert.deepEqual([seen?.outcome, seen?.channel], ['ok', 'unix-socket'])
      assert.deepEqual(
        [seen?.client, seen?.server],
        [
          { address: path, port: 0 },
          { address: socketPath, port: 0 },
        ],
      )
    }))

  it('serves 200 clients at once', () =>
    withDoor({ accounts: [mary], settings: { max_connections: 300 } }, async ({ port }) => {
      await using tap = await openTap({ to: port })
      const connections = await Promise.all(Array.from({ length: 200 }, () => login(tap.port)))
      const ids = await Promise.all(connections.map(async (one) => (await one.query('SELECT 1'))[0]))
      assert.equal(ids.length, 200)
      await Promise.all(connections.map((one) => one.end()))
      assert.deepEqual(new Set(tap.seen.map(({ outcome }) => outcome)), new Set(['ok']))
      assert.equal(tap.seen.length, 200)
    }))

  it('closes what is beyond the limit, and says so', async () => {
    await using server = await peer(() => {})
    await using tap = await openTap({ to: server.port, mostConnections: 1 })
    const first = await client(tap.port)
    const second = connect({ port: tap.port, host: '127.0.0.1' })
    await once(second.resume(), 'close')
    assert.deepEqual(tap.problems, ['1 connections at a time are the most'])
    first.destroy()
  })

  it('passes on bytes of any kind, both ways', async () => {
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) & 0xff))
    await using server = await peer((socket) => socket.pipe(socket))
    await using tap = await openTap({ to: server.port })
    const socket = await client(tap.port)
    socket.end(sent)
    const got = Buffer.concat(await socket.toArray())
    assert.ok(got.equals(sent))
  })

  it('passes on half of a goodbye: the server may still answer', async () => {
    await using server = await peer((socket) => {
      socket.resume().on('end', () => socket.end('the last word'))
    })
    await using tap = await openTap({ to: server.port })
    const socket = await client(tap.port)
    socket.end()
    assert.equal(Buffer.concat(await socket.toArray()).toString(), 'the last word')
  })

  it('passes on a reset of either side as a reset', async () => {
    await using server = await peer((socket) => {
      socket.on('data', (bytes) => bytes.toString() === 'reset' && socket.resetAndDestroy())
      socket.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code))
    })
    const errors: (string | undefined)[] = []
    await using tap = await openTap({ to: server.port })
    const one = await client(tap.port)
    one.write('reset')
    const [error] = await once(one, 'error')
    assert.equal(error.code, 'ECONNRESET')
    const two = await client(tap.port)
    two.resetAndDestroy()
    await until(() => errors.length > 0, 'the server saw it')
    assert.deepEqual(errors, ['ECONNRESET'])
    await until(() => tap.seen.length === 2, 'both were told of')
    assert.deepEqual(
      tap.seen.map(({ end }) => [end.by, end.how]),
      [
        ['server', 'rst'],
        ['client', 'rst'],
      ],
    )
  })

  it('holds a server back whose client does not read', async () => {
    let written = 0
    await using server = await peer((socket) => {
      const piece = Buffer.alloc(65_536)
      const more = () => {
        while (written < 200_000_000) {
          written += piece.length
          if (!socket.write(piece)) break
        }
      }
      socket.on('drain', more)
      more()
    })
    await using tap = await openTap({ to: server.port })
    const socket = await client(tap.port)
    // Not read. What the kernels hold of three sockets is all that can get away.
    let before = -1
    await until(() => {
      const still = written === before
      before = written
      return still && written > 0
    }, 'nothing more goes')
    assert.ok(written < 50_000_000, `${written} bytes`)
    socket.destroy()
  })

  it('passes on 400 MB in little memory', async () => {
    const total = 400_000_000
    await using server = await peer((socket) => {
      const piece = Buffer.alloc(65_536)
      let left = total
      const more = () => {
        while (left > 0) {
          const bytes = piece.subarray(0, left)
          left -= bytes.length
          if (!socket.write(bytes) && left > 0) return void socket.once('drain', more)
        }
        socket.end()
      }
      more()
    })
    await using tap = await openTap({ to: server.port })
    const socket = await client(tap.port)
    let [got, most] = [0, 0]
    for await (const chunk of socket) {
      got += chunk.length
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    assert.equal(got, total)
    assert.ok(most < 200_000_000, `${most} bytes of buffers`)
  })

  it('says why a server cannot be reached, and resets the client', async () => {
    const server = await peer(() => {})
    await server[Symbol.asyncDispose]()
    await using tap = await openTap({ to: server.port })
    const socket = connect(tap.port, '127.0.0.1')
    const [error] = await once(socket, 'error')
    assert.equal(error.code, 'ECONNRESET')
    assert.match(tap.problems[0] ?? '', /Can't connect to MySQL server on '127\.0\.0\.1:\d+' \(ECONNREFUSED\)/)
    const [seen] = tap.seen
    assert.deepEqual([seen?.outcome, seen?.end.by, seen?.server.port], ['aborted', 'server', server.port])
  })

  it('tells of connections that are open when it is closed', async () => {
    await using server = await peer(() => {})
    const tap = await openTap({ to: server.port })
    const socket = await client(tap.port)
    socket.on('error', () => {})
    await until(() => socket.bytesRead === 0 && socket.readyState === 'open', 'it is open')
    socket.write('hello')
    await new Promise((resolve) => setImmediate(resolve))
    await tap[Symbol.asyncDispose]()
    assert.equal(tap.seen.length, 1)
  })

  it('does not connect to itself', async () => {
    const listen = { kind: 'tcp', host: '0.0.0.0', port: 3306 } as const
    const options = { open: () => assert.fail(), onProblem: () => {} }
    await assert.rejects(
      Tap.open({ ...options, listen, to: { kind: 'tcp', host: 'localhost', port: 3306 } }),
      /connect to itself/,
    )
  })
})

describe('a tap that ends TLS', () => {
  it('sees inside, and changes nothing of it', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      const connection = await login(tap.port, { tls: true })
      await connection.query('SELECT 1')
      await connection.end()
      const [seen] = tap.seen
      assert.deepEqual(
        [seen?.outcome, seen?.channel, seen?.tls?.version, seen?.tls?.inside],
        ['ok', 'tls', 'TLSv1.3', 'seen'],
      )
      assert.equal(Buffer.from(seen?.login?.user ?? []).toString(), 'mary')
      assert.deepEqual(
        seen?.packets.map(({ kind, problem }) => problem ?? kind),
        ['HandshakeV10', 'SslRequest', 'HandshakeResponse41', 'AuthMoreData', 'AuthAnswer', 'Ok'],
      )
      assert.ok((seen?.tls?.certificates.length ?? 0) > 0)
      assert.deepEqual(tap.problems, [])
    }))

  it('leaves alone a client that wants no TLS', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      await assert.rejects(login(tap.port, { password: 'wrong' }), { errno: 1045 })
      await until(() => tap.seen.length === 1, 'it was told of')
      assert.deepEqual([tap.seen[0]?.channel, tap.seen[0]?.error?.code], ['plaintext', 1045])
    }))

  it('refuses where the server offers no TLS, with the reason', () =>
    withDoor({ accounts: [mary], settings: { tls_version: '' } }, async ({ port }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      await assert.rejects(login(tap.port), { errno: 1105, message: /the server offers none/ })
      assert.deepEqual(tap.problems, ['the tap was to end TLS, but the server offers none'])
    }))

  it("refuses where the server's certificate is not what was asked for", () =>
    withDoor({ accounts: [mary] }, async ({ port, keys }) => {
      await using strict = await openTap({ to: port, terminate: { mode: 'VERIFY_CA' } })
      await assert.rejects(login(strict.port, { tls: true }))
      assert.match(strict.problems[0] ?? '', /^TLS with the server: the server's certificate is not trusted/)
      await using knowing = await openTap({ to: port, terminate: { mode: 'VERIFY_IDENTITY', ca: keys.cert } })
      await assert.rejects(login(knowing.port, { tls: true }))
      assert.equal(knowing.seen[0]?.outcome, 'aborted')
    }))

  it('tells which alert a client sends that does not take the certificate', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      const raw = await RawClient.connect({ port: tap.port })
      await raw.greeting()
      const request = sslRequest()
      // In one piece: the ClientHello behind the SSLRequest, and the alert of a client that then sees the certificate.
      raw.write(bytes(int(request.length, 3), [1], request, await clientHello(), [0x15, 3, 3, 0, 2, 2, 48]))
      await until(() => tap.seen.length === 1, 'it was told of')
      raw.destroy()
      const [seen] = tap.seen
      assert.deepEqual(tap.problems, ['TLS with the client: ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'])
      assert.deepEqual([seen?.tls?.inside, seen?.end.by], ['not-reached', 'client'])
      assert.deepEqual(
        seen?.tls?.alerts.map(({ from, level, description }) => [from, level, description]),
        [['client', 'fatal', 'unknown_ca']],
      )
      assert.equal(tap.seen[0]?.outcome, 'aborted')
    }))

  it('passes on resets and half goodbyes through TLS', () =>
    withDoor({ accounts: [mary] }, async ({ port, door }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      const connection = await login(tap.port, { tls: true })
      connection.on('error', () => {})
      const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection
      stream.destroy()
      await until(() => door.registry.live.size === 0, 'the server saw it')
      assert.equal(tap.seen.length, 1)
    }))

  it('serves 200 clients at once', () =>
    withDoor({ accounts: [mary], settings: { max_connections: 300 } }, async ({ port }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      const connections = await Promise.all(Array.from({ length: 200 }, () => login(tap.port, { tls: true })))
      await Promise.all(connections.map((one) => one.end()))
      assert.equal(tap.seen.filter(({ outcome }) => outcome === 'ok').length, 200)
    }))
})

describe('each side', () => {
  it('is told of in order, with times that do not go back', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      const calls: [string, Side | undefined, number][] = []
      const handler = {
        onData: (from: Side, _bytes: Uint8Array, atMs: number) => void calls.push(['data', from, atMs]),
        onGap: () => assert.fail(),
        onEnd: (from: Side, how: string, atMs: number) => void calls.push([how, from, atMs]),
        finish: () => void calls.push(['finish', undefined, Number.POSITIVE_INFINITY]),
      }
      await using tap = await openTap({ to: port, open: () => handler })
      await (await login(tap.port)).end()
      await until(() => calls.at(-1)?.[0] === 'finish', 'it is over')
      assert.deepEqual(calls[0]?.slice(0, 2), ['data', 'server'])
      assert.deepEqual(
        calls
          .filter(([what]) => what === 'fin')
          .map(([, from]) => from)
          .sort(),
        ['client', 'server'],
      )
      assert.ok(calls.every(([, , atMs], i) => atMs >= (calls[i - 1]?.[2] ?? 0)))
    }))
})
