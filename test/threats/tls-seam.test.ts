/** Threats to the moment when a plain connection becomes TLS, and to TLS itself. */
import assert from 'node:assert/strict'
import { constants } from 'node:crypto'
import { Duplex } from 'node:stream'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { bytes } from '../support/bytes.ts'
import { everyPlugin, openDoor, until } from './open-door.ts'
import { command, flag, frame, loginPacket, nativeScramble, Stranger, sslRequest, usualFlags } from './stranger.ts'

const native = { user: 'native', password: 'pw-native', plugin: 'mysql_native_password' }

/** The login of `native`, good on a plain connection. */
function plainLogin(stranger: Stranger, sequenceId: number, flags: number = usualFlags): Buffer {
  const proof = nativeScramble(native.password, stranger.greeting.nonce)
  return frame(loginPacket({ ...native, proof, flags }), sequenceId)
}

/** The first flight of a real TLS client. */
async function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read() {},
      write(chunk: Buffer) {
        resolve(chunk)
      },
    })
    connectTls({ socket, rejectUnauthorized: false }).on('error', () => {})
  })
}

describe('bytes behind the SSLRequest', () => {
  it('T23 that are not TLS end the connection: no command is run, nothing of them is read as a login', async (t) => {
    const { port, queries, door } = await openDoor(t, { accounts: everyPlugin })
    const query = frame(bytes([command.query], Buffer.from('DROP TABLE t')))
    const variants: Readonly<Record<string, (stranger: Stranger) => Buffer>> = {
      'a whole login': (stranger) => plainLogin(stranger, 2, usualFlags | flag.SSL),
      'a whole login and a command': (stranger) => Buffer.concat([plainLogin(stranger, 2), query]),
      'half a header': () => Buffer.of(0x20, 0x00),
      'one byte': () => Buffer.of(0x00),
      'a command': () => query,
      'a second SSLRequest': () => frame(sslRequest(), 2),
      'a packet whose length is the type of a TLS record': () => frame(Buffer.alloc(0x16), 2),
      'a TLS alert': () => Buffer.of(0x15, 3, 1, 0, 2, 1, 0),
      'half a TLS record and a login': (stranger) =>
        Buffer.concat([Buffer.of(0x16, 3, 1, 0, 50), plainLogin(stranger, 2)]),
      HTTP: () => Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    }
    for (const [name, more] of Object.entries(variants)) {
      for (const together of [true, false]) {
        const stranger = await Stranger.greeted(port)
        const request = frame(sslRequest(), 1)
        if (together) stranger.write(request, more(stranger))
        else {
          stranger.write(request)
          await until(() => [...door.registry.live.values()].some(({ phase }) => phase === 'tls'), 'the SSLRequest')
          stranger.write(more(stranger))
        }
        stranger.plain.end()
        const rest = await stranger.rest()
        assert.ok(rest[4] !== 0x00, `${name}: an OK`)
        stranger.destroy()
      }
    }
    await until(() => door.registry.live.size === 0, 'all are gone')
    assert.deepEqual(queries, [])
    assert.ok(door.registry.history().every(({ outcome }) => outcome === 'refused'))
    assert.ok(door.registry.history().every(({ record }) => record.login === undefined))
  })

  it('T23 a login in clear that follows is not continued inside TLS', async (t) => {
    const { port, queries } = await openDoor(t, { accounts: everyPlugin })
    for (const smuggled of [plainLogin(await Stranger.greeted(port), 2), Buffer.of(0), frame(Uint8Array.of(14))]) {
      const stranger = await Stranger.greeted(port)
      stranger.write(frame(sslRequest(), 1), smuggled)
      stranger.sequenceId = 2
      await assert.rejects(stranger.wrapInTls())
      stranger.destroy()
    }
    assert.deepEqual(queries, [])
  })

  it('T23 T69 TLS begins wherever SSLRequest and ClientHello are cut, and nothing of it is left behind', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    const whole = Buffer.concat([frame(sslRequest(), 1), await clientHello()])
    const cuts = [...Array(60).keys(), ...Array.from({ length: 8 }, (_, i) => 60 + i * 31), whole.length]
    for (const cut of cuts) {
      const stranger = await Stranger.greeted(port)
      stranger.sequenceId = 2
      // The request and the real client's first flight become one stream that is cut anew.
      let first = true
      const seam = new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          if (!first) stranger.plain.write(chunk, done)
          else {
            first = false
            const all = Buffer.concat([frame(sslRequest(), 1), chunk])
            stranger.plain.write(all.subarray(0, cut))
            setImmediate(() => stranger.plain.write(all.subarray(cut), done))
          }
        },
      })
      stranger.plain.removeAllListeners('data')
      stranger.plain.on('data', (chunk) => seam.push(chunk))
      stranger.plain.on('close', () => seam.push(null))
      const secure = connectTls({ socket: seam, rejectUnauthorized: false })
      await new Promise((resolve, reject) => {
        secure.once('secureConnect', resolve)
        secure.once('error', (error) => reject(new Error(`cut at ${cut}`, { cause: error })))
      })
      secure.write(frame(loginPacket({ ...native, proof: Buffer.alloc(0), flags: usualFlags | flag.SSL }), 2))
      const answer = await new Promise<Buffer>((resolve) => secure.once('data', resolve))
      assert.equal(answer[4], 0xfe, `cut at ${cut}: the switch to the plugin of the account`)
      secure.destroy()
      stranger.destroy()
    }
    await until(() => door.registry.live.size === 0, 'all are gone')
  })

  it('T69 a socket under TLS has no listener of the plain connection, and both are destroyed together', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    for (let i = 0; i < 50; i++) {
      const stranger = await Stranger.greeted(port)
      await stranger.startTls()
      stranger.plain.resetAndDestroy()
    }
    await until(() => door.registry.live.size === 0, 'all are gone')
    assert.equal(door.loginDeadlines.size, 0)
  })
})

