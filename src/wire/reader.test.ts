import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { block, bytes, int, lenenc, nul, text, zeros } from '../../test/support/bytes.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { latin1, PacketReader, utf8 } from './reader.ts'

const read = (payload: Uint8Array) => new PacketReader(payload, 'Test')

describe('PacketReader', () => {
  it('reads every fixed-length integer, little-endian and unsigned', () => {
    const reader = read(bytes('ff', 'fe ff', 'fd ff ff', 'fc ff ff ff', 'fb ff ff ff ff ff ff ff'))
    assert.equal(reader.u8('a'), 0xff)
    assert.equal(reader.u16('b'), 0xfffe)
    assert.equal(reader.u24('c'), 0xfffffd)
    assert.equal(reader.u32('d'), 0xfffffffc)
    assert.equal(reader.u64('e'), 0xfffffffffffffffbn)
    assert.equal(reader.remaining, 0)
  })

  it('names packet, field and position of what is missing, and no content', () => {
    const reader = read(bytes('01 02 03'))
    reader.skip(1, 'x')
    assert.throws(
      () => reader.u32('thread id'),
      (error) =>
        error instanceof MalformedPacket &&
        error.packet === 'Test' &&
        error.field === 'thread id' &&
        error.offset === 1 &&
        error.needed === 4 &&
        error.available === 2,
    )
    assert.equal(reader.offset, 1)
  })

  it('reads every length-encoded integer', () => {
    const values = [0, 1, 250, 251, 252, 0xffff, 0x10000, 0xffffff, 0x1000000, 2 ** 31, 2 ** 32, 2 ** 53 - 1]
    for (const value of values) assert.equal(read(lenenc(value)).lenenc('n'), value)
  })

  it('refuses 0xfb, 0xff and 2^53 as a length', () => {
    for (const payload of ['fb 00', 'ff 00']) assert.throws(() => read(bytes(payload)).lenenc('n'), MalformedPacket)
    for (const value of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      assert.throws(() => read(lenenc(value)).lenenc('n'), MalformedPacket)
      assert.equal(read(lenenc(value)).lenencBig('n'), value)
    }
  })

  it('never reads past the payload, whatever a length says', () => {
    const lengths = [0, 1, 250, 251, 0xffff, 0xffffff, 2 ** 31, 2 ** 32, 2n ** 53n, 2n ** 64n - 1n]
    for (const length of lengths) {
      for (let following = 0; following <= 9; following++) {
        const reader = read(bytes(lenenc(length), zeros(following)))
        if (length <= following) assert.equal(reader.lenencBytes('s').length, Number(length))
        else assert.throws(() => reader.lenencBytes('s'), MalformedPacket)
      }
    }
  })

  it('refuses a length-encoded integer at every truncation', () => {
    for (const value of [251, 0x10000, 0x1000000]) {
      const whole = lenenc(value)
      for (let length = 0; length < whole.length; length++) {
        const reader = read(whole.slice(0, length))
        assert.throws(() => reader.lenenc('n'), MalformedPacket)
        assert.throws(() => reader.lenencBig('n'), MalformedPacket)
        assert.equal(reader.offset, 0)
      }
    }
  })

  it('stays where it was when a length-encoded string does not fit', () => {
    const reader = read(bytes('05', text('abc')))
    assert.throws(() => reader.lenencBytes('s'), MalformedPacket)
    assert.equal(reader.offset, 0)
  })

  it('reads a string up to its NUL and insists on the NUL', () => {
    const reader = read(bytes(nul('root'), nul(''), text('x')))
    assert.deepEqual(reader.nul('a'), text('root'))
    assert.deepEqual(reader.nul('b'), zeros(0))
    assert.equal(reader.hasNul(), false)
    assert.throws(() => reader.nul('c'), MalformedPacket)
    assert.deepEqual(reader.rest(), text('x'))
    assert.deepEqual(reader.rest(), zeros(0))
  })

  it('tells NULL from an empty string', () => {
    const reader = read(bytes('fb', block('')))
    assert.equal(reader.lenencBytesOrNull('a'), null)
    assert.deepEqual(reader.lenencBytesOrNull('b'), zeros(0))
    assert.throws(() => reader.lenencBytesOrNull('c'), MalformedPacket)
  })

  it('refuses trailing bytes and another marker', () => {
    assert.throws(() => read(bytes('01')).end(), MalformedPacket)
    assert.throws(() => read(bytes('01')).marker(2, 'header'), MalformedPacket)
    assert.throws(() => read(bytes('')).marker(2, 'header'), MalformedPacket)
    const reader = read(bytes('02'))
    reader.marker(2, 'header')
    reader.end()
  })

  it('gives plain views, so that slice() copies even from a Buffer', () => {
    const received = Buffer.from('abc')
    const view = read(received).bytes(3, 's')
    assert.equal(view.constructor, Uint8Array)
    const kept = view.slice()
    received.fill(0)
    assert.deepEqual(kept, text('abc'))
  })

  it('throws MalformedPacket and nothing else on any bytes', () => {
    const method = fc.constantFrom('u8', 'u16', 'u24', 'u32', 'u64', 'lenenc', 'lenencBig', 'lenencBytes', 'nul')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.array(method), (payload, methods) => {
        const reader = read(payload)
        try {
          for (const name of methods) reader[name as 'u8'](name)
        } catch (error) {
          assert.ok(error instanceof MalformedPacket)
        }
        assert.ok(reader.offset <= payload.length)
      }),
    )
  })
})

describe('text', () => {
  it('as Latin-1 keeps every byte', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    assert.deepEqual(new Uint8Array(Buffer.from(latin1(all), 'latin1')), all)
  })

  it('as UTF-8 is read from its own bytes only', () => {
    assert.equal(utf8(bytes(text('xx'), text('ü'), int(0, 1)).subarray(2, 4)), 'ü')
  })
})
