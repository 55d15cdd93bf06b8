/** Threats to who the peer is taken for, and to the clocks that limit it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { account } from '../../src/accounts/defaults.ts'
import { FailedLogins } from '../../src/accounts/failed-logins.ts'
import { HostCache } from '../../src/server/host-cache.ts'
import { type DnsAnswer, startDnsServer } from '../support/dns-server.ts'
import { timed } from './measure.ts'
import { type OpenDoor, openDoor, until } from './open-door.ts'
import { Stranger } from './stranger.ts'

const trusted = { user: 'u', host: 'trusted.example', password: 'x' }
/** So that strangers from elsewhere are greeted at all. */
const anybody = { user: 'other', host: '%', password: 'y' }

describe('names from DNS', () => {
  const ptr = 'PTR 8.0.0.127.in-addr.arpa'
  const lies: Readonly<Record<string, readonly (readonly [question: string, answer: DnsAnswer])[]>> = {
    'a name that leads elsewhere': [
      [ptr, { records: ['trusted.example'] }],
      ['A trusted.example', { records: ['10.0.0.1'] }],
    ],
    'a name that leads nowhere': [[ptr, { records: ['trusted.example'] }]],
    'a name that begins like an address': [
      [ptr, { records: ['127.0.0.8.trusted.example'] }],
      ['A 127.0.0.8.trusted.example', { records: ['127.0.0.8'] }],
    ],
    'the trusted name below another': [
      [ptr, { records: ['trusted.example.evil.test'] }],
      ['A trusted.example.evil.test', { records: ['127.0.0.8'] }],
    ],
    'a wildcard for a name': [
      [ptr, { records: ['%'] }],
      ['A %', { records: ['127.0.0.8'] }],
    ],
    localhost: [
      [ptr, { records: ['localhost'] }],
      ['A localhost', { records: ['127.0.0.1'] }],
    ],
    'no answer': [[ptr, 'silence']],
    'a failure': [[ptr, 'SERVFAIL']],
    'no name': [[ptr, 'NXDOMAIN']],
  }
  for (const [what, answers] of Object.entries(lies)) {
    it(`T56 do not let in by ${what}`, async (t) => {
      const dns = await startDnsServer()
      t.after(() => dns.close())
      for (const [question, answer] of answers) dns.answers.set(question, answer)
      const { port } = await openDoor(t, {
        accounts: [trusted, { ...trusted, host: 'localhost' }, anybody],
        dnsServers: [dns.address],
        settings: { saltgate_dns_timeout: 150 },
      })
      const others = await timed(async () => {
        const waiting = Stranger.greeted(port, '127.0.0.8')
        const local = await Stranger.greeted(port)
        local.destroy()
        const stranger = await waiting
        const verdict = await stranger.login({ user: 'u', password: 'x' })
        assert.equal(!verdict.ok && verdict.code, 1045)
        stranger.destroy()
      })
      assert.ok(others < 1500, `${others.toFixed(0)} ms`)
    })
  }

  it('T56 let in by a name that leads back to the address', async (t) => {
    const dns = await startDnsServer()
    t.after(() => dns.close())
    dns.answers.set(ptr, { records: ['trusted.example'] })
    dns.answers.set('A trusted.example', { records: ['127.0.0.8'] })
    const { port } = await openDoor(t, { accounts: [trusted, anybody], dnsServers: [dns.address] })
    const stranger = await Stranger.greeted(port, '127.0.0.8')
    assert.deepEqual(await stranger.login({ user: 'u', password: 'x' }), { ok: true })
    stranger.destroy()
  })

  it('T57 are believed for their lifetime and 15 minutes at most, and not for a million addresses at once', () => {
    let nowMs = 0
    const cache = new HostCache({ size: 1000, now: () => nowMs })
    const named = (lifetimeMs: number) => ({ hostname: 'a.example', validated: true, error: undefined, lifetimeMs })
    cache.remember('192.0.2.1', named(60_000))
    cache.remember('192.0.2.2', named(Number.POSITIVE_INFINITY))
    nowMs = 59_999
    assert.equal(cache.lookup('192.0.2.1')?.hostname, 'a.example')
    nowMs = 60_000
    assert.equal(cache.lookup('192.0.2.1'), undefined)
    assert.equal(cache.lookup('192.0.2.2')?.hostname, 'a.example')
    nowMs = 15 * 60_000
    assert.equal(cache.lookup('192.0.2.2'), undefined)
    for (let i = 0; i < 100_000; i++) cache.remember(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, named(1e9))
    assert.equal([...cache.rows()].length, 1000)
  })
})

