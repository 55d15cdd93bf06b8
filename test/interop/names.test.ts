/**
 * Names of clients: in error texts, in host patterns, in the process list; and what becomes of a login while DNS is silent
 * or lies. A DNS server of the test answers.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import type { HostCacheRow } from '../../src/server/host-cache.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { type DnsServer, startDnsServer } from '../support/dns-server.ts'
import { type TestDoor, until, withDoor as withTestDoor } from '../support/door.ts'
import { RawClient } from '../support/raw-client.ts'

const native = { plugin: 'mysql_native_password', password: 'pw' } as const
const everyone: AccountInput = { ...native, user: 'u' }
const pointer = 'PTR 5.0.0.127.in-addr.arpa'

let dns: DnsServer

before(async () => {
  dns = await startDnsServer()
})

afterEach(() => {
  dns.answers.clear()
  dns.questions.length = 0
})

after(() => dns.close())

function withDoor(
  accounts: readonly AccountInput[],
  settings: Record<string, SettingValue>,
  use: (server: TestDoor) => Promise<void>,
): Promise<void> {
  return withTestDoor({ accounts, settings, dnsServers: [dns.address] }, use)
}

/** The text of the error that ends a login with this password, or `undefined`. */
async function enter(server: TestDoor, password = 'wrong', localAddress = '127.0.0.5'): Promise<string | undefined> {
  const client = await RawClient.connect({ port: server.port, localAddress })
  const { last } = await client.login({ user: 'u', password })
  client.destroy()
  await until(() => server.door.registry.live.size === 0, 'the client has left')
  return last.payload[0] === 0xff ? last.payload.toString('utf8', 9) : undefined
}

const denied = (host: string) => `Access denied for user 'u'@'${host}' (using password: YES)`

describe('the name of a client', () => {
  it('is what errors call it, once it is confirmed, and is asked for once', () =>
    withDoor([everyone], {}, async (server) => {
      dns.answers.set(pointer, { records: ['client.example.com'] })
      dns.answers.set('A client.example.com', { records: ['127.0.0.5'] })
      assert.equal(await enter(server), denied('client.example.com'))
      assert.equal(await enter(server), denied('client.example.com'))
      assert.deepEqual(dns.questions, [pointer, 'A client.example.com'])
    }))

  it('lets in by host pattern, and 1130 calls a stranger by it', () =>
    withDoor([{ ...everyone, host: '%.example.com' }], {}, async (server) => {
      dns.answers.set(pointer, { records: ['client.example.com'] })
      dns.answers.set('A client.example.com', { records: ['127.0.0.5'] })
      dns.answers.set('PTR 6.0.0.127.in-addr.arpa', { records: ['client.example.org'] })
      dns.answers.set('A client.example.org', { records: ['127.0.0.6'] })
      assert.equal(await enter(server, 'pw'), undefined)
      const stranger = await RawClient.connect({ port: server.port, localAddress: '127.0.0.6' })
      assert.deepEqual(await stranger.error(), {
        code: 1130,
        sqlState: undefined,
        message: "Host 'client.example.org' is not allowed to connect to this MySQL server",
      })
      stranger.destroy()
    }))

  it('is localhost on 127.0.0.1 without a question, and the address itself with skip_name_resolve', async () => {
    await withDoor([everyone, { ...everyone, host: 'localhost' }], {}, async (server) => {
      assert.equal(await enter(server, 'wrong', '127.0.0.1'), denied('localhost'))
    })
    await withDoor([{ ...everyone, host: 'localhost' }], { skip_name_resolve: true }, async (server) => {
      const client = await RawClient.connect({ port: server.port })
      assert.equal((await client.error()).message, "Host '127.0.0.1' is not allowed to connect to this MySQL server")
      client.destroy()
    })
    assert.deepEqual(dns.questions, [])
  })
})

describe('a name that is not confirmed', () => {
  const cases: {
    readonly name: string
    readonly answers: Parameters<DnsServer['answers']['set']>[]
    readonly validated: 'YES' | 'NO'
    readonly counter: keyof HostCacheRow
  }[] = [
    { name: 'none at all', answers: [], validated: 'YES', counter: 'COUNT_NAMEINFO_PERMANENT_ERRORS' },
    {
      name: 'SERVFAIL',
      answers: [[pointer, 'SERVFAIL']],
      validated: 'NO',
      counter: 'COUNT_NAMEINFO_TRANSIENT_ERRORS',
    },
    {
      name: 'one that leads elsewhere',
      answers: [
        [pointer, { records: ['client.example.com'] }],
        ['A client.example.com', { records: ['127.0.0.77'] }],
      ],
      validated: 'YES',
      counter: 'COUNT_FCRDNS_ERRORS',
    },
    {
      name: 'one that leads nowhere',
      answers: [[pointer, { records: ['client.example.com'] }]],
      validated: 'YES',
      counter: 'COUNT_ADDRINFO_PERMANENT_ERRORS',
    },
    {
      name: 'one that looks like an address',
      answers: [[pointer, { records: ['127.0.0.5.example.com'] }]],
      validated: 'NO',
      counter: 'COUNT_FORMAT_ERRORS',
    },
  ]
  for (const { name, answers, validated, counter } of cases) {
    it(`(${name}) leaves the client its address, and counts ${counter}`, () =>
      withDoor([everyone], {}, async (server) => {
        for (const answer of answers) dns.answers.set(...answer)
        assert.equal(await enter(server), denied('127.0.0.5'))
        const [row] = server.door.hostCache.rows()
        assert.equal(row?.HOST, null)
        assert.equal(row?.HOST_VALIDATED, validated)
        assert.equal(row?.[counter], 1)
        assert.equal(row?.SUM_CONNECT_ERRORS, 0)
      }))
  }
})

describe('a silent DNS server', () => {
  it('delays the greeting by saltgate_dns_timeout and no more, seen as resolving-name; others are not delayed', () =>
    withDoor([everyone], { saltgate_dns_timeout: 300 }, async (server) => {
      dns.answers.set(pointer, 'silence')
      const begin = performance.now()
      const client = await RawClient.connect({ port: server.port, localAddress: '127.0.0.5' })
      await until(() => server.door.registry.live.size === 1, 'it is there')
      const [record] = server.door.registry.live.values()
      assert.equal(record?.phase, 'resolving-name')
      assert.equal(record?.host, '127.0.0.5')
      const other = await RawClient.connect({ port: server.port })
      await other.greeting()
      assert.equal(record?.phase, 'resolving-name')
      other.destroy()
      await client.greeting()
      const waitedMs = performance.now() - begin
      assert.ok(waitedMs > 250 && waitedMs < 1500, `${waitedMs} ms`)
      assert.equal(record?.phase, 'login')
      client.destroy()
    }))

  it('does not keep a client that leaves meanwhile', () =>
    withDoor([everyone], { saltgate_dns_timeout: 2000 }, async (server) => {
      dns.answers.set(pointer, 'silence')
      const client = await RawClient.connect({ port: server.port, localAddress: '127.0.0.5' })
      await dns.asked(1)
      client.destroy()
      await until(() => server.refusals.length === 1, 'the door has noticed')
      assert.equal(server.refusals[0]?.phase, 'resolving-name')
      assert.equal(server.refusals[0]?.reason, 'client-gone')
      assert.equal(server.door.registry.live.size, 0)
    }))
})
