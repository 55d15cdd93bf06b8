/**
 * Every type of MySQL and MariaDB through our client: what a column holds comes back without loss, by the text and by the binary
 * protocol, and what a caller hands over comes back as it went.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import type { RowOptions } from '../../src/client/result.ts'
import type { ServerOfClient } from './our-connection.ts'

/** A type, and what comes back of each literal; a value by its own, where servers differ. */
type Column = readonly [type: string, values: readonly (readonly [literal: string, value: unknown])[]]

const columns: readonly Column[] = [
  [
    'TINYINT',
    [
      ['-128', -128],
      ['127', 127],
    ],
  ],
  ['TINYINT UNSIGNED', [['255', 255]]],
  [
    'BOOLEAN',
    [
      ['TRUE', 1],
      ['FALSE', 0],
    ],
  ],
  ['SMALLINT', [['-32768', -32_768]]],
  ['SMALLINT UNSIGNED', [['65535', 65_535]]],
  [
    'MEDIUMINT',
    [
      ['-8388608', -8_388_608],
      ['8388607', 8_388_607],
    ],
  ],
  ['MEDIUMINT UNSIGNED', [['16777215', 16_777_215]]],
  [
    'INT',
    [
      ['-2147483648', -2_147_483_648],
      ['0', 0],
    ],
  ],
  ['INT UNSIGNED', [['4294967295', 4_294_967_295]]],
  ['INT(8) ZEROFILL', [['42', 42]]],
  [
    'BIGINT',
    [
      ['-9223372036854775808', -(2n ** 63n)],
      ['9223372036854775807', 2n ** 63n - 1n],
      ['0', 0n],
    ],
  ],
  [
    'BIGINT UNSIGNED',
    [
      ['18446744073709551615', 2n ** 64n - 1n],
      ['9007199254740993', 9007199254740993n],
    ],
  ],
  ['BIGINT(20) ZEROFILL', [['1', 1n]]],
  [
    'DECIMAL(65,30)',
    [
      [`${'9'.repeat(35)}.${'9'.repeat(30)}`, `${'9'.repeat(35)}.${'9'.repeat(30)}`],
      [`-0.${'0'.repeat(29)}1`, `-0.${'0'.repeat(29)}1`],
      ['1', `1.${'0'.repeat(30)}`],
    ],
  ],
  [
    'DECIMAL(65,0)',
    [
      ['9'.repeat(65), '9'.repeat(65)],
      [`-${'9'.repeat(65)}`, `-${'9'.repeat(65)}`],
    ],
  ],
  [
    'FLOAT',
    [
      ['1.5', 1.5],
      ['-0.25', -0.25],
      ['65536', 65_536],
      ['0', 0],
    ],
  ],
  [
    'DOUBLE',
    [
      ['0.1', 0.1],
      ['1.7976931348623157e308', Number.MAX_VALUE],
      ['-2.2250738585072014e-308', -2.2250738585072014e-308],
      ['123456789.123456', 123456789.123456],
    ],
  ],
  [
    'DATE',
    [
      ["'2026-03-04'", '2026-03-04'],
      ["'0000-00-00'", '0000-00-00'],
      ["'2026-00-00'", '2026-00-00'],
      ["'9999-12-31'", '9999-12-31'],
    ],
  ],
  [
    'TIME',
    [
      ["'00:00:00'", '00:00:00'],
      ["'-838:59:59'", '-838:59:59'],
      ["'838:59:59'", '838:59:59'],
      ["'-00:00:01'", '-00:00:01'],
    ],
  ],
  [
    'TIME(3)',
    [
      ["'-01:02:03.004'", '-01:02:03.004'],
      ["'00:00:00'", '00:00:00.000'],
    ],
  ],
  [
    'TIME(6)',
    [
      ["'-00:00:00.000001'", '-00:00:00.000001'],
      ["'99:00:00.5'", '99:00:00.500000'],
    ],
  ],
  [
    'DATETIME',
    [
      ["'2026-03-04 05:06:07'", '2026-03-04 05:06:07'],
      ["'0000-00-00 00:00:00'", '0000-00-00 00:00:00'],
      ["'2026-03-04'", '2026-03-04 00:00:00'],
    ],
  ],
  [
    'DATETIME(6)',
    [
      ["'2026-03-04 05:06:07.000008'", '2026-03-04 05:06:07.000008'],
      ["'2026-03-04'", '2026-03-04 00:00:00.000000'],
      ["'0000-00-00'", '0000-00-00 00:00:00.000000'],
    ],
  ],
  [
    'TIMESTAMP(2)',
    [
      ["'2026-03-04 05:06:07.89'", '2026-03-04 05:06:07.89'],
      ["'0000-00-00'", '0000-00-00 00:00:00.00'],
    ],
  ],
  [
    'YEAR',
    [
      ['1901', 1901],
      ['0', 0],
      ['2155', 2155],
    ],
  ],
  [
    'CHAR(10)',
    [
      ["'a'", 'a'],
      ["''", ''],
    ],
  ],
  ['VARCHAR(200) CHARACTER SET utf8mb4', [["'Grüße 🎉 \\\\ \\' \\0 \\n'", "Grüße 🎉 \\ ' \0 \n"]]],
  ['VARCHAR(10) CHARACTER SET latin1', [["'Grüße €'", 'Grüße €']]],
  ['VARCHAR(10) CHARACTER SET utf16', [["'Grüße 🎉'", 'Grüße 🎉']]],
  ['LONGTEXT CHARACTER SET utf8mb4', [["REPEAT('ß', 70000)", 'ß'.repeat(70_000)]]],
  ["ENUM('one','zwölf')", [["'zwölf'", 'zwölf']]],
  [
    "SET('a','b','c')",
    [
      ["'c,a'", 'a,c'],
      ["''", ''],
    ],
  ],
  ['BINARY(4)', [["x'00ff27'", Buffer.from('00ff2700', 'hex')]]],
  [
    'VARBINARY(10)',
    [
      ["x'00ff275c'", Buffer.from('00ff275c', 'hex')],
      ["''", Buffer.alloc(0)],
    ],
  ],
  ['BLOB', [["REPEAT(x'fe', 300)", Buffer.alloc(300, 0xfe)]]],
  ['LONGBLOB', [["REPEAT(x'fb', 70000)", Buffer.alloc(70_000, 0xfb)]]],
  [
    'GEOMETRY',
    [["ST_GeomFromText('POINT(1 2)')", Buffer.from('000000000101000000000000000000f03f0000000000000040', 'hex')]],
  ],
]

