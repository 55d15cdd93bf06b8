/** Rows of real servers: what was stored comes out, by both protocols. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { bytes, zeros } from '../../../test/support/bytes.ts'
import mariadb1011 from '../../../test/vectors/rows/mariadb-10.11.json' with { type: 'json' }
import mariadb118 from '../../../test/vectors/rows/mariadb-11.8.json' with { type: 'json' }
import mysql97 from '../../../test/vectors/rows/mysql-9.7.json' with { type: 'json' }
import { MalformedPacket } from '../../errors/errors.ts'
import { mariadbCapability } from '../../packets/capabilities.ts'
import { type ColumnDefinition, decodeColumnDefinition, fieldType } from '../../packets/column-definition.ts'
import { binaryRowDecoder, textRowDecoder } from './row-decoder.ts'

const line = bytes('00000000 01 02000000 02000000', zeros(16), '000000000000f03f 0000000000000040')
const point = bytes('00000000 01 01000000 000000000000f03f 00000000000000c0')

/** Of `SELECT *`; the rows of NULLs that each table has too are left out. */
const stored: Record<string, unknown[][]> = {
  numbers: [
    [
      ...[-128, 255, -32768, -8388608, 16777215, -2147483648, 42, -(2n ** 63n), 2n ** 64n - 1n, 42n, 2026],
      ...['-12345678901234567890.0123456789', '000012.50', 0.5, -Number.MAX_VALUE, 1.5, 2.25],
    ],
    [
      ...[127, 0, 32767, 8388607, 0, 2147483647, 0, 2n ** 63n - 1n, 2n ** 53n + 1n, 0n, 1901],
      ...['0.0000000000', '000000.00', -1024, 5e-324, -0.001, -0.25],
    ],
    [
      ...[0, 1, 0, 0, 1, 0, 4294967295, 0n, 0n, 2n ** 64n - 1n, 2155],
      ...['0.0000000001', '999999.99', 3.5, 0.1, 1234567.125, 12345.5],
    ],
    [-1, 9, -10, -11, 12, -9999999, 7, 10n ** 15n - 1n, 10n ** 15n, 1n, 0, '1.0000000000', '000001.00', 0, 1e22, 0, 0],
    [
      ...[1, 1, 1, 1, 1, 1, 1, 1n - 10n ** 15n, 10n ** 19n - 1n, 1n, 2001],
      ...['-1.0000000000', '000001.00', 16777216, 123456.789012345, 1, 1],
    ],
  ],
  texts: [
    [
      ...['abc', 'short', 'Größe', 'x', 'one', 'a,b', Buffer.from('ab\0\0'), Buffer.alloc(260, 'y')],
      ...[Buffer.of(0, 255, 128), Buffer.from('p'), 'Ω', 'b'],
    ],
    ['', '', '', '', 'très', '', Buffer.alloc(4), Buffer.alloc(0), Buffer.alloc(0), Buffer.from('q'), '', ''],
    [
      ...['äöü€😀', 'é'.repeat(40), 'sixteen letters!', 'long text '.repeat(40), 'zwei', 'a,b,ü'],
      ...[Buffer.of(255, 0, 0, 0), Buffer.of(0xfb), Buffer.alloc(300, 0xfe), null, '😀', 'seventeen letters'],
    ],
  ],
  times: [
    [
      ...['2026-02-28', '23:59:58', '-838:59:58.999', '00:00:00.000001', '2026-02-28 23:59:58'],
      ...['2026-02-28 23:59:58.9', '9999-12-31 23:59:59.999999', '2026-02-28 01:02:03', '2026-02-28 01:02:03.0407'],
    ],
    [
      ...['0000-00-00', '00:00:00', '00:00:00.000', '-00:00:00.500000', '0000-00-00 00:00:00'],
      ...['2026-02-28 00:00:00.0', '2026-02-28 00:00:00.000000', '0000-00-00 00:00:00', '2026-02-28 12:00:00.0000'],
    ],
    [
      ...['1000-01-01', '838:59:59', '100:00:00.500', '-24:00:01.000000', '2026-00-00 00:00:00'],
      ...['2026-02-28 00:00:00.1', '2026-02-28 00:00:00.100000', '1970-01-01 00:00:01', '2038-01-19 03:14:07.9999'],
    ],
  ],
  others: [
    [
      Buffer.of(1),
      Buffer.of(8, 0, 1),
      '{"a": [1, 2.50, "ü", null], "big": 12345678901234567890}',
      Buffer.from(line),
      Buffer.from(point),
    ],
    [Buffer.of(0), Buffer.of(0, 0, 0), '"x"', null, null],
  ],
}

type Recording = typeof mysql97

