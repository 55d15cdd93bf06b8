import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { denyReasons } from '../errors/deny-reasons.ts'
import { HostCache } from './host-cache.ts'
import type { Resolution } from './host-names.ts'

const minuteMs = 60_000

describe('HostCache', () => {
  let nowMs: number
  let cache: HostCache
  beforeEach(() => {
    nowMs = 1_700_000_000_000
    cache = new HostCache({ size: 3, now: () => nowMs })
  })
  const addresses = () => cache.rows().map(({ IP }) => IP)

  describe('names', () => {
    it('come back until their time is over', () => {
      const resolution = named('app.example.com', 5 * minuteMs)
      cache.remember('192.0.2.7', resolution)
      nowMs += 5 * minuteMs - 1
      assert.equal(cache.lookup('192.0.2.7'), resolution)
      nowMs += 1
      assert.equal(cache.lookup('192.0.2.7'), undefined)
    })

    it('last 15 minutes at most, whatever DNS says, and leave the errors when they go', () => {
      cache.countError('192.0.2.7', 'COUNT_HANDSHAKE_ERRORS', true)
      cache.remember('192.0.2.7', named('app.example.com', 24 * 60 * minuteMs))
      nowMs += 15 * minuteMs
      assert.equal(cache.lookup('192.0.2.7'), undefined)
      assert.equal(cache.isBlocked('192.0.2.7', 1), true)
    })

    it('give way to what a later lookup found', () => {
      cache.remember('192.0.2.7', named('old.example.com'))
      cache.remember('192.0.2.7', failed('COUNT_FCRDNS_ERRORS', true))
      assert.equal(cache.lookup('192.0.2.7')?.hostname, undefined)
      assert.equal(cache.rows()[0]?.HOST, null)
    })

    it('that cannot be found are remembered as such when that is final, and asked again when not', () => {
      cache.remember('192.0.2.1', failed('COUNT_NAMEINFO_PERMANENT_ERRORS', true))
      cache.remember('192.0.2.2', failed('COUNT_NAMEINFO_TRANSIENT_ERRORS', false))
      assert.equal(cache.lookup('192.0.2.1')?.validated, true)
      assert.equal(cache.lookup('192.0.2.2'), undefined)
      assert.equal(cache.lookup('192.0.2.3'), undefined)
    })
  })

  describe('blocking', () => {
    it('starts at max_connect_errors, counts only connect errors, and follows the setting at once', () => {
      cache.countError('127.0.0.60', 'COUNT_HANDSHAKE_ERRORS', true)
      for (let count = 0; count < 9; count += 1) cache.countError('127.0.0.60', 'COUNT_AUTHENTICATION_ERRORS', false)
      assert.equal(cache.isBlocked('127.0.0.60', 2), false)
      cache.countError('127.0.0.60', 'COUNT_HANDSHAKE_ERRORS', true)
      assert.equal(cache.isBlocked('127.0.0.60', 2), true)
      assert.equal(cache.isBlocked('127.0.0.60', 3), false)
      assert.equal(cache.isBlocked('127.0.0.61', 2), false)
    })

    it('ends with a login, which leaves the counts of errors', () => {
      cache.countError('127.0.0.60', 'COUNT_HANDSHAKE_ERRORS', true)
      cache.onSuccess('127.0.0.60')
      assert.equal(cache.isBlocked('127.0.0.60', 1), false)
      const [row] = cache.rows()
      assert.deepEqual([row?.SUM_CONNECT_ERRORS, row?.COUNT_HANDSHAKE_ERRORS], [0, 1])
    })

    it('ends with a flush and with a new size', () => {
      for (const empty of [() => cache.flush(), () => (cache.size = 5)]) {
        cache.countError('127.0.0.60', 'COUNT_HANDSHAKE_ERRORS', true)
        empty()
        assert.equal(cache.isBlocked('127.0.0.60', 1), false)
        assert.deepEqual(cache.rows(), [])
      }
    })

    it('never touches loopback', () => {
      for (const address of ['127.0.0.1', '::1']) {
        cache.countError(address, 'COUNT_HANDSHAKE_ERRORS', true)
        cache.remember(address, named('localhost'))
        assert.equal(cache.isBlocked(address, 1), false)
      }
      assert.deepEqual(cache.rows(), [])
    })

    it('is off with the cache, at size 0', () => {
      const off = new HostCache({ size: 0, now: () => nowMs })
      off.countError('192.0.2.7', 'COUNT_HANDSHAKE_ERRORS', true)
      off.remember('192.0.2.7', named('app.example.com'))
      off.onSuccess('192.0.2.7')
      assert.deepEqual([off.isBlocked('192.0.2.7', 1), off.lookup('192.0.2.7'), off.rows()], [false, undefined, []])
    })
  })

  describe('rows', () => {
    it('have the columns of performance_schema.host_cache, in order', () => {
      cache.remember('192.0.2.7', named('app.example.com'))
      assert.deepEqual(Object.keys(cache.rows()[0] ?? {}), columns)
    })

    it('show the name, the times, and the errors of failed lookups', () => {
      const start = nowMs
      cache.remember('192.0.2.7', named('app.example.com'))
      assert.deepEqual(seen(cache), ['app.example.com', 'YES', start, start, null, null])
      nowMs += 10
      cache.countError('192.0.2.7', 'COUNT_SSL_ERRORS', false)
      nowMs += 10
      cache.remember('192.0.2.7', failed('COUNT_FORMAT_ERRORS', false))
      nowMs += 10
      cache.lookup('192.0.2.7')
      assert.deepEqual(seen(cache), [null, 'NO', start, start + 30, start + 10, start + 20])
      const [row] = cache.rows()
      assert.deepEqual([row?.COUNT_SSL_ERRORS, row?.COUNT_FORMAT_ERRORS, row?.SUM_CONNECT_ERRORS], [1, 1, 0])
    })

    it('have a column for every counter of a deny reason', () => {
      for (const { hostCache } of Object.values(denyReasons)) if (hostCache) assert.ok(columns.includes(hostCache))
    })

    it('are copies', () => {
      cache.countError('192.0.2.7', 'COUNT_SSL_ERRORS', false)
      const before = cache.rows()
      cache.countError('192.0.2.7', 'COUNT_SSL_ERRORS', false)
      assert.equal(before[0]?.COUNT_SSL_ERRORS, 1)
    })
  })

  describe('the bound', () => {
    it('drops the address that was used least recently', () => {
      for (const address of ['a', 'b', 'c']) cache.countError(address, 'COUNT_SSL_ERRORS', false)
      cache.lookup('a')
      cache.remember('d', named('d.example'))
      assert.deepEqual(addresses(), ['a', 'c', 'd'])
      cache.countError('c', 'COUNT_SSL_ERRORS', false)
      cache.remember('e', named('e.example'))
      assert.deepEqual(addresses(), ['c', 'd', 'e'])
    })

    it('holds for a cache of one', () => {
      cache.size = 1
      for (const address of ['a', 'b', 'a', 'a', 'c']) cache.countError(address, 'COUNT_SSL_ERRORS', false)
      assert.deepEqual(addresses(), ['c'])
    })

    it('holds for 200,000 strangers', () => {
      cache.size = 500
      for (let count = 0; count < 200_000; count += 1) cache.countError(`s${count}`, 'COUNT_HANDSHAKE_ERRORS', true)
      assert.equal(cache.rows().length, 500)
      assert.equal(addresses()[0], 's199500')
    })

    it('equals a list in order of use for any sequence of calls', () => {
      const call = fc.record({
        do: fc.constantFrom('error', 'remember', 'lookup'),
        address: fc.constantFrom(...'abcdef'),
      })
      fc.assert(
        fc.property(fc.array(call, { maxLength: 60, size: 'max' }), (calls) => {
          cache.flush()
          let model: string[] = []
          for (const { do: what, address } of calls) {
            if (what === 'lookup') cache.lookup(address)
            else if (what === 'error') cache.countError(address, 'COUNT_SSL_ERRORS', false)
            else cache.remember(address, named('x'))
            if (what !== 'lookup' || model.includes(address)) {
              model = [...model.filter((other) => other !== address), address].slice(-3)
            }
            assert.deepEqual(addresses().sort(), [...model].sort())
          }
        }),
      )
    })
  })
})