const bits: readonly Column[] = Array.from({ length: 64 }, (_, i) => {
  const width = i + 1
  const ones = Buffer.alloc(Math.ceil(width / 8))
  ones.writeUInt8(0xff >> (ones.length * 8 - width))
  ones.fill(0xff, 1)
  const one = Buffer.alloc(ones.length)
  one[one.length - 1] = 1
  return [
    `BIT(${width})`,
    [
      [`b'${'1'.repeat(width)}'`, ones],
      ['1', one],
    ],
  ] as const
})

/** What servers write in their own way. */
const ownColumns: Readonly<Record<ServerOfClient['product'], readonly Column[]>> = {
  MySQL: [
    [
      'JSON',
      [
        [`'{"b":1.50,"a":[18446744073709551615,null,"🎉"]}'`, '{"a": [18446744073709551615, null, "🎉"], "b": 1.5}'],
        ["'null'", 'null'],
      ],
    ],
    ['VECTOR(3)', [["STRING_TO_VECTOR('[1,-2.5,3e10]')", Float32Array.of(1, -2.5, 3e10)]]],
  ],
  MariaDB: [['JSON', [[`'{"b":1.50, "a":[null,"🎉"]}'`, '{"b":1.50, "a":[null,"🎉"]}']]]],
}

const mariadb11: readonly Column[] = [
  ['VECTOR(3)', [["VEC_FromText('[1,-2.5,3e10]')", Buffer.from(Float32Array.of(1, -2.5, 3e10).buffer)]]],
  ['UUID', [["'123e4567-e89b-12d3-a456-426655440000'", '123e4567-e89b-12d3-a456-426655440000']]],
  ['INET6', [["'2001:db8::ff'", '2001:db8::ff']]],
]

/** What a caller hands over, and what `SELECT ?` gives back. */
const parameters: readonly (readonly [given: unknown, back: unknown])[] = [
  [null, null],
  [true, 1n],
  [-1, -1n],
  [Number.MAX_SAFE_INTEGER, BigInt(Number.MAX_SAFE_INTEGER)],
  [2n ** 63n - 1n, 2n ** 63n - 1n],
  [-(2n ** 63n), -(2n ** 63n)],
  [2n ** 64n - 1n, 2n ** 64n - 1n],
  [0.1, 0.1],
  [Number.MIN_VALUE, Number.MIN_VALUE],
  ['Grüße 🎉', 'Grüße 🎉'],
  ['', ''],
  ['x'.repeat(70_000), 'x'.repeat(70_000)],
  [Buffer.from('00fffe', 'hex'), Buffer.from('00fffe', 'hex')],
]