for (const recording of [mysql97, mariadb1011, mariadb118]) {
  describe(`rows of ${recording.server}`, () => {
    const recorded = decoded(recording)

    for (const [table, rows] of Object.entries(stored)) {
      it(`are what was stored in ${table}`, () => {
        const { columns, binary, decodeBinary } = find(recorded, `SELECT * FROM ${table}`)
        const values = binary.map((payload) => decodeBinary(payload) as unknown[])
        const notOnlyNulls = values.filter((row) => row.some((value) => value !== null))
        assert.equal(notOnlyNulls.length, values.length - 1)
        assert.deepEqual(
          notOnlyNulls.map((row) => row.map((value, i) => canonical(columns[i], value))),
          rows.map((row) => row.map((value, i) => canonical(columns[i], value))),
        )
      })
    }

    it('have the same values by both protocols', () => {
      for (const { columns, text, binary, decodeText, decodeBinary } of recorded) {
        assert.equal(text.length, binary.length)
        for (const [i, payload] of text.entries()) {
          const byText = (decodeText(payload) as unknown[]).map((value, column) => printed(columns[column], value))
          const byBinary = decodeBinary(binary[i] as Buffer) as unknown[]
          assert.deepEqual(
            byText,
            byBinary.map((value, column) => printed(columns[column], value)),
          )
        }
      }
    })

    it('are refused at every truncation, and with a byte too many', () => {
      for (const { text, binary, decodeText, decodeBinary } of recorded) {
        for (const [payloads, decode] of [
          [text, decodeText],
          [binary, decodeBinary],
        ] as const) {
          for (const payload of payloads) {
            for (let length = 0; length < payload.length; length++) {
              assert.throws(() => decode(payload.subarray(0, length)), MalformedPacket)
            }
            assert.throws(() => decode(Buffer.concat([payload, Buffer.of(0)])), MalformedPacket)
          }
        }
      }
    })

    it('name the columns as the server does', () => {
      const { columns, text } = find(recorded, 'dup')
      const row = textRowDecoder(columns)(text[0] as Buffer)
      assert.deepEqual(Object.keys(row).slice(0, 3), ['1', "JSON_OBJECT('a', 1)", "JSON_EXTRACT('[1, 2]', '$[0]')"])
      assert.equal(Number((row as Record<string, unknown>).dup), 4)
    })

    it('give JSON parsed on demand', () => {
      const { columns, text, binary } = find(recorded, 'SELECT * FROM others')
      const json = { a: [1, 2.5, 'ü', null], big: Number('12345678901234567890') }
      const options = { json: 'parsed' } as const
      for (const row of [
        textRowDecoder(columns, options)(text[0] as Buffer),
        binaryRowDecoder(columns, options)(binary[0] as Buffer),
      ]) {
        assert.deepEqual((row as Record<string, unknown>).j, json)
      }
    })
  })
}

describe('vectors', () => {
  const decode = (recording: Recording) => {
    const { columns, text } = find(decoded(recording), 'FROM vectors')
    return (textRowDecoder(columns, { rowsAs: 'array' })(text[0] as Buffer) as unknown[])[0]
  }

  it('of MySQL are floats', () => {
    assert.deepEqual(decode(mysql97), Float32Array.of(1, -2.5, 0.1))
  })

  it('of MariaDB 11.8, which does not say that it has any, are bytes', () => {
    assert.deepEqual(decode(mariadb118), Buffer.from(Float32Array.of(1, -2.5, 0.1).buffer))
  })
})

function decoded({ extendedMetadata, results }: Recording) {
  const capabilities = extendedMetadata ? mariadbCapability.EXTENDED_METADATA : 0
  const payloads = (rows: readonly string[]) => rows.map((hex) => Buffer.from(hex, 'hex'))
  return results.map((result) => {
    const columns = payloads(result.columns).map((payload) => decodeColumnDefinition(payload, capabilities))
    return {
      statement: result.statement,
      columns,
      text: payloads(result.textRows),
      binary: payloads(result.binaryRows),
      decodeText: textRowDecoder(columns, { rowsAs: 'array' }),
      decodeBinary: binaryRowDecoder(columns, { rowsAs: 'array' }),
    }
  })
}

function find(results: ReturnType<typeof decoded>, part: string) {
  const found = results.find(({ statement }) => statement.includes(part))
  assert.ok(found, `no statement with ${part}`)
  return found
}

/** MariaDB keeps a JSON document as it was written, MySQL does not. */
function canonical(column: ColumnDefinition | undefined, value: unknown): unknown {
  return column?.name === 'j' && typeof value === 'string' ? value.replace('2.50', '2.5') : printed(column, value)
}

/** What the text protocol prints of a number with a fixed number of decimals, or of six digits in a FLOAT. */
function printed(column: ColumnDefinition | undefined, value: unknown): unknown {
  if (typeof value !== 'number' || column === undefined) return value
  if (column.type === fieldType.FLOAT && column.decimals === 31) return Number(value.toPrecision(6))
  if (column.type === fieldType.DOUBLE && column.decimals < 31) return Number(value.toFixed(column.decimals))
  return value
}