describe('the gates that ask for TLS', () => {
  it('T26 look at the channel, never at CLIENT_SSL: no combination of flags passes them in clear', async (t) => {
    const { port } = await openDoor(t, { accounts: [{ ...native, require: { kind: 'any' } }] })
    const strict = await openDoor(t, {
      accounts: everyPlugin,
      settings: { require_secure_transport: true },
    })
    const optional = [flag.SSL, flag.CONNECT_WITH_DB, flag.DEPRECATE_EOF, 0x40000000, 0x2000, flag.LONG_PASSWORD, 0x20]
    for (let set = 0; set < 1 << optional.length; set++) {
      const extra = optional.reduce((flags, bit, i) => (set & (1 << i) ? flags | bit : flags), 0)
      const flags = (flag.PROTOCOL_41 | flag.SECURE_CONNECTION | flag.PLUGIN_AUTH | extra) >>> 0
      for (const where of [port, strict.port]) {
        const stranger = await Stranger.greeted(where)
        const proof = nativeScramble(native.password, stranger.greeting.nonce)
        stranger.send(
          loginPacket({ ...native, proof, flags, ...(extra & flag.CONNECT_WITH_DB ? { database: 'x' } : {}) }),
        )
        const verdict = await stranger.play(native, native.plugin)
        assert.equal(verdict.ok, false, `flags ${flags.toString(16)}`)
        stranger.destroy()
      }
    }
  })

  it('T26 open when there is TLS', async (t) => {
    const { port } = await openDoor(t, {
      accounts: [{ ...native, require: { kind: 'any' } }],
      settings: { require_secure_transport: true },
    })
    const stranger = await Stranger.greeted(port)
    await stranger.startTls()
    assert.deepEqual(await stranger.login(native), { ok: true })
    stranger.destroy()
  })
})

describe('TLS of the door', () => {
  it('T28 speaks 1.2 and 1.3, nothing older, and no cipher without forward secrecy', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    const weak = { ciphers: 'ALL:@SECLEVEL=0' }
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const stranger = await Stranger.greeted(port)
      await assert.rejects(stranger.startTls({ minVersion: version, maxVersion: version, ...weak }), version)
      stranger.destroy()
    }
    for (const ciphers of ['AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'NULL', 'aNULL']) {
      const stranger = await Stranger.greeted(port)
      await assert.rejects(stranger.startTls({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` }), ciphers)
      stranger.destroy()
    }
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const stranger = await Stranger.greeted(port)
      const secure = await stranger.startTls({ minVersion: version, maxVersion: version })
      assert.equal(secure.getProtocol(), version)
      assert.deepEqual(await stranger.login(native), { ok: true })
      stranger.destroy()
    }
  })

  it('T28 refuses to renegotiate', async (t) => {
    const { port, queries } = await openDoor(t, { accounts: everyPlugin })
    const stranger = await Stranger.greeted(port)
    const secure = await stranger.startTls({
      maxVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
    })
    assert.deepEqual(await stranger.login(native), { ok: true })
    const refused = await new Promise((resolve) => {
      secure.once('error', resolve)
      secure.once('close', resolve)
      secure.renegotiate({}, (error) => resolve(error ?? 'renegotiated'))
    })
    assert.notEqual(refused, 'renegotiated')
    assert.deepEqual(queries, [])
    stranger.destroy()
  })

  it('T28 an account that demands a certificate stays shut without one, and after a resumed session', async (t) => {
    const { port } = await openDoor(t, { accounts: [{ ...native, require: { kind: 'x509' } }, { user: 'free' }] })
    const first = await Stranger.greeted(port)
    const secure = await first.startTls()
    const session = new Promise<Buffer>((resolve) => secure.once('session', resolve))
    const verdict = await first.login(native)
    assert.equal(!verdict.ok && verdict.code, 1045)
    const resumed = await Stranger.greeted(port)
    const again = await resumed.startTls({ session: await session })
    assert.equal(again.isSessionReused(), true)
    const verdictAgain = await resumed.login(native)
    assert.equal(!verdictAgain.ok && verdictAgain.code, 1045)
    for (const stranger of [first, resumed]) stranger.destroy()
  })

  it('T28 tickets from before a reload resume nothing', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    const first = await Stranger.greeted(port)
    const secure = await first.startTls()
    const session = new Promise<Buffer>((resolve) => secure.once('session', resolve))
    assert.deepEqual(await first.login(native), { ok: true })
    door.tls?.reload()
    const resumed = await Stranger.greeted(port)
    const again = await resumed.startTls({ session: await session })
    assert.equal(again.isSessionReused(), false)
    for (const stranger of [first, resumed]) stranger.destroy()
  })
})
