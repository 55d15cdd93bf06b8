import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { PeerHost } from './account.ts'
import { ComparablePeer, compareSpecificity, compileHostPattern } from './host-pattern.ts'

const at = (address: string, name?: string): PeerHost => ({ address, name })
const onSocket: PeerHost = { address: undefined, name: 'localhost' }

function matches(pattern: string, peer: PeerHost): boolean {
  return compileHostPattern(pattern).matches(new ComparablePeer(peer))
}

describe('compileHostPattern', () => {
  const cases: readonly [pattern: string, peer: PeerHost, expected: boolean][] = [
    ['%', at('198.51.100.7'), true],
    ['%', onSocket, true],
    ['', at('198.51.100.7'), true],
    ['localhost', onSocket, true],
    ['localhost', at('127.0.0.1', 'localhost'), true],
    ['localhost', at('::1', 'localhost'), true],
    ['localhost', at('127.0.0.1'), false],
    ['local%', onSocket, true],
    ['127.0.0.1', at('127.0.0.1', 'localhost'), true],
    ['127.0.0.1', onSocket, false],
    ['::1', at('::1'), true],
    ['::1', at('127.0.0.1', 'localhost'), false],
    ['0:0:0:0:0:0:0:1', at('::1'), true],
    ['2001:DB8::7', at('2001:db8::7'), true],
    ['H1.Example.NET', at('198.51.100.7', 'h1.example.net'), true],
    ['h1.example.net', at('198.51.100.7', 'H1.EXAMPLE.NET'), true],
    ['h1.example.net', at('198.51.100.7'), false],
    ['%.example.net', at('198.51.100.7', 'h1.example.net'), true],
    ['%.example.net', at('198.51.100.7', 'example.net'), false],
    ['h_.example.net', at('198.51.100.7', 'h1.example.net'), true],
    ['h_.example.net', at('198.51.100.7', 'h11.example.net'), false],
    ['x.example.%', at('198.51.100.7', 'x.example.org'), true],
    ['198.51.100.%', at('198.51.100.7'), true],
    ['198.51.100.%', at('198.51.101.7'), false],
    ['198.51.100._', at('198.51.100.77'), false],
    ['2001:db8:%', at('2001:db8::7'), true],
    ['a\\_b', at('198.51.100.7', 'a_b'), true],
    ['a\\_b', at('198.51.100.7', 'axb'), false],
    ['a\\%', at('198.51.100.7', 'a%'), true],
    ['198.51.100.0/255.255.255.0', at('198.51.100.7'), true],
    ['198.51.100.0/255.255.255.0', at('198.51.101.7'), false],
    ['198.51.100.44/255.255.255.0', at('198.51.100.44'), false],
    ['198.51.100.0/255.255.255.240', at('198.51.100.15'), true],
    ['198.51.100.0/255.255.255.240', at('198.51.100.16'), false],
    ['198.51.0.0/16', at('198.51.7.7'), true],
    ['192.0.0.0/8', at('192.9.9.9'), true],
    ['192.0.2.21/8', at('192.0.2.21'), false],
    ['192.0.0.0/8', at('193.0.2.21'), false],
    ['192.0.2.128/25', at('192.0.2.127'), false],
    ['192.0.2.21/32', at('192.0.2.21'), true],
    ['192.0.2.21/255.255.255.255', at('192.0.2.21'), true],
    ['192.0.2.0/255.0.255.0', at('192.0.2.0'), false],
    ['0.0.0.0/0', at('203.0.113.9'), false],
    ['0.0.0.0/0.0.0.0', at('203.0.113.9'), false],
    ['::/0', at('2001:db8::1'), false],
    ['10.0.0.0/8', at('2001:db8::1'), false],
    ['10.0.0.0/8', onSocket, false],
    ['127.000.000.001', at('127.0.0.1'), false],
    ['127.0.0.1.', at('127.0.0.1'), false],
    ['1%7', at('127.0.0.77'), true],
    ['12_.0.0._', at('127.0.0.1'), true],
    ['lo\\calhost', onSocket, true],
    ['%LOCAL%', onSocket, true],
    ['2001:db8::/32', at('2001:db8:ffff::1'), true],
    ['2001:db8::/33', at('2001:db8:8000::1'), false],
    ['2001:db8::/32', at('198.51.100.7'), false],
    ['192.0.2.1/33', at('192.0.2.1'), false],
    ['192.0.2.1/255.255.255', at('192.0.2.1'), false],
    ['192.0.2.01', at('192.0.2.1'), false],
    ['192.0.2.1.', at('192.0.2.1'), false],
    ['192.0.2', at('192.0.2.0'), false],
    ['256.0.2.1', at('0.0.2.1'), false],
  ]
  for (const [pattern, peer, expected] of cases) {
    test(`'${pattern}' ${expected ? 'matches' : 'does not match'} ${peer.name ?? 'no name'} at ${peer.address ?? 'the socket'}`, () => {
      assert.equal(matches(pattern, peer), expected)
    })
  }

  test('a host named like an address does not get in through an address pattern', () => {
    const liar = at('203.0.113.9', '198.51.100.example.com')
    for (const pattern of ['198.51.100.%', '198.51.100.example.com', '%.example.com']) {
      assert.equal(matches(pattern, liar), false, pattern)
    }
  })

  test('a stranger whose reverse DNS says localhost is not on localhost', () => {
    for (const pattern of ['localhost', 'local%', 'l_calhost']) {
      assert.equal(matches(pattern, at('203.0.113.9', 'localhost')), false, pattern)
      assert.equal(matches(pattern, at('127.evil.example', 'localhost')), false, pattern)
    }
  })

  test('wildcards match what LIKE would match', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '%', '_'), maxLength: 12 })
    fc.assert(
      fc.property(
        texts,
        fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 12 }),
        (p, name) => {
          fc.pre(/[%_]/.test(p))
          const like = new RegExp(`^${p.replaceAll('.', '\\.').replaceAll('%', '.*').replaceAll('_', '.')}$`)
          assert.equal(matches(p, { address: undefined, name }), like.test(name))
        },
      ),
    )
  })

  test('CIDR and netmask notation of one network match the same addresses', () => {
    const bytes = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
    const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 1, max: 32 }), (base, other, bits) => {
        const [network, peer] = [base, other].map((b) => b.reduce((sum, byte) => sum * 256 + byte, 0)) as [
          number,
          number,
        ]
        const mask = -1 << (32 - bits)
        const expected = ((network ^ peer) & mask) === 0
        assert.equal(matches(`${text(network & mask)}/${bits}`, at(text(peer))), expected)
        assert.equal(matches(`${text(network & mask)}/${text(mask)}`, at(text(peer))), expected)
      }),
    )
  })

  test('any text compiles, and a hostile pair of pattern and name is decided in a moment', () => {
    fc.assert(fc.property(fc.string(), (pattern) => void matches(pattern, at('::1', 'localhost'))))
    const started = performance.now()
    assert.equal(matches(`${'%a'.repeat(127)}b`, at('203.0.113.9', 'a'.repeat(65_536))), false)
    assert.ok(performance.now() - started < 1000)
  })
})

test('compareSpecificity puts the most specific pattern first', () => {
  const expected = [
    '198.51.100.7',
    '198.51.100.7%',
    '10.0.0.0/24',
    '10.0.0.0/8',
    '10.0.0.0/255.255.255.0',
    '10.0.0.0/255.0.0.0',
    'h1.example.net',
    '10.1.2.%',
    '10.1.%',
    'h_.example.net',
    '%.example.net',
    '%',
    '',
  ]
  const sorted = [...expected].reverse().map(compileHostPattern).sort(compareSpecificity)
  assert.deepEqual(
    sorted.map((pattern) => pattern.text),
    expected,
  )
})
