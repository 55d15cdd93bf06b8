import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { until, withDoor } from '../../../test/support/door.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { client, login, mary, openTap, peer } from '../../../test/support/tap.ts'
import type { Side } from '../observation.ts'
import { Tap } from './tap.ts'

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
