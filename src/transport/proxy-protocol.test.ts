import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { SocketAddress } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, text, zeros } from '../../test/support/bytes.ts'
import { crc32c, ipv4, proxyHeaders, tlv, v2, withSum } from '../../test/support/proxy-headers.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { decodeProxyHeader, type Endpoint, encodeProxyHeader, type ProxyHeader, proxyTlv } from './proxy-protocol.ts'

interface Vector {
  readonly name: string
  readonly hex: string
  readonly source: Endpoint | null
  readonly tlvs: readonly (readonly [type: number, hex: string])[]
}

const file = new URL('../../test/vectors/proxy-protocol/haproxy-2.6.json', import.meta.url)
const haproxy: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8')).headers

const complete = proxyHeaders.filter(({ says }) => typeof says === 'object' || says === 'nobody')
const behind = text('behind')

describe('decodeProxyHeader', () => {
  for (const { name, hex, source, tlvs } of haproxy) {
    it(`reads what HAProxy sends by ${name}`, () => {
      const header = decoded(bytes(hex, behind))
      assert.equal(header.length, hex.length / 2)
      assert.deepEqual(header.source, source ?? undefined)
      assert.deepEqual(
        [...header.tlvs],
        tlvs.map(([type, value]) => [type, bytes(value)]),
      )
    })
  }

  for (const { name, bytes: header, says } of proxyHeaders) {
    it(`finds that ${name} ${typeof says === 'object' ? `says ${says.address}` : says}`, () => {
      if (says === 'has not ended') return assert.equal(decodeProxyHeader(header), undefined)
      if (says === 'is no header' || says === 'is malformed') {
        return assert.throws(() => decodeProxyHeader(header), isMalformed(says))
      }
      const { length, source } = decoded(bytes(header, behind))
      assert.equal(length, header.length)
      if (says === 'nobody') assert.equal(source, undefined)
      else assert.deepEqual(spelled(source), spelled(says))
    })
  }

  it('waits at each byte of a header that is right, and sees its end at the last one', () => {
    for (const { name, bytes: header } of complete) {
      for (let length = 0; length < header.length; length++) {
        assert.equal(decodeProxyHeader(header.subarray(0, length)), undefined, `${name}: ${length}`)
      }
      assert.equal(decodeProxyHeader(header)?.length, header.length, name)
    }
  })

  it('gives up what is malformed as soon as 536 bytes are there, whatever they are', () => {
    const start = fc.constantFrom(text('PROXY '), v2(0x21, 0x11, ipv4).subarray(0, 12), zeros(0))
    fc.assert(
      fc.property(start, fc.uint8Array({ minLength: 536, maxLength: 600 }), (signature, rest) => {
        const input = bytes(signature, rest)
        try {
          assert.ok((decodeProxyHeader(input)?.length ?? 1000) <= 536)
        } catch (error) {
          assert.ok(error instanceof MalformedPacket)
        }
      }),
    )
  })

  it('keeps every TLV but padding, and the destination', () => {
    const vpce = bytes([1], text('vpce-08d2bf15fac5001c9'))
    const body = bytes(ipv4, tlv(0xea, vpce), tlv(4, zeros(9)), tlv(0x20, zeros(5)), tlv(0xf9, zeros(0)))
    const { tlvs, destination } = decoded(v2(0x21, 0x11, body))
    assert.deepEqual(destination, { address: '198.51.100.9', port: 3306 })
    assert.deepEqual(
      [...tlvs],
      [
        [proxyTlv.AWS, vpce],
        [proxyTlv.SSL, zeros(5)],
        [0xf9, zeros(0)],
      ],
    )
    assert.deepEqual([...decoded(v2(0x21, 0x31, bytes(zeros(216), tlv(5, zeros(1))))).tlvs], [[5, zeros(1)]])
  })

  it('keeps copies, and leaves what it reads as it was', () => {
    const input = Buffer.from(withSum())
    const before = Buffer.from(input)
    const { tlvs } = decoded(input)
    assert.deepEqual(input, before)
    input.fill(0)
    assert.deepEqual(tlvs.get(proxyTlv.CRC32C), Uint8Array.from(before.subarray(-4)))
  })

  it('sums as everybody does, and finds each flipped bit of a header with its sum', () => {
    assert.equal(crc32c(text('123456789')), 0xe3069283)
    const header = withSum()
    const summed = [...header.keys()].filter((at) => at >= 16 && (at < 28 || at >= 31))
    for (const at of summed) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = header.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte))
        assert.throws(() => decodeProxyHeader(flipped), isMalformed('is malformed'), `bit ${bit} of byte ${at}`)
      }
    }
  })

  it('says what is wrong and where, and nothing of what it read', () => {
    assert.throws(() => decodeProxyHeader(text('PROXY TCP4 secret 198.51.100.9 1 2\r\n')), {
      packet: 'PROXY header',
      field: 'address',
      offset: 11,
      message: 'in phase PROXY header: expected an address of TCP4, got a bad address at offset 11',
    })
  })
})