describe('localhost', () => {
  it('T58 is a socket or a resolved loopback, never an address by itself; mapped IPv6 is the IPv4 address', async (t) => {
    const path = `/tmp/saltgate-who-${process.pid}.sock`
    const accounts = [
      { user: 'u', host: 'localhost', password: 'name' },
      { user: 'u', host: '127.0.0.1', password: 'v4' },
      { user: 'u', host: '::1', password: 'v6' },
    ]
    const opens = async (address: number | string, host?: string) => {
      const opened: string[] = []
      for (const { password } of accounts) {
        const stranger =
          host === undefined ? await Stranger.greeted(address) : await Stranger.greetedAt(host, Number(address))
        if ((await stranger.login({ user: 'u', password })).ok) opened.push(password)
        stranger.destroy()
      }
      return opened.join()
    }
    const named = await openDoor(t, { accounts: accounts.slice(0, 1), listen: ['[::]:0', path] })
    assert.equal(await opens(path), 'name', 'the socket')
    assert.equal(await opens(portOf(named), '127.0.0.1'), 'name', 'resolved')
    assert.equal(await opens(portOf(named), '::1'), 'name', 'resolved')
    await named.front.close(100)
    const numbered = await openDoor(t, { accounts, listen: ['[::]:0', path], settings: { skip_name_resolve: true } })
    assert.equal(await opens(path), 'name', 'the socket')
    assert.equal(await opens(portOf(numbered), '127.0.0.1'), 'v4', 'mapped')
    assert.equal(await opens(portOf(numbered), '::1'), 'v6')
  })
})

function portOf({ front }: OpenDoor): number {
  const [tcp] = front.listening
  return tcp?.kind === 'tcp' ? tcp.port : assert.fail('no TCP')
}

describe('clocks', () => {
  it('T75 that jump neither end a login early nor let one live longer', async (t) => {
    const { port, door } = await openDoor(t, { accounts: [anybody], settings: { connect_timeout: 2 } })
    const { now } = Date
    t.after(() => {
      Date.now = now
    })
    for (const jumpMs of [10 * 365 * 86_400_000, -10 * 365 * 86_400_000]) {
      const start = performance.now()
      const silent = await Stranger.greeted(port)
      Date.now = () => now() + jumpMs
      const session = await Stranger.loggedIn(port, { user: 'other', password: 'y' })
      session.destroy()
      await new Promise((resolve) => silent.plain.once('close', resolve))
      const lived = performance.now() - start
      Date.now = now
      assert.ok(lived > 1900 && lived < 2600, `${lived.toFixed(0)} ms`)
      silent.destroy()
    }
    await until(() => door.registry.live.size === 0, 'all are gone')
  })

  it('T75 that are set back do not lock an account for longer than it says', () => {
    const failures = new FailedLogins()
    const tracked = { ...account({ user: 'u' }), failedLoginAttempts: 1, passwordLockTimeDays: 2 }
    const day = 86_400_000
    assert.equal(failures.onWrongPassword(tracked, 1000 * day).blocked, true)
    assert.equal(failures.blocked(tracked, 10 * day).daysRemaining, 2)
    assert.equal(failures.blocked(tracked, 1002 * day).blocked, false)
  })
})