function named(hostname: string, lifetimeMs = Number.POSITIVE_INFINITY): Resolution {
  return { hostname, validated: true, error: undefined, lifetimeMs }
}

function failed(error: Resolution['error'], validated: boolean): Resolution {
  return { hostname: undefined, validated, error, lifetimeMs: Number.POSITIVE_INFINITY }
}

function seen(cache: HostCache) {
  const [row] = cache.rows()
  return [row?.HOST, row?.HOST_VALIDATED, row?.FIRST_SEEN, row?.LAST_SEEN, row?.FIRST_ERROR_SEEN, row?.LAST_ERROR_SEEN]
}

/** As MySQL 9.7 lists them. */
const columns = `IP HOST HOST_VALIDATED SUM_CONNECT_ERRORS COUNT_HOST_BLOCKED_ERRORS COUNT_NAMEINFO_TRANSIENT_ERRORS
  COUNT_NAMEINFO_PERMANENT_ERRORS COUNT_FORMAT_ERRORS COUNT_ADDRINFO_TRANSIENT_ERRORS COUNT_ADDRINFO_PERMANENT_ERRORS
  COUNT_FCRDNS_ERRORS COUNT_HOST_ACL_ERRORS COUNT_NO_AUTH_PLUGIN_ERRORS COUNT_AUTH_PLUGIN_ERRORS COUNT_HANDSHAKE_ERRORS
  COUNT_PROXY_USER_ERRORS COUNT_PROXY_USER_ACL_ERRORS COUNT_AUTHENTICATION_ERRORS COUNT_SSL_ERRORS
  COUNT_MAX_USER_CONNECTIONS_ERRORS COUNT_MAX_USER_CONNECTIONS_PER_HOUR_ERRORS COUNT_DEFAULT_DATABASE_ERRORS
  COUNT_INIT_CONNECT_ERRORS COUNT_LOCAL_ERRORS COUNT_ACCOUNT_LOCKED_ERRORS COUNT_TEMPORARY_ACCOUNT_LOCKED_ERRORS
  COUNT_UNKNOWN_ERRORS FIRST_SEEN LAST_SEEN FIRST_ERROR_SEEN LAST_ERROR_SEEN`.split(/\s+/)