describe('encodeProxyHeader', () => {
  const tlvs = new Map<number, Uint8Array>()
  const source = { address: '203.0.113.7', port: 40001 }
  const destination = { address: '198.51.100.9', port: 3306 }

  it('writes what HAProxy writes for the same connection', () => {
    const [line] = haproxy
    const v4 = { source, destination, tlvs }
    assert.equal(Buffer.from(encodeProxyHeader('v1', v4)).toString('hex'), line?.hex)
    const named = haproxy.filter(({ name, source }) => name.startsWith('send-proxy-v2') && source !== null)
    assert.equal(named.length, 3)
    for (const { name, hex } of named) {
      assert.equal(Buffer.from(encodeProxyHeader('v2', decoded(bytes(hex)))).toString('hex'), hex, name)
    }
  })

  it('is read back as it was, of any addresses, ports and TLVs', () => {
    const endpoint = fc.record(
      { address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65535) },
      { noNullPrototype: true },
    )
    const values = fc.uniqueArray(
      fc.tuple(
        fc.integer({ min: 5, max: 255 }),
        fc.uint8Array({ maxLength: 40 }).map((value) => Uint8Array.from(value)),
      ),
      { selector: ([type]) => type, maxLength: 8 },
    )
    fc.assert(
      fc.property(endpoint, endpoint, values, (from, to, entries) => {
        const claim = { source: from, destination: to, tlvs: new Map(entries) }
        for (const version of ['v1', 'v2'] as const) {
          const encoded = encodeProxyHeader(version, claim)
          const back = decoded(bytes(encoded, behind))
          assert.equal(back.length, encoded.length)
          assert.deepEqual(spelled(back.source), spelled(from))
          assert.deepEqual(spelled(back.destination), spelled(to))
          assert.deepEqual([...back.tlvs], version === 'v1' ? [] : entries)
        }
      }),
    )
  })

  it('says UNKNOWN or LOCAL where an end is not known', () => {
    const unknown = { source: undefined, destination, tlvs }
    assert.equal(Buffer.from(encodeProxyHeader('v1', unknown)).toString(), 'PROXY UNKNOWN\r\n')
    assert.deepEqual(bytes(encodeProxyHeader('v2', unknown)), v2(0x20, 0, zeros(0)))
  })

  it('refuses what no header can say', () => {
    for (const wrong of [
      { source: { ...source, port: 65536 }, destination, tlvs },
      { source: { ...source, port: 1.5 }, destination, tlvs },
      { source, destination: { ...destination, port: -1 }, tlvs },
      { source: { ...source, address: 'localhost' }, destination, tlvs },
      { source, destination: { ...destination, address: 'fe80::1%eth0' }, tlvs },
    ]) {
      for (const version of ['v1', 'v2'] as const) {
        assert.throws(() => encodeProxyHeader(version, wrong), ConfigurationError)
      }
    }
    const filled = (size: number) => ({ source, destination, tlvs: new Map([[0xf1, zeros(size)]]) })
    assert.equal(encodeProxyHeader('v2', filled(505)).length, 536)
    assert.throws(() => encodeProxyHeader('v2', filled(506)), ConfigurationError)
  })
})

function decoded(input: Uint8Array): ProxyHeader {
  return decodeProxyHeader(input) ?? assert.fail('not complete')
}

function isMalformed(says: 'is no header' | 'is malformed'): (error: unknown) => boolean {
  return (error) =>
    error instanceof MalformedPacket &&
    error.packet === 'PROXY header' &&
    (error.field === 'signature') === (says === 'is no header')
}

/** One spelling for all of an address: IPv4 may be mapped into IPv6. */
function spelled(endpoint: Endpoint | undefined): Endpoint | undefined {
  if (endpoint === undefined || !endpoint.address.includes(':')) return endpoint
  const { address } = new SocketAddress({ address: endpoint.address, family: 'ipv6' })
  return { ...endpoint, address: address.replace(/^::ffff:(?=.*\.)/, '') }
}
