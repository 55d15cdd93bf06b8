import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { block, bytes, int, text, zeros } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { ConfigurationError, MalformedPacket } from '../errors/errors.ts'
import { decodeBinaryRow, encodeBinaryRow } from './binary-row.ts'
import type { Value } from './binary-value.ts'
import { columnFlag, fieldType } from './column-definition.ts'

function codec(columns: { type: number; flags: number }[]) {
  return {
    encode: (values: Value[]) => encodeBinaryRow(values, columns),
    decode: (payload: Uint8Array) => decodeBinaryRow(payload, columns),
  }
}

const signed = (type: number) => ({ type, flags: 0 })
const unsigned = (type: number) => ({ type, flags: columnFlag.UNSIGNED })

testCodec('BinaryRow of numbers', {
  packet: [-1, 255, -2, 0xffff, 2026, -3, 0xffffffff, -8388608, -4n, 2n ** 64n - 1n, 0.5, -0.1],
  payload: bytes(
    '00 00 00',
    'ff',
    'ff',
    'fe ff',
    'ff ff',
    int(2026, 2),
    'fd ff ff ff',
    'ff ff ff ff',
    '00 00 80 ff',
    'fc ff ff ff ff ff ff ff',
    'ff ff ff ff ff ff ff ff',
    '00 00 00 3f',
    '9a 99 99 99 99 99 b9 bf',
  ),
  ...codec([
    signed(fieldType.TINY),
    unsigned(fieldType.TINY),
    signed(fieldType.SHORT),
    unsigned(fieldType.SHORT),
    unsigned(fieldType.YEAR),
    signed(fieldType.LONG),
    unsigned(fieldType.LONG),
    signed(fieldType.INT24),
    signed(fieldType.LONGLONG),
    unsigned(fieldType.LONGLONG),
    signed(fieldType.FLOAT),
    signed(fieldType.DOUBLE),
  ]),
})

testCodec('BinaryRow of bytes and NULLs', {
  packet: [text('a'), null, text(''), null, null, null, null, null, text('b'.repeat(300))],
  // The bitmap starts at its third bit: columns 1 and 3 to 7 are bits 3 and 5 to 9.
  payload: bytes('00 e8 03', block('a'), block(''), block('b'.repeat(300))),
  ...codec(Array.from({ length: 9 }, () => signed(fieldType.VAR_STRING))),
})

testCodec('BinaryRow of dates and times', {
  packet: [
    '0000-00-00',
    '2026-02-28',
    '0000-00-00 00:00:00',
    '2026-02-28 00:00:00',
    '2026-02-28 23:59:58',
    '2026-02-28 23:59:58.000007',
    '00:00:00',
    '-838:59:58',
    '23:00:01.500000',
  ],
  payload: bytes(
    '00 00 00',
    '00',
    '04 ea 07 02 1c',
    '00',
    '04 ea 07 02 1c',
    '07 ea 07 02 1c 17 3b 3a',
    '0b ea 07 02 1c 17 3b 3a 07 00 00 00',
    '00',
    '08 01 22 00 00 00 16 3b 3a',
    '0c 00 00 00 00 00 17 00 01',
    int(500000, 4),
  ),
  ...codec([
    signed(fieldType.DATE),
    signed(fieldType.DATE),
    signed(fieldType.DATETIME),
    signed(fieldType.TIMESTAMP),
    signed(fieldType.DATETIME),
    signed(fieldType.DATETIME),
    signed(fieldType.TIME),
    signed(fieldType.TIME),
    signed(fieldType.TIME),
  ]),
})

describe('BinaryRow', () => {
  it('of no columns is its header and an empty bitmap', () => {
    assert.deepEqual(encodeBinaryRow([], []), bytes('00 00'))
  })

  it('mirrors any number of NULLs among bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 3 }))), (values) => {
        const columns = values.map(() => signed(fieldType.BLOB))
        assert.deepEqual(decodeBinaryRow(encodeBinaryRow(values, columns), columns), values)
      }),
    )
  })

  it('mirrors any time between the limits of MySQL', () => {
    const [two, six] = [2, 6].map((width) => (n: number) => String(n).padStart(width, '0')) as [
      (n: number) => string,
      (n: number) => string,
    ]
    const time = fc
      .tuple(fc.nat(838), fc.nat(59), fc.nat(59), fc.option(fc.integer({ min: 1, max: 999_999 })))
      .map(([h, m, s, micros]) => `${two(h)}:${two(m)}:${two(s)}${micros === null ? '' : `.${six(micros)}`}`)
    fc.assert(
      fc.property(time, (text) => {
        const columns = [signed(fieldType.TIME)]
        assert.deepEqual(decodeBinaryRow(encodeBinaryRow([text], columns), columns), [text])
      }),
    )
  })

  it('takes fractions shorter than microseconds, and strings as UTF-8', () => {
    const columns = [signed(fieldType.DATETIME), signed(fieldType.JSON), signed(fieldType.LONGLONG)]
    const row = decodeBinaryRow(encodeBinaryRow(['2026-02-28T01:02:03.5', '"ü"', 7], columns), columns)
    assert.deepEqual(row, ['2026-02-28 01:02:03.500000', text('"ü"'), 7n])
  })

  const unsuitable: [string, Value, number, number][] = [
    ['a number above its column', 128, fieldType.TINY, 0],
    ['a negative number in an unsigned column', -1, fieldType.LONG, columnFlag.UNSIGNED],
    ['a number above 64 bits', 2n ** 64n, fieldType.LONGLONG, columnFlag.UNSIGNED],
    ['a fraction in an integer column', 1.5, fieldType.LONG, 0],
    ['text in an integer column', '1', fieldType.LONG, 0],
    ['a number in a text column', 1, fieldType.VAR_STRING, 0],
    ['a bigint in a DOUBLE', 1n, fieldType.DOUBLE, 0],
    ['a date that is none', 'yesterday', fieldType.DATE, 0],
    ['a time that is none', '1:2', fieldType.TIME, 0],
    ['a type that is none', 1, 200, 0],
  ]
  for (const [what, value, type, flags] of unsuitable) {
    it(`refuses to write ${what}`, () => {
      assert.throws(() => encodeBinaryRow([value], [{ type, flags }]), ConfigurationError)
    })
  }

  it('refuses to write a row of another length', () => {
    assert.throws(() => encodeBinaryRow([1], []), ConfigurationError)
  })

  const malformed: [string, Uint8Array, number][] = [
    ['another header', bytes('fe 00 00'), fieldType.TINY],
    ['trailing bytes', bytes('00 00 00 00'), fieldType.TINY],
    ['a date of 5 bytes', bytes('00 00 05', zeros(5)), fieldType.DATE],
    ['a time of 7 bytes', bytes('00 00 07', zeros(7)), fieldType.TIME],
    ['a type that is none', bytes('00 00 00'), 200],
  ]
  for (const [what, payload, type] of malformed) {
    it(`refuses to read ${what}`, () => {
      assert.throws(() => decodeBinaryRow(payload, [signed(type)]), MalformedPacket)
    })
  }
})
