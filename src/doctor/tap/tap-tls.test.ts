import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { bytes, int } from '../../../test/support/bytes.ts'
import { until, withDoor } from '../../../test/support/door.ts'
import { RawClient, sslRequest } from '../../../test/support/raw-client.ts'
import { client, login, mary, openTap, peer, tapCertificate } from '../../../test/support/tap.ts'
import { encodeHandshakeV10 } from '../../packets/handshake-v10.ts'
import { encodeFrame } from '../../wire/framer.ts'

const greeting = encodeHandshakeV10({
  serverVersion: '9.7.4',
  connectionId: 1,
  authPluginData: new Uint8Array(21).fill(0x41, 0, 20),
  capabilities: 0xdfffffff,
  collationId: 255,
  statusFlags: 2,
  mariadbCapabilities: 0,
  authPluginName: 'caching_sha2_password',
})

async function clientHello(): Promise<Uint8Array> {
  const [inside, outside] = duplexPair()
  const tls = connectTls({ socket: inside, maxVersion: 'TLSv1.2' }).on('error', () => {})
  const [hello] = await once(outside, 'data')
  tls.destroy()
  return hello
}

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

  it('passes on a reset through TLS, and half of a goodbye', async () => {
    const { cert, key } = await tapCertificate()
    const ends: string[] = []
    await using server = await peer((socket) => {
      socket.write(encodeFrame(greeting, 0))
      socket.once('data', (request: Buffer) => {
        // The ClientHello may be behind it.
        socket.pause()
        socket.unshift(request.subarray(36))
        const options = { isServer: true, cert, key: key.export({ type: 'pkcs8', format: 'pem' }) }
        const tls = new TLSSocket(socket, options as ConstructorParameters<typeof TLSSocket>[1])
        tls.write('hello')
        tls.resume().on('end', () => ends.push('end') && tls.end('the last word'))
        tls.on('error', (error) => ends.push((error as NodeJS.ErrnoException).code ?? ''))
      })
    })
    await using tap = await openTap({ to: server.port, terminate: {} })
    const open = async () => {
      const socket = await client(tap.port)
      await once(socket, 'data')
      socket.removeAllListeners('data').write(encodeFrame(sslRequest(), 1))
      const tls = connectTls({ socket, rejectUnauthorized: false })
      tls.on('error', () => {})
      // It goes all the way: TLS has begun on every side.
      await once(tls, 'data')
      tls.removeAllListeners('data')
      return { socket, tls }
    }
    const polite = await open()
    polite.tls.end()
    assert.equal(Buffer.concat(await polite.tls.toArray()).toString(), 'the last word')
    const rude = await open()
    rude.socket.resetAndDestroy()
    await until(() => tap.seen.length === 2 && ends.length === 2, 'the server saw both')
    assert.deepEqual(ends, ['end', 'ECONNRESET'])
    assert.deepEqual(tap.seen.map(({ end }) => [end.by, end.how]).sort(), [
      ['client', 'fin'],
      ['client', 'rst'],
    ])
  })

  it('serves 200 clients at once', () =>
    withDoor({ accounts: [mary], settings: { max_connections: 300 } }, async ({ port }) => {
      await using tap = await openTap({ to: port, terminate: {} })
      const connections = await Promise.all(Array.from({ length: 200 }, () => login(tap.port, { tls: true })))
      await Promise.all(connections.map((one) => one.end()))
      assert.equal(tap.seen.filter(({ outcome }) => outcome === 'ok').length, 200)
    }))
})
