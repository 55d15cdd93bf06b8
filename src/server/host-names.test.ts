import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type DnsServer, startDnsServer } from '../../test/support/dns-server.ts'
import { HostNames, type HostNamesOptions } from './host-names.ts'

const client = '192.0.2.7'
const ptr = ptrOf(client)

describe('HostNames', () => {
  let dns: DnsServer
  let folder: string
  let hostsFile: string
  before(async () => {
    dns = await startDnsServer()
    folder = await mkdtemp(join(tmpdir(), 'saltgate-hosts-'))
    hostsFile = join(folder, 'hosts')
  })
  after(async () => {
    await dns.close()
    await rm(folder, { recursive: true })
  })
  beforeEach(async () => {
    dns.answers.clear()
    dns.questions.length = 0
    await rm(hostsFile, { force: true })
  })

  const open = (options: HostNamesOptions = {}) => new HostNames({ servers: [dns.address], hostsFile, ...options })
  const resolve = (address = client) => open().resolve(address)
  const asked = () => new Set(dns.questions)

  describe('the name of an address', () => {
    it('is the PTR name when that leads back to the address, for as long as DNS says', async () => {
      dns.answers.set(ptr, { records: ['app.example.com'] })
      dns.answers.set('A app.example.com', { ttl: 90, records: ['192.0.2.1', client] })
      assert.deepEqual(await resolve(), {
        hostname: 'app.example.com',
        validated: true,
        error: undefined,
        lifetimeMs: 90_000,
      })
    })

    it('is found for IPv6 too', async () => {
      dns.answers.set(`PTR 1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, { records: ['six.example.com'] })
      dns.answers.set('AAAA six.example.com', { records: ['2001:db8::1'] })
      assert.equal((await resolve('2001:db8::1')).hostname, 'six.example.com')
    })

    it('is the first of several PTR names', async () => {
      dns.answers.set(ptr, { records: ['one.example.com', 'two.example.com'] })
      dns.answers.set('A one.example.com', { records: [client] })
      assert.equal((await resolve()).hostname, 'one.example.com')
    })

    it('is localhost on loopback, without a question', async () => {
      for (const address of ['127.0.0.1', '::1']) assert.equal((await resolve(address)).hostname, 'localhost')
      assert.deepEqual(dns.questions, [])
    })

    it('is asked of DNS for the rest of 127.0.0.0/8', async () => {
      dns.answers.set(ptrOf('127.0.0.102'), { records: ['lab.example.com'] })
      dns.answers.set('A lab.example.com', { records: ['127.0.0.102'] })
      assert.equal((await resolve('127.0.0.102')).hostname, 'lab.example.com')
    })
  })

  describe('when DNS does not confirm a name', () => {
    const refusals = [
      ['no PTR name (NXDOMAIN)', 'NAMEINFO_PERMANENT', true, {}],
      ['no PTR record (empty answer)', 'NAMEINFO_PERMANENT', true, { [ptr]: 'NODATA' }],
      ['SERVFAIL for the PTR name', 'NAMEINFO_TRANSIENT', false, { [ptr]: 'SERVFAIL' }],
      ['a PTR name that starts as an address', 'FORMAT', false, { [ptr]: { records: ['192.0.2.7.example.com'] } }],
      ['a PTR name that is an address', 'FORMAT', false, { [ptr]: { records: ['192.0.2.7'] } }],
      ['a PTR name with a quote', 'FORMAT', false, { [ptr]: { records: ["x'@'%.example.com"] } }],
      ['a PTR name with a line break', 'FORMAT', false, { [ptr]: { records: ['x\ny.example.com'] } }],
      ['a PTR name without address', 'ADDRINFO_PERMANENT', true, { [ptr]: { records: ['a.example'] } }],
      [
        'a PTR name that is an alias of itself',
        'ADDRINFO_PERMANENT',
        true,
        {
          [ptr]: { records: ['a.example'] },
          'A a.example': { type: 'CNAME', records: ['a.example'] },
          'AAAA a.example': 'NODATA',
        },
      ],
      [
        'a PTR name that leads elsewhere',
        'FCRDNS',
        true,
        { [ptr]: { records: ['a.example'] }, 'A a.example': { records: ['192.0.2.8'] } },
      ],
      [
        'a PTR name that leads to the other address family only',
        'FCRDNS',
        true,
        {
          [ptr]: { records: ['a.example'] },
          'A a.example': 'NODATA',
          'AAAA a.example': { records: ['2001:db8::1'] },
        },
      ],
      [
        'SERVFAIL for the addresses',
        'ADDRINFO_TRANSIENT',
        false,
        { [ptr]: { records: ['a.example'] }, 'A a.example': 'SERVFAIL' },
      ],
      [
        'the name localhost from DNS, even with a matching address',
        'FCRDNS',
        true,
        { [ptr]: { records: ['localhost'] }, 'A localhost': { records: [client] } },
      ],
    ] as const

    for (const [what, error, validated, answers] of refusals) {
      it(`gives no name for ${what}`, async () => {
        for (const [question, answer] of Object.entries(answers)) dns.answers.set(question, answer)
        const resolution = await resolve()
        assert.deepEqual(
          { ...resolution, lifetimeMs: undefined },
          { hostname: undefined, validated, error: `COUNT_${error}_ERRORS`, lifetimeMs: undefined },
        )
      })
    }

    it('gives no name for an answer of thousands of addresses without this one in front', async () => {
      const others = Array.from({ length: 4000 }, (_, index) => `198.51.${index >> 8}.${index & 255}`)
      dns.answers.set(ptr, { records: ['many.example'] })
      dns.answers.set('A many.example', { records: [...others, client] })
      const resolution = await resolve()
      assert.deepEqual([resolution.hostname, resolution.error], [undefined, 'COUNT_FCRDNS_ERRORS'])
    })

    it('follows a name that comes and goes', async () => {
      const names = open()
      assert.equal((await names.resolve(client)).hostname, undefined)
      dns.answers.set(ptr, { records: ['a.example'] })
      dns.answers.set('A a.example', { records: [client] })
      assert.equal((await names.resolve(client)).hostname, 'a.example')
      dns.answers.set('A a.example', { records: ['192.0.2.8'] })
      assert.equal((await names.resolve(client)).hostname, undefined)
    })
  })

  describe('the time limit', () => {
    it('ends a lookup that DNS does not answer', async () => {
      dns.answers.set(ptr, 'silence')
      const startMs = performance.now()
      const resolution = await open({ timeLimitMs: 60 }).resolve(client)
      const elapsedMs = performance.now() - startMs
      assert.deepEqual([resolution.validated, resolution.error], [false, 'COUNT_NAMEINFO_TRANSIENT_ERRORS'])
      assert.ok(elapsedMs >= 55 && elapsedMs < 500, `${elapsedMs} ms`)
    })

    it('covers the way forward, and says so', async () => {
      dns.answers.set(ptr, { records: ['slow.example'] })
      dns.answers.set('A slow.example', 'silence')
      const resolution = await open({ timeLimitMs: 100 }).resolve(client)
      assert.deepEqual([resolution.validated, resolution.error], [false, 'COUNT_ADDRINFO_TRANSIENT_ERRORS'])
    })

    it('asks once more within the limit, since a datagram may get lost', async () => {
      dns.answers.set(ptr, 'silence')
      const names = open({ timeLimitMs: 900 })
      const lookup = names.resolve(client)
      await dns.asked(1)
      dns.answers.set(ptr, { records: ['late.example'] })
      dns.answers.set('A late.example', { records: [client] })
      assert.equal((await lookup).hostname, 'late.example')
    })
  })

  describe('lookups at the same time', () => {
    it('share one question for one address', async () => {
      dns.answers.set(ptr, { records: ['a.example'] })
      dns.answers.set('A a.example', { records: [client] })
      const names = open()
      const all = await Promise.all(Array.from({ length: 50 }, () => names.resolve(client)))
      assert.deepEqual(new Set(all.map(({ hostname }) => hostname)), new Set(['a.example']))
      assert.deepEqual(dns.questions, [ptr, 'A a.example'])
    })

    it('are bounded: one too many is answered at once, and may ask again', async () => {
      const [first, second, third] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const
      for (const address of [first, second]) dns.answers.set(ptrOf(address), 'silence')
      const names = open({ maxInFlight: 2 })
      const waiting = [names.resolve(first), names.resolve(second)]
      const refused = await names.resolve(third)
      assert.deepEqual([refused.validated, refused.error], [false, 'COUNT_NAMEINFO_TRANSIENT_ERRORS'])
      await dns.asked(2)
      assert.deepEqual(asked(), new Set([ptrOf(first), ptrOf(second)]))
      names.close()
      await Promise.all(waiting)
      assert.equal((await names.resolve(third)).error, 'COUNT_NAMEINFO_PERMANENT_ERRORS')
    })

    it('end at once on close', async () => {
      dns.answers.set(ptr, 'silence')
      const names = open({ timeLimitMs: 60_000 })
      const lookup = names.resolve(client)
      await dns.asked(1)
      names.close()
      assert.equal((await lookup).error, 'COUNT_NAMEINFO_TRANSIENT_ERRORS')
    })
  })

  describe('the hosts file', () => {
    it('comes before DNS, and is read again when it changes', async () => {
      const names = open()
      await writeFile(hostsFile, `# lab\n2001:DB8::7 six\n${client}\tapp.lan  app # the app\n`)
      assert.equal((await names.resolve(client)).hostname, 'app.lan')
      assert.equal((await names.resolve('2001:db8::7')).hostname, 'six')
      assert.deepEqual(dns.questions, [])
      await writeFile(hostsFile, `${client} renamed.lan\n`)
      assert.equal((await names.resolve(client)).hostname, 'renamed.lan')
    })

    it('keeps its names from whom DNS would give them to', async () => {
      await writeFile(hostsFile, '10.0.0.5 db.example.com db\n')
      dns.answers.set(ptr, { records: ['DB.example.com'] })
      dns.answers.set('A db.example.com', { records: [client] })
      assert.equal((await resolve()).error, 'COUNT_FCRDNS_ERRORS')
    })

    it('gives no name when it cannot be read', async () => {
      dns.answers.set(ptr, { records: ['a.example'] })
      dns.answers.set('A a.example', { records: [client] })
      const resolution = await open({ hostsFile: folder }).resolve(client)
      assert.deepEqual([resolution.hostname, resolution.validated], [undefined, false])
    })
  })
})

/** The question for the PTR record of an IPv4 address. */
function ptrOf(address: string): string {
  return `PTR ${address.split('.').reverse().join('.')}.in-addr.arpa`
}
