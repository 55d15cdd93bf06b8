import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, int, lenenc, nul, text, zeros } from '../../test/support/bytes.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader } from './reader.ts'
import { PacketWriter } from './writer.ts'

const write = () => new PacketWriter(1)

describe('PacketWriter', () => {
  it('writes every fixed-length integer, little-endian', () => {
    const payload = write().u8(1).u16(0x0203).u24(0x040506).u32(0xfffefdfc).u64(0x0102030405060708n).finish()
    assert.deepEqual(payload, bytes('01 03 02 06 05 04 fc fd fe ff', int(0x0102030405060708n, 8)))
  })

  it('refuses an integer that its field would cut', () => {
    assert.throws(() => write().u8(256), ConfigurationError)
    assert.throws(() => write().u16(0x10000), ConfigurationError)
    assert.throws(() => write().u24(0x1000000), ConfigurationError)
    assert.throws(() => write().u32(2 ** 32), ConfigurationError)
    assert.throws(() => write().u64(2n ** 64n), ConfigurationError)
    assert.throws(() => write().u64(-1n), ConfigurationError)
    assert.throws(() => write().u32(-1), ConfigurationError)
    assert.throws(() => write().u8(1.5), ConfigurationError)
    assert.throws(() => write().lenenc(-1), ConfigurationError)
  })

  it('writes every length-encoded integer in the least bytes', () => {
    for (const value of [0, 250, 251, 0xffff, 0x10000, 0xffffff, 0x1000000, 2 ** 53 - 1, 2n ** 64n - 1n]) {
      assert.deepEqual(write().lenenc(value).finish(), lenenc(value))
    }
  })

  it('writes strings of each kind', () => {
    const payload = write().nulString('é').nulString(text('a')).lenencUtf8('é').latin1('é').utf8('é').zeros(2).finish()
    assert.deepEqual(payload, bytes('e9 00', nul('a'), '02 c3 a9', 'e9', 'c3 a9', zeros(2)))
  })

  it('refuses a NUL inside a string that a NUL ends, and text that is not Latin-1 where it must be', () => {
    assert.throws(() => write().nulString('root\0x'), ConfigurationError)
    assert.throws(() => write().nulString(bytes('61 00')), ConfigurationError)
    assert.throws(() => write().nulString('Ā'), ConfigurationError)
    assert.throws(() => write().latin1('漢'), ConfigurationError)
  })

  it('mirrors the reader for any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (values) => {
        const writer = write()
        for (const value of values) writer.lenencBytes(value)
        const reader = new PacketReader(writer.finish(), 'Test')
        for (const value of values) assert.deepEqual(reader.lenencBytes('value'), value)
        reader.end()
      }),
    )
  })
})
