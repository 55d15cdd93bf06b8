/** Threats to who the peer is taken for, by way of the PROXY protocol. */
import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createConnection } from 'mysql2/promise'
import type { EndedHandshake } from '../../src/registry/registry.ts'
import { encodeProxyHeader } from '../../src/transport/proxy-protocol.ts'
import { bytes, text, zeros } from '../support/bytes.ts'
import { claimsOfLoopback, ipv4, type ProxyHeaderCase, proxyHeaders, tlv, v1, v2 } from '../support/proxy-headers.ts'
import { crowd } from './measure.ts'
import { everyPlugin, type OpenDoor, type OpenDoorOptions, openDoor, until } from './open-door.ts'
import { frame, loginPacket, Stranger } from './stranger.ts'

const proxy = '127.0.0.9'
const native = { user: 'native', password: 'pw-native', plugin: 'mysql_native_password' }
const header = v1('TCP4 203.0.113.7 198.51.100.9 40001 3306')
const anonymous = { user: 'open', host: '%', password: '' }

const behindProxy = (t: TestContext, options: Partial<OpenDoorOptions> = {}) =>
  openDoor(t, {
    accounts: everyPlugin,
    ...options,
    settings: { proxy_protocol_networks: proxy, skip_name_resolve: true, ...options.settings },
  })

