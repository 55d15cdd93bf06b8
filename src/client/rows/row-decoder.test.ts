import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { block, bytes, text, zeros } from '../../../test/support/bytes.ts'
import { MalformedPacket } from '../../errors/errors.ts'
import { decodeBinaryRow, encodeBinaryRow } from '../../packets/binary-row.ts'
import type { Value } from '../../packets/binary-value.ts'
import { columnFlag, fieldType } from '../../packets/column-definition.ts'
import { decodeTextRow, encodeTextRow } from '../../packets/text-row.ts'
import type { RowOptions } from '../result.ts'
import { binaryRowDecoder, type RowColumn, textRowDecoder } from './row-decoder.ts'

const utf8mb4 = 255
const binary = 63

function column(type: number, about: Partial<RowColumn> = {}): RowColumn {
  return { name: 'c', type, flags: 0, collationId: binary, decimals: 0, ...about }
}

const unsigned = { flags: columnFlag.UNSIGNED }

function textValue(about: RowColumn, printed: string | Uint8Array, options: RowOptions = {}): unknown {
  return (textRowDecoder([about], { ...options, rowsAs: 'array' })(encodeTextRow([printed])) as unknown[])[0]
}

function binaryValue(about: RowColumn, payload: Uint8Array, options: RowOptions = {}): unknown {
  return (binaryRowDecoder([about], { ...options, rowsAs: 'array' })(bytes('00 00', payload)) as unknown[])[0]
}

const twoDigits = (n: number) => String(n).padStart(2, '0')
const clock = fc
  .tuple(fc.nat(59), fc.nat(59), fc.option(fc.nat(999_999)))
  .map(
    ([m, s, micros]) =>
      `:${twoDigits(m)}:${twoDigits(s)}${micros === null ? '' : `.${String(micros).padStart(6, '0')}`}`,
  )