export function testTypes(server: () => ServerOfClient): void {
  describe('types', { timeout: 120_000 }, () => {
    let connection: Connection

    before(async () => {
      connection = await server().connect({ database: 'test' })
      await connection.query("SET sql_mode = '', time_zone = '+00:00'")
    })
    after(() => connection.close())

    /** A table of its own for each, because one that failed may have left its own. */
    const create = async (definition: string) => {
      await connection.query('DROP TABLE IF EXISTS typed')
      await connection.query(`CREATE TABLE typed (${definition})`)
    }

    const roundTrip = async ([type, values]: Column) => {
      await create(`id INT, value ${type} NULL`)
      for (const [i, [literal]] of [...values, ['NULL']].entries()) {
        await connection.query(`INSERT INTO typed VALUES (${i}, ${literal})`)
      }
      const expected = [...values.map(([, value]) => ({ value })), { value: null }]
      const sql = 'SELECT value FROM typed ORDER BY id'
      assert.deepEqual((await connection.query(sql)).rows, expected, `${type} as text`)
      assert.deepEqual((await connection.execute(sql)).rows, expected, `${type} as binary`)
    }

    for (const column of columns) test(column[0], () => roundTrip(column))

    test('BIT(1) to BIT(64)', async () => {
      for (const column of bits) await roundTrip(column)
    })

    test('those that the product has of its own', async () => {
      for (const column of ownColumns[server().product]) await roundTrip(column)
      if (server().name.includes('11.8')) for (const column of mariadb11) await roundTrip(column)
    })

    test('FLOAT: all bits by the binary protocol, the digits that are printed as text', async () => {
      await create('value FLOAT')
      await connection.query('INSERT INTO typed VALUES (0.1)')
      assert.deepEqual((await connection.query('SELECT value FROM typed')).rows, [{ value: 0.1 }])
      assert.deepEqual((await connection.execute('SELECT value FROM typed')).rows, [{ value: Math.fround(0.1) }])
    })

    test('values that are handed over come back as they went', async () => {
      const { product } = server()
      // MariaDB gives a TINYINT back as what it is; MySQL says that bytes are text unless they are cast.
      const back = (value: unknown) => (product === 'MariaDB' && value === 1n ? 1 : value)
      const markOf = (given: unknown) => (Buffer.isBuffer(given) ? 'CAST(? AS BINARY)' : '?')
      for (const [given, came] of parameters) {
        const { rows } = await connection.execute(`SELECT ${markOf(given)}`, [given], { rowsAs: 'array' })
        assert.deepEqual(rows, [[back(came)]])
      }
      const all = await connection.execute(
        `SELECT ${parameters.map(([given]) => markOf(given)).join()}`,
        parameters.map(([given]) => given),
        { rowsAs: 'array' },
      )
      assert.deepEqual(all.rows, [parameters.map(([, came]) => back(came))])
    })

    test('values that are handed over are stored as what they are', async () => {
      await create('d DATETIME(3), j JSON, b BLOB, n DECIMAL(65,30), t TEXT CHARACTER SET utf8mb4')
      const when = new Date('2026-03-04T05:06:07.008Z')
      const values = [when, { a: [1, 'ß'] }, Buffer.from('00ff', 'hex'), `1.${'0'.repeat(29)}1`, '🎉']
      assert.equal((await connection.execute('INSERT INTO typed VALUES (?,?,?,?,?)', values)).affectedRows, 1n)
      const { rows } = await connection.execute('SELECT * FROM typed', [], { json: 'parsed' })
      const json = server().product === 'MySQL' ? { a: [1, 'ß'] } : rows[0]?.j
      assert.deepEqual(rows, [{ d: '2026-03-04 05:06:07.008', j: json, b: values[2], n: values[3], t: values[4] }])
    })

    test('BIGINT as the caller wants it', async () => {
      const sql = 'SELECT CAST(9007199254740993 AS UNSIGNED) AS large, CAST(5000000000 AS SIGNED) AS small'
      type Bigint = NonNullable<RowOptions['bigint']>
      const ways = [
        (bigint: Bigint) => connection.query(sql, { bigint }),
        (bigint: Bigint) => connection.execute(sql, [], { bigint }),
      ]
      for (const way of ways) {
        const as = async (bigint: Bigint) => (await way(bigint)).rows[0]
        assert.deepEqual(await as('bigint'), { large: 9007199254740993n, small: 5_000_000_000n })
        assert.deepEqual(await as('string'), { large: '9007199254740993', small: '5000000000' })
        assert.deepEqual(await as('number'), { large: 9007199254740993n, small: 5_000_000_000 })
      }
    })
  })
}