describe('a PROXY header from a proxy', () => {
  it('T55 is believed when it is right, and ends the connection when it is wrong or missing', async (t) => {
    const open = await behindProxy(t)
    const run = async ({ name, bytes: sent, says }: ProxyHeaderCase) => {
      const stranger = await Stranger.knock(open.port, proxy)
      const local = stranger.plain.localPort
      if (sent.length > 0) stranger.write(sent)
      const first = await stranger.packet()
      stranger.destroy()
      if (typeof says === 'object' || says === 'nobody') {
        assert.equal(first?.payload[0], 10, `${name}: greeted`)
        const id = first.payload.readUInt32LE(first.payload.indexOf(0, 1) + 1)
        const { record } = await ended(open, ({ record }) => record.id === id)
        assert.deepEqual(record.proxy && [record.proxy.address, record.proxy.port], [proxy, local], name)
        const expected = says === 'nobody' ? [proxy, local] : [says.address, says.port]
        assert.deepEqual([record.address, record.port], expected, name)
        return
      }
      // An error in the place of the greeting has no SQLSTATE.
      assert.deepEqual(first && [...first.payload.subarray(0, 3)], [0xff, 0x13, 0x04], `${name}: 1043`)
      assert.equal(first?.payload.subarray(3).toString(), 'Bad handshake')
      const { reason, record, during } = await ended(open, ({ record }) => record.port === local)
      assert.equal(reason, says === 'is malformed' ? 'proxy-header-malformed' : 'proxy-header-missing', name)
      assert.deepEqual([record.address, record.proxy, during], [proxy, undefined, 'proxy-header'], name)
    }
    assert.ok(proxyHeaders.length >= 60)
    await crowd(proxyHeaders.length, 40, (i) => run(proxyHeaders[i] as ProxyHeaderCase))
  })

  for (const [name, claim] of Object.entries(claimsOfLoopback)) {
    it(`T55 does not make a client local: ${name}`, async (t) => {
      const accounts = [{ user: 'root', host: 'localhost', password: 'x' }, anonymous]
      const open = await behindProxy(t, { accounts, settings: { skip_name_resolve: false } })
      const stranger = await Stranger.knock(open.port, proxy)
      stranger.write(claim)
      assert.equal((await stranger.packet())?.payload.subarray(3).toString(), 'Bad handshake')
      const { reason, detail, record } = await ended(open, () => true)
      assert.deepEqual([reason, record.address], ['proxy-header-malformed', proxy])
      assert.match(detail ?? '', /^it says that the client is at (127\.|::1$)/)
      stranger.destroy()
    })
  }

  it('T55 that names its own loopback address claims nothing, and is taken', async (t) => {
    const open = await behindProxy(t)
    const stranger = await Stranger.knock(open.port, proxy)
    stranger.write(v1(`TCP4 ${proxy} 127.0.0.1 40001 3306`))
    assert.equal((await stranger.packet())?.payload[0], 10)
    stranger.destroy()
  })

  it('T55 may come byte by byte, or together with the login', async (t) => {
    const { port, door } = await behindProxy(t, { accounts: [anonymous] })
    const login = frame(loginPacket({ user: 'open', proof: zeros(0), plugin: 'caching_sha2_password' }), 1)
    const big = v2(0x21, 0x11, bytes(ipv4, tlv(0xf1, zeros(505))))
    for (const start of [header, v2(0x21, 0x11, ipv4), big]) {
      const all = bytes(start, login)
      const cuts: ((whole: Buffer) => Buffer[])[] = [
        (whole) => [whole],
        (whole) => Array.from(whole, (_, at) => whole.subarray(at, at + 1)),
      ]
      if (start !== big) for (let at = 1; at < all.length; at++) cuts.push((w) => [w.subarray(0, at), w.subarray(at)])
      await crowd(cuts.length, 10, async (i) => {
        const stranger = await Stranger.knock(port, proxy)
        stranger.cut = cuts[i]
        stranger.write(all)
        assert.equal((await stranger.packet())?.payload[0], 10, `cut ${i}`)
        assert.equal((await stranger.packet())?.payload[0], 0, `cut ${i}`)
        stranger.destroy()
      })
    }
    await until(() => door.registry.live.size === 0, 'all are gone')
    assert.ok(
      door.registry
        .history()
        .every(({ outcome, record }) => record.address === '203.0.113.7' && outcome === 'admitted'),
    )
  })

  it('T55 counts once: a second one is no login', async (t) => {
    const open = await behindProxy(t)
    for (const second of [v1('TCP4 203.0.113.8 198.51.100.9 1 2'), v2(0x21, 0x11, ipv4), v2(0x20, 0, zeros(0))]) {
      const stranger = await Stranger.knock(open.port, proxy)
      stranger.write(header, second)
      assert.equal((await stranger.packet())?.payload[0], 10)
      assert.notEqual((await stranger.packet())?.payload[0], 0)
      stranger.destroy()
      await until(() => open.door.registry.live.size === 0, 'it is gone')
      const { reason, record } = await ended(open, () => true)
      assert.deepEqual([reason, record.address], ['out-of-order', '203.0.113.7'])
    }
  })

  it('T55 changes nothing when it comes later', async (t) => {
    const open = await behindProxy(t)
    const later = v1('TCP4 203.0.113.8 198.51.100.9 1 2')
    const greeted = await throughProxy(open, header)
    greeted.write(later)
    assert.notEqual((await greeted.packet())?.payload[0], 0)
    const inside = await throughProxy(open, header)
    assert.deepEqual(await inside.login(native), { ok: true })
    const [record] = [...open.door.registry.live.values()].filter(({ user }) => user === 'native')
    inside.write(later)
    inside.plain.end()
    await inside.rest()
    assert.equal(record?.address, '203.0.113.7')
    assert.deepEqual(open.queries, [])
    for (const stranger of [greeted, inside]) stranger.destroy()
  })

  it('T55 has a second of time, however it drips, and the login has its own', async (t) => {
    const open = await behindProxy(t, { settings: { connect_timeout: 2 } })
    const start = performance.now()
    const silent = await Stranger.knock(open.port, proxy)
    const dripping = await Stranger.knock(open.port, proxy)
    let at = 0
    const drip = setInterval(() => dripping.plain.write(header.subarray(at, ++at)), 100)
    t.after(() => clearInterval(drip))
    const gone = (stranger: Stranger) => stranger.rest().then(() => performance.now() - start)
    for (const lived of await Promise.all([gone(silent), gone(dripping)])) {
      assert.ok(lived > 990 && lived < 1500, `${lived.toFixed(0)} ms`)
    }
    clearInterval(drip)
    const slow = await throughProxy(open, header)
    const begun = performance.now()
    await slow.rest()
    const lived = performance.now() - begun
    assert.ok(lived > 1900 && lived < 2600, `${lived.toFixed(0)} ms`)
    assert.equal(open.door.registry.denied.get('proxy-header-missing'), 2)
    for (const stranger of [silent, dripping, slow]) stranger.destroy()
  })

  it('T55 makes accounts, names in errors and the process list see the client', async (t) => {
    const accounts = [
      { user: 'u', host: '203.0.113.%', plugin: 'mysql_native_password', password: 'pw-native' },
      anonymous,
    ]
    const open = await behindProxy(t, { accounts })
    const inside = await throughProxy(open, v2(0x21, 0x11, bytes(ipv4, tlv(0xea, text('\x01vpce-1')))))
    assert.deepEqual(await inside.login({ ...native, user: 'u' }), { ok: true })
    const [record] = open.door.registry.live.values()
    assert.deepEqual([record?.address, record?.port, record?.host], ['203.0.113.7', 40001, '203.0.113.7'])
    assert.deepEqual(record?.proxy?.tlvs, new Map([[0xea, text('\x01vpce-1')]]))
    const other = await throughProxy(open, v1('TCP4 198.51.100.7 198.51.100.9 1 2'))
    const verdict = await other.login({ ...native, user: 'u' })
    assert.equal(!verdict.ok && verdict.message, "Access denied for user 'u'@'198.51.100.7' (using password: YES)")
    for (const stranger of [inside, other]) stranger.destroy()
  })

  it('T55 blocks the client that breaks logins, never the proxy or others behind it', async (t) => {
    const open = await behindProxy(t, { settings: { max_connect_errors: 3 } })
    const check = async (start: Uint8Array) => (await throughProxy(open, start)).destroy()
    for (let i = 0; i < 6; i++) {
      for (const start of [header, v2(0x20, 0, zeros(0)), v1('UNKNOWN')]) {
        // The sixth time the client is blocked.
        if (start !== header || i < 3) await check(start)
        await until(() => open.door.registry.live.size === 0, 'it is gone')
      }
      const probe = await Stranger.knock(open.port, proxy)
      probe.destroy()
      await until(() => open.door.registry.live.size === 0, 'it is gone')
    }
    assert.equal(open.door.hostCache.isBlocked(proxy, 3), true, 'but for being a proxy')
    const blocked = await Stranger.knock(open.port, proxy)
    blocked.write(header)
    assert.match((await blocked.packet())?.payload.toString() ?? '', /Host '203\.0\.113\.7' is blocked/)
    for (const start of [v2(0x20, 0, zeros(0)), v1('TCP4 203.0.113.8 198.51.100.9 1 2')]) {
      const stranger = await throughProxy(open, start)
      assert.deepEqual(await stranger.login(native), { ok: true })
      stranger.destroy()
    }
    blocked.destroy()
  })

  it('T55 takes from a unix socket the trust that it has', async (t) => {
    const path = `/tmp/saltgate-proxied-${process.pid}.sock`
    const open = await behindProxy(t, { listen: [path], settings: { proxy_protocol_networks: 'localhost' } })
    const { live } = open.door.registry
    const seen = async (start: Uint8Array) => {
      const stranger = await Stranger.knock(path)
      stranger.write(start)
      await stranger.packet()
      const facts = [...live.values()].map(({ address, channel }) => [address, channel])
      stranger.destroy()
      await until(() => live.size === 0, 'it is gone')
      return facts
    }
    assert.deepEqual(await seen(header), [['203.0.113.7', 'plaintext']])
    assert.deepEqual(await seen(v1('UNKNOWN')), [[undefined, 'unix-socket']])
  })

  it('T55 waits in the process list, is killed from there, and leaves with the door', async (t) => {
    const open = await behindProxy(t)
    const { live } = open.door.registry
    const killed = await Stranger.knock(open.port, proxy)
    await until(() => live.size === 1, 'it waits')
    const [record] = live.values()
    assert.equal(record?.phase, 'proxy-header')
    record.kill('connection')
    await killed.rest()
    const left = await Stranger.knock(open.port, proxy)
    await until(() => live.size === 1, 'it waits')
    await open.front.close(5000)
    await left.rest()
    assert.deepEqual(
      open.door.registry.history().map(({ reason }) => reason),
      ['killed', 'shutting-down'],
    )
  })
})