const date = fc
  .tuple(fc.nat(9999), fc.nat(12), fc.nat(31))
  .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${twoDigits(m)}-${twoDigits(d)}`)
const float = fc.float({ noNaN: true, noDefaultInfinity: true })
const double = fc.double({ noNaN: true, noDefaultInfinity: true })
const unicode = fc.string({ unit: 'binary', maxLength: 40 })

/** Values that both protocols can carry, as the codec of `packets/` takes them, and as the caller shall get them. */
const cells = fc.oneof(
  cell(column(fieldType.TINY), fc.integer({ min: -128, max: 127 })),
  cell(column(fieldType.TINY, unsigned), fc.nat(255)),
  cell(column(fieldType.SHORT), fc.integer({ min: -0x8000, max: 0x7fff })),
  cell(column(fieldType.SHORT, unsigned), fc.nat(0xffff)),
  cell(column(fieldType.YEAR, unsigned), fc.integer({ min: 1901, max: 2155 })),
  cell(column(fieldType.INT24), fc.integer({ min: -0x800000, max: 0x7fffff })),
  cell(column(fieldType.LONG), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  cell(column(fieldType.LONG, unsigned), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  cell(column(fieldType.LONGLONG), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  cell(column(fieldType.LONGLONG, unsigned), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  cell(column(fieldType.FLOAT, { decimals: 31 }), float),
  cell(column(fieldType.DOUBLE, { decimals: 31 }), double),
  cell(
    column(fieldType.DOUBLE, { decimals: 31 }),
    fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((n) => n / 1000),
  ),
  cell(column(fieldType.NEWDECIMAL), fc.stringMatching(/^-?\d{1,40}\.\d{1,20}$/)),
  cell(column(fieldType.DATE), date),
  cell(
    column(fieldType.DATETIME, { decimals: 6 }),
    fc.tuple(date, fc.nat(23), clock).map(([d, h, c]) => sixDigits(`${d} ${twoDigits(h)}${c}`)),
  ),
  cell(
    column(fieldType.TIME, { decimals: 6 }),
    fc.tuple(fc.nat(838), clock).map(([h, c]) => sixDigits(`${twoDigits(h)}${c}`)),
  ),
  cell(column(fieldType.VAR_STRING, { collationId: utf8mb4 }), unicode),
  cell(column(fieldType.BLOB), fc.uint8Array({ maxLength: 300 }), (value) => Buffer.from(value)),
  cell(column(fieldType.BIT), fc.uint8Array({ maxLength: 8 }), (value) => Buffer.from(value)),
  cell(column(fieldType.JSON), fc.json()),
)

function cell<V extends Value>(
  about: RowColumn,
  values: fc.Arbitrary<V>,
  shown: (value: V) => unknown = (value) => value,
) {
  return values.map((value) => ({ about, value: value as Value, expected: shown(value) }))
}

function sixDigits(printed: string): string {
  return printed.includes('.') ? printed : `${printed}.000000`
}

describe('rows of both protocols', () => {
  it('hold what the codecs of packets wrote, in any company', () => {
    fc.assert(
      fc.property(fc.array(fc.option(cells), { maxLength: 20 }), (row) => {
        const columns = row.map((entry) => entry?.about ?? column(fieldType.LONG))
        const values = row.map((entry) => entry?.value ?? null)
        const expected = row.map((entry) => entry?.expected ?? null)
        const printed = values.map((value) =>
          typeof value === 'number' || typeof value === 'bigint' ? print(value) : value,
        )
        const asText = Buffer.from(encodeTextRow(printed))
        const asBinary = Buffer.from(encodeBinaryRow(values, columns))
        const rows = [
          textRowDecoder(columns, { rowsAs: 'array' })(asText),
          binaryRowDecoder(columns, { rowsAs: 'array' })(asBinary),
        ]
        // A value that is a view would change now.
        asText.fill(0xee)
        asBinary.fill(0xee)
        assert.deepEqual(rows, [expected, expected])
      }),
    )
  })

  it('are refused exactly when the codecs of packets refuse them', () => {
    const columns = [fieldType.BLOB, fieldType.BIT, fieldType.VAR_STRING].map((type) => column(type))
    const numbers = [fieldType.TINY, fieldType.LONGLONG, fieldType.DOUBLE, fieldType.GEOMETRY].map((type) =>
      column(type),
    )
    const likely = fc.oneof(fc.constantFrom(0, 1, 2, 3, 0xfb, 0xfc, 0xfd, 0xfe, 0xff), fc.nat(255))
    fc.assert(
      fc.property(fc.array(likely, { maxLength: 24 }), (raw) => {
        const payload = Uint8Array.from(raw)
        const pairs = [
          [() => textRowDecoder(columns)(payload), () => decodeTextRow(payload, columns.length)],
          [() => binaryRowDecoder(columns)(payload), () => decodeBinaryRow(payload, columns)],
          [() => binaryRowDecoder(numbers)(payload), () => decodeBinaryRow(payload, numbers)],
        ] as const
        for (const [ours, codec] of pairs) assert.equal(refuses(ours), refuses(codec))
      }),
      { numRuns: 2000 },
    )
  })

  it('fail in no other way than MalformedPacket, whatever the bytes', () => {
    const columns = Object.values(fieldType).map((type) => column(type, { decimals: 3 }))
    fc.assert(
      fc.property(fc.shuffledSubarray(columns), fc.uint8Array({ maxLength: 60 }), (some, payload) => {
        const options = { json: 'parsed' } as const
        refuses(() => textRowDecoder(some, options)(payload))
        refuses(() => binaryRowDecoder(some, options)(payload))
        refuses(() => binaryRowDecoder(some, options)(bytes(zeros(1 + ((some.length + 9) >> 3)), payload)))
      }),
      { numRuns: 1000 },
    )
  })

  it('may lie amid other bytes', () => {
    const columns = [column(fieldType.LONG), column(fieldType.VAR_STRING, { collationId: utf8mb4, name: 'd' })]
    const asText = encodeTextRow(['12', 'drei'])
    const asBinary = encodeBinaryRow([12, 'drei'], columns)
    const expected = { c: 12, d: 'drei' }
    assert.deepEqual(textRowDecoder(columns)(bytes('0134', asText, '35'), 2, 2 + asText.length), expected)
    assert.deepEqual(binaryRowDecoder(columns)(bytes('0134', asBinary, '35'), 2, 2 + asBinary.length), expected)
    assert.throws(() => textRowDecoder(columns)(bytes('0134', asText, '35'), 2, 1 + asText.length), MalformedPacket)
    assert.throws(
      () => binaryRowDecoder(columns)(bytes('0134', asBinary, '35'), 2, 1 + asBinary.length),
      MalformedPacket,
    )
  })

  it('take lengths of every width', () => {
    for (const length of [0, 250, 251, 0xffff, 0x10000, 0xffffff, 0x1000000]) {
      const value = Buffer.alloc(length, 'x')
      assert.deepEqual(textValue(column(fieldType.BLOB), value), value)
      assert.deepEqual(binaryValue(column(fieldType.BLOB), block(value)), value)
    }
  })

  it('refuse a length above the row without reading it', () => {
    const blob = column(fieldType.BLOB)
    for (const length of ['05 00', 'fc ff ff', 'fd 01 00 00', 'fe ff ff ff ff ff ff ff ff', 'fc 01', 'fe 01 00']) {
      assert.throws(() => textRowDecoder([blob])(bytes(length)), MalformedPacket, length)
      assert.throws(() => binaryRowDecoder([blob])(bytes('00 00', length)), MalformedPacket, length)
    }
  })

  it('refuse the markers that start no length', () => {
    const blob = column(fieldType.BLOB)
    assert.throws(() => textRowDecoder([blob])(bytes('ff', zeros(8))), MalformedPacket)
    assert.throws(() => binaryRowDecoder([blob])(bytes('00 00 ff', zeros(8))), MalformedPacket)
    assert.throws(() => binaryRowDecoder([blob])(bytes('00 00 fb', zeros(8))), MalformedPacket)
  })

  it('of no columns are empty', () => {
    assert.deepEqual(textRowDecoder([])(bytes('')), {})
    assert.deepEqual(binaryRowDecoder([], { rowsAs: 'array' })(bytes('00 00')), [])
  })
})

describe('a row by column name', () => {
  const named = (...names: string[]) =>
    textRowDecoder(names.map((name) => column(fieldType.BLOB, { name, collationId: utf8mb4 })))

  it('has a column called __proto__ as its own property, and the prototype of any object', () => {
    const row = named('__proto__', 'constructor')(encodeTextRow(['a', 'b']))
    assert.deepEqual(Object.entries(row), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    assert.equal(Object.getPrototypeOf(row), Object.prototype)
  })

  it('keeps the last of columns with the same name, also when it is NULL', () => {
    assert.deepEqual(named('a', 'a')(encodeTextRow(['1', '2'])), { a: '2' })
    assert.deepEqual(named('a', 'a')(encodeTextRow(['1', null])), { a: null })
    const columns = [column(fieldType.TINY), column(fieldType.TINY)]
    assert.deepEqual(binaryRowDecoder(columns)(encodeBinaryRow([1, null], columns)), { c: null })
  })

  it('takes any name', () => {
    const names = ['1', '', '"', '\\', '\n', 'größe', '\u2028', '😀']
    assert.deepEqual(named(...names)(encodeTextRow(names)), Object.fromEntries(names.map((name) => [name, name])))
  })

  it('has nothing of the row before', () => {
    const decode = named('a', 'b')
    const first = decode(encodeTextRow(['1', '2']))
    assert.deepEqual(decode(encodeTextRow([null, null])), { a: null, b: null })
    assert.deepEqual(first, { a: '1', b: '2' })
  })
})

describe('values', () => {
  it('of BIGINT are numbers on demand where that is exact', () => {
    const signed = column(fieldType.LONGLONG)
    const digits: [string, unknown][] = [
      ['9007199254740991', 9007199254740991],
      ['-9007199254740991', -9007199254740991],
      ['9007199254740992', 9007199254740992n],
      ['-9007199254740993', -9007199254740993n],
      ['-1', -1],
    ]
    for (const [printed, expected] of digits) {
      assert.equal(textValue(signed, printed, { bigint: 'number' }), expected)
      assert.equal(
        binaryValue(signed, encodeBinaryRow([BigInt(printed)], [signed]).subarray(2), { bigint: 'number' }),
        expected,
      )
    }
    const most = column(fieldType.LONGLONG, unsigned)
    assert.equal(binaryValue(most, bytes('ff ff ff ff ff ff ff ff'), { bigint: 'number' }), 2n ** 64n - 1n)
  })

  it('of BIGINT are digits on demand, without the zeros of ZEROFILL', () => {
    const zerofill = column(fieldType.LONGLONG, { flags: columnFlag.UNSIGNED | columnFlag.ZEROFILL })
    assert.equal(textValue(zerofill, '00000000000000000042', { bigint: 'string' }), '42')
    assert.equal(textValue(zerofill, '18446744073709551615', { bigint: 'string' }), '18446744073709551615')
    assert.equal(binaryValue(zerofill, bytes('2a', zeros(7)), { bigint: 'string' }), '42')
    assert.equal(textValue(zerofill, '0'.repeat(255)), 0n)
  })

  it('of a DOUBLE are the very number, however it is printed', () => {
    for (const printed of [
      '-0',
      '12.',
      '1e22',
      '1e-7',
      '0.1',
      '123456789012.345',
      '0.3000000000000000444',
      '9007199254740993',
    ]) {
      assert.ok(Object.is(textValue(column(fieldType.DOUBLE), printed), Number(printed)), printed)
    }
  })

  it('of a temporal column have its digits of a second, and more when there are more', () => {
    const dateTime = (decimals: number) => column(fieldType.DATETIME, { decimals })
    const noFraction = bytes('07 ea 07 02 1c 17 3b 3a')
    const half = bytes('0b ea 07 02 1c 17 3b 3a 20 a1 07 00')
    assert.equal(binaryValue(dateTime(0), noFraction), '2026-02-28 23:59:58')
    assert.equal(binaryValue(dateTime(3), noFraction), '2026-02-28 23:59:58.000')
    assert.equal(binaryValue(dateTime(3), half), '2026-02-28 23:59:58.500')
    assert.equal(binaryValue(dateTime(0), half), '2026-02-28 23:59:58.500000')
    assert.equal(binaryValue(dateTime(31), half), '2026-02-28 23:59:58.500000')
    assert.equal(binaryValue(dateTime(39), noFraction), '2026-02-28 23:59:58')
  })

  it('of a vector are floats wherever they lie', () => {
    const floats = Float32Array.of(1, -2.5)
    const raw = new Uint8Array(floats.buffer)
    const mariadb = column(fieldType.VAR_STRING, { extendedMetadata: [{ kind: 0, value: 'vector' }] })
    for (const about of [column(fieldType.VECTOR), mariadb]) {
      assert.deepEqual(textValue(about, raw), floats)
      assert.deepEqual(binaryValue(about, block(raw)), floats)
      assert.throws(() => textValue(about, raw.subarray(1)), MalformedPacket)
    }
  })

  it('of an unknown type are read from the text protocol alone', () => {
    assert.equal(textValue(column(200, { collationId: utf8mb4 }), 'new'), 'new')
    assert.throws(() => binaryValue(column(200), block('new')), MalformedPacket)
  })

  const unfit: [string, RowColumn, string][] = [
    ['an INT without digits', column(fieldType.LONG), ''],
    ['an INT that is a sign', column(fieldType.LONG), '-'],
    ['an INT with a fraction', column(fieldType.LONG), '1.5'],
    ['an INT above any integer', column(fieldType.LONG), '9007199254740992'],
    ['a BIGINT with a letter', column(fieldType.LONGLONG), '1234567890123456x'],
    ['a BIGINT with a sign amid its digits', column(fieldType.LONGLONG), '12345678901-34567'],
    ['a BIGINT above 64 bits', column(fieldType.LONGLONG), '18446744073709551616'],
    ['a BIGINT below 64 bits', column(fieldType.LONGLONG), '-9223372036854775809'],
    ['a BIGINT of 21 digits', column(fieldType.LONGLONG), '100000000000000000000'],
    ['a DOUBLE without digits', column(fieldType.DOUBLE), ''],
    ['a DOUBLE that is a point', column(fieldType.DOUBLE), '.'],
    ['a DOUBLE with two points', column(fieldType.DOUBLE), '1.2.3'],
    ['a DOUBLE in hexadecimal', column(fieldType.DOUBLE), '0x10'],
    ['a DOUBLE that is infinite', column(fieldType.DOUBLE), '1e999'],
    ['a DOUBLE that is a word', column(fieldType.DOUBLE), 'Infinity'],
  ]
  for (const [what, about, printed] of unfit) {
    it(`refuse ${what}`, () => assert.throws(() => textValue(about, printed), MalformedPacket))
  }

  const unprintable: [string, number, Uint8Array][] = [
    ['a date of 5 bytes', fieldType.DATE, bytes('05', zeros(5))],
    ['a time of 7 bytes', fieldType.TIME, bytes('07', zeros(7))],
    ['a month of three digits', fieldType.DATE, bytes('04 ea 07 64 01')],
    ['a year of five digits', fieldType.DATETIME, bytes('04 10 27 01 01')],
    ['a minute of three digits', fieldType.TIME, bytes('08 00', zeros(5), '64 00')],
    ['a million microseconds', fieldType.TIME, bytes('0c 00', zeros(7), '40 42 0f 00')],
  ]
  for (const [what, type, payload] of unprintable) {
    it(`refuse ${what}`, () => assert.throws(() => binaryValue(column(type), payload), MalformedPacket))
  }

  it('are in no error', () => {
    const failures: [RowColumn, string][] = [
      [column(fieldType.JSON), '{"secret": hunter2}'],
      [column(fieldType.LONG), 'hunter2'],
      [column(fieldType.DOUBLE), 'hunter2'],
      [column(fieldType.LONGLONG), 'hunter2'.repeat(3)],
    ]
    for (const [about, printed] of failures) {
      assert.throws(
        () => textValue(about, printed, { json: 'parsed' }),
        (error) =>
          error instanceof MalformedPacket &&
          error.cause === undefined &&
          !JSON.stringify({ ...error, message: error.message }).includes('hunter'),
      )
    }
  })

  it('of text that is not UTF-8 have U+FFFD, short or long', () => {
    const about = column(fieldType.VAR_STRING, { collationId: utf8mb4 })
    assert.equal(textValue(about, bytes(text('a'), 'ff')), 'a\ufffd')
    assert.equal(textValue(about, bytes(text('a'.repeat(30)), 'ff')), `${'a'.repeat(30)}\ufffd`)
  })
})

/** As MySQL prints a number: JS writes an exponent with a plus. */
function print(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e')
}

/** Whether it throws `MalformedPacket`; anything else that it throws is thrown. */
function refuses(decode: () => unknown): boolean {
  try {
    decode()
    return false
  } catch (error) {
    if (error instanceof MalformedPacket) return true
    throw error
  }
}
