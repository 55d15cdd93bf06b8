import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigurationError } from '../errors/errors.ts'
import { canonicalAddress, isLoopback, reverseName, sourceKey } from './addresses.ts'

describe('canonicalAddress', () => {
  const spellings = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:127.0.0.1%lo', '127.0.0.1'],
  ] as const
  for (const [text, canonical] of spellings) {
    it(`spells ${text} as ${canonical}`, () => assert.equal(canonicalAddress(text), canonical))
  }

  it('gives the same text for its own result', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = canonicalAddress(text)
        assert.equal(canonicalAddress(canonical), canonical)
      }),
    )
  })

  for (const text of [
    '',
    'localhost',
    '127.0.0.01',
    '1.2.3',
    '192.0.2.7%eth0',
    '::ffff:1.2.3',
    ':::',
    '1.2.3.4:3306',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => canonicalAddress(text), ConfigurationError))
  }
})

describe('isLoopback', () => {
  it('is true for the two addresses of localhost and for no other', () => {
    assert.deepEqual(['127.0.0.1', '::1', '127.0.0.2', '0.0.0.0', '::', '192.0.2.7'].map(isLoopback), [
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('sourceKey', () => {
  it('is the address for IPv4', () => assert.equal(sourceKey('192.0.2.7'), '192.0.2.7'))

  it('is the first 64 bits for IPv6, wherever the zeros are left out', () => {
    assert.equal(sourceKey('2001:db8::1'), '2001:db8:0:0::/64')
    assert.equal(sourceKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
    assert.equal(sourceKey('2001::3:4:5:6:7'), '2001:0:0:3::/64')
    assert.equal(sourceKey('::4:5:6:7:8'), '0:0:0:4::/64')
    assert.equal(sourceKey('::192.0.2.7'), '0:0:0:0::/64')
    assert.equal(sourceKey('::1'), '0:0:0:0::/64')
    assert.equal(sourceKey('::'), '0:0:0:0::/64')
  })

  it('is one for all addresses of a /64 and another for the next /64', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const groups = (length: number) => fc.array(group, { minLength: length, maxLength: length })
    const address = (...parts: readonly number[][]) =>
      canonicalAddress(parts.flatMap((part) => part.map((value) => value.toString(16))).join(':'))
    fc.assert(
      fc.property(groups(3), group, groups(4), groups(4), (net, subnet, one, other) => {
        fc.pre(net.some((value) => value !== 0))
        const key = sourceKey(address(net, [subnet], one))
        assert.equal(sourceKey(address(net, [subnet], other)), key)
        assert.notEqual(sourceKey(address(net, [subnet ^ 1], one)), key)
      }),
    )
  })
})

describe('reverseName', () => {
  it('reverses the bytes of IPv4', () => assert.equal(reverseName('192.0.2.7'), '7.2.0.192.in-addr.arpa'))

  it('reverses the digits of IPv6', () => {
    // The example of RFC 3596.
    assert.equal(
      reverseName('4321:0:1:2:3:4:567:89ab'),
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
    )
    assert.equal(reverseName('::1'), `1.${'0.'.repeat(31)}ip6.arpa`)
    assert.equal(reverseName('::192.0.2.7'), `7.0.2.0.0.0.0.c.${'0.'.repeat(24)}ip6.arpa`)
  })
})