describe('a PROXY header from anybody else', () => {
  it('T55 is garbage in the place of a login, right or wrong', async (t) => {
    const open = await behindProxy(t)
    const all = [
      ...proxyHeaders.map(({ name, bytes: sent }) => [name, sent] as const),
      ...Object.entries(claimsOfLoopback),
    ]
    await crowd(all.length, 40, async (i) => {
      const [name, sent] = all[i] as (typeof all)[number]
      const stranger = await Stranger.knock(open.port)
      const local = stranger.plain.localPort
      stranger.plain.end(sent)
      assert.equal((await stranger.packet())?.payload[0], 10, `${name}: greeted`)
      assert.notEqual((await stranger.packet())?.payload[0], 0, `${name}: not let in`)
      const { outcome, record } = await ended(open, ({ record }) => record.port === local)
      assert.deepEqual([outcome, record.address, record.proxy], ['refused', '127.0.0.1', undefined], name)
      stranger.destroy()
    })
  })

  it('T55 is garbage from everybody unless a proxy is named, which can change at any time', async (t) => {
    const open = await behindProxy(t, { settings: { proxy_protocol_networks: '' } })
    const greetedAtOnce = async () => {
      const stranger = await Stranger.knock(open.port, proxy)
      stranger.write(header)
      const first = await stranger.packet()
      await stranger.rest()
      stranger.destroy()
      return first?.payload[0] === 10 && open.door.registry.history().at(-1)?.record.address === proxy
    }
    assert.equal(await greetedAtOnce(), true)
    open.door.settings.setGlobal('proxy_protocol_networks', '127.0.0.8/29')
    const stranger = await throughProxy(open, header)
    assert.deepEqual(await stranger.login(native), { ok: true })
    open.door.settings.setGlobal('proxy_protocol_networks', '127.0.0.10')
    assert.equal(await greetedAtOnce(), true)
    const pong = await stranger.run(14)
    assert.equal(pong?.payload[0], 0, 'who is in stays in')
    stranger.destroy()
  })
})

describe('a client behind a small proxy', () => {
  for (const version of ['v1', 'v2'] as const) {
    for (const tls of [false, true]) {
      it(`T55 logs in by mysql2 with ${version}${tls ? ' and TLS' : ''}, as who it is`, async (t) => {
        const open = await behindProxy(t)
        const port = await startProxy(t, open.port, version)
        const login = { user: 'sha2', password: 'pw-sha2', host: '127.0.0.1', port }
        const connection = await createConnection({ ...login, ...(tls && { ssl: { rejectUnauthorized: false } }) })
        const [rows] = await connection.query('SELECT 1')
        assert.deepEqual(rows, [{ one: 1 }])
        const [record] = open.door.registry.live.values()
        assert.deepEqual([record?.user, record?.address, record?.port], ['sha2', '2001:db8::7', 40001])
        assert.equal(record?.channel, tls ? 'tls' : 'plaintext')
        await connection.end()
      })
    }
  }
})

async function throughProxy({ port }: OpenDoor, start: Uint8Array): Promise<Stranger> {
  const stranger = await Stranger.knock(port, proxy)
  stranger.write(start)
  return stranger.greet()
}

async function ended({ door }: OpenDoor, matches: (end: EndedHandshake) => boolean): Promise<EndedHandshake> {
  const find = () => door.registry.history().findLast(matches)
  await until(() => find() !== undefined, 'it ended')
  return find() ?? assert.fail()
}

/** Adds a header to each connection and passes everything else on. Returns its port. */
async function startProxy(t: TestContext, to: number, version: 'v1' | 'v2'): Promise<number> {
  const source = { address: '2001:db8::7', port: 40001 }
  const destination = { address: '2001:db8::9', port: 3306 }
  const server = createServer((client) => {
    const backend = connect({ port: to, host: '127.0.0.1', localAddress: proxy })
    backend.write(encodeProxyHeader(version, { source, destination, tlvs: new Map([[5, text('id')]]) }))
    client.pipe(backend).pipe(client)
    client.on('error', () => backend.destroy())
    backend.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : assert.fail('no TCP')
}
