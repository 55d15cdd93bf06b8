import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { SqlValue } from '../../client/result.ts'
import { type ColumnDefinition, columnFlag, fieldType } from '../../packets/column-definition.ts'
import { displayWidth } from './display-width.ts'
import { type FormatName, type FormatOptions, formats } from './result-format.ts'
import { table } from './table.ts'
import { valueText } from './value-text.ts'

function column(name: string, type: keyof typeof fieldType, more: Partial<ColumnDefinition> = {}): ColumnDefinition {
  const names = { schema: '', table: '', orgTable: '', orgName: '', name }
  return { ...names, collationId: 45, columnLength: 0, type: fieldType[type], flags: 0, decimals: 0, ...more }
}

function printed(
  format: FormatName,
  columns: readonly ColumnDefinition[],
  rows: readonly (readonly SqlValue[])[],
  options: FormatOptions = {},
): string {
  const printer = formats[format](columns, options)
  const parts = rows.map((row) => printer.rows([row]))
  return Buffer.concat([...parts, ...printer.rest()].map((part) => Buffer.from(part))).toString()
}

const notNull = { flags: columnFlag.NOT_NULL }

/** A row of what MySQL 9.7 has, as its client printed it. */
const columns = [
  column('i', 'LONG'),
  column('b', 'LONGLONG', { flags: columnFlag.UNSIGNED }),
  column('d', 'NEWDECIMAL', { decimals: 3 }),
  column('f', 'DOUBLE', { decimals: 31 }),
  column('s', 'VAR_STRING'),
  column('dt', 'DATETIME'),
  column('j', 'JSON'),
  column('z', 'LONG', { flags: columnFlag.ZEROFILL, columnLength: 10 }),
]
const rows: readonly (readonly SqlValue[])[] = [
  [1, 18446744073709551615n, '1.500', 1.5, 'plain', '2024-01-02 03:04:05.678', '{"a": 1}', 7],
  [-2, 0n, '-1.000', -1e300, '日本語', null, null, null],
  [3, 5n, '0.001', 1e-7, 'tab\there\nnl\\bs', '2024-01-02 00:00:00.000', '[1, "x"]', 42],
]

describe('table', () => {
  it('draws the box of the mysql client', () => {
    assert.equal(
      printed('table', columns, rows),
      `\
+------+----------------------+--------+-----------+----------------+-------------------------+----------+------------+
| i    | b                    | d      | f         | s              | dt                      | j        | z          |
+------+----------------------+--------+-----------+----------------+-------------------------+----------+------------+
|    1 | 18446744073709551615 |  1.500 |       1.5 | plain          | 2024-01-02 03:04:05.678 | {"a": 1} | 0000000007 |
|   -2 |                    0 | -1.000 |    -1e300 | 日本語         | NULL                    | NULL     |       NULL |
|    3 |                    5 |  0.001 | 0.0000001 | tab\there
nl\\bs | 2024-01-02 00:00:00.000 | [1, "x"] | 0000000042 |
+------+----------------------+--------+-----------+----------------+-------------------------+----------+------------+
`,
    )
  })

  it('keeps room for NULL only where there may be one', () => {
    assert.equal(printed('table', [column('1', 'LONGLONG', notNull)], [[1n]]), '+---+\n| 1 |\n+---+\n| 1 |\n+---+\n')
    assert.equal(printed('table', [column('i', 'LONG')], [[1]]), '+------+\n| i    |\n+------+\n|    1 |\n+------+\n')
  })

  it('leaves the names out without columnNames', () => {
    const [i, s] = [column('i', 'LONG'), column('s', 'VAR_STRING')]
    assert.equal(
      printed(
        'table',
        [i, s],
        [
          [1, 'xx'],
          [-2, '日本語'],
        ],
        { columnNames: false },
      ),
      `\
+------+--------+
|    1 | xx     |
|   -2 | 日本語 |
+------+--------+
`,
    )
  })

  it('shows bytes as a literal, and nothing that drives the terminal', () => {
    const all = [column('bits', 'BIT'), column('v', 'VECTOR'), column('x\x1b[2J', 'VAR_STRING')]
    assert.equal(
      printed('table', all, [[Buffer.from([0, 5]), new Float32Array([1, 2]), 'a\x1b[31m\x9b\u202e\rb']]),
      `\
+--------+--------------------+---------------------------------+
| bits   | v                  | x\\u{1b}[2J                      |
+--------+--------------------+---------------------------------+
| 0x0005 | 0x0000803F00000040 | a\\u{1b}[31m\\u{9b}\\u{202e}\\u{d}b |
+--------+--------------------+---------------------------------+
`,
    )
  })

  it('prints nothing of an empty set', () => {
    for (const format of Object.keys(formats) as FormatName[]) assert.equal(printed(format, columns, []), '')
  })

  it('holds only so much back: then the widths stand, and rows are printed as they come', () => {
    const printer = table([column('s', 'VAR_STRING', notNull)], {}, 10)
    assert.equal(printer.rows([['123456']]), '')
    const begun = '+--------+\n| s      |\n+--------+\n| 123456 |\n| 12345  |\n'
    assert.equal(printer.rows([['12345']]), begun)
    assert.equal(printer.rows([['1'], ['12345678']]), '| 1      |\n| 12345678 |\n')
    assert.deepEqual([...printer.rest()], ['+--------+\n'])
  })
})

describe('vertical', () => {
  it('prints a line per value, names on the right', () => {
    assert.equal(
      printed(
        'vertical',
        [column('i', 'LONG'), column('long', 'VAR_STRING')],
        [
          [1, 'a\nb'],
          [2, null],
        ],
      ),
      `\
*************************** 1. row ***************************
   i: 1
long: a
b
*************************** 2. row ***************************
   i: 2
long: NULL
`,
    )
    assert.equal(
      printed('vertical', [column('i', 'LONG')], [[1]], { columnNames: false }),
      '*************************** 1. row ***************************\n1\n',
    )
  })
})

describe('tab-separated', () => {
  it('escapes NUL, tab, line break and backslash, and nothing else', () => {
    const some = [column('s', 'VAR_STRING'), column('b\tc', 'VAR_STRING')]
    assert.equal(
      printed('tab-separated', some, [['a\0b\tc\nd\\e\r\x1a', null]]),
      's\tb\\tc\na\\0b\\tc\\nd\\\\e\r\x1a\tNULL\n',
    )
    assert.equal(printed('tab-separated', some, [['a\tb', '']], { raw: true, columnNames: false }), 'a\tb\t\n')
  })

  it('writes bytes as they are, which need not be UTF-8', () => {
    const printer = formats['tab-separated']([column('b', 'BLOB'), column('s', 'VAR_STRING')], {})
    const bytes = printer.rows([[Buffer.from([0xff, 0x00, 0x09, 0x80]), 'ü']])
    assert.deepEqual(
      bytes,
      Buffer.from([...Buffer.from('b\ts\n'), 0xff, ...Buffer.from('\\0\\t'), 0x80, ...Buffer.from('\tü\n')]),
    )
  })

  it('spares a terminal the bytes and what would drive it', () => {
    const [b, s] = [column('b', 'BLOB'), column('s', 'VAR_STRING')]
    assert.equal(
      printed('tab-separated', [b, s], [[Buffer.from([0x1b]), '\x1b[2J']], { terminal: true, columnNames: false }),
      '0x1B\t\\\\u{1b}[2J\n',
    )
  })
})

describe('json', () => {
  it('prints an object per line, with every digit', () => {
    assert.equal(
      printed('json', columns, rows),
      `\
{"i":1,"b":18446744073709551615,"d":1.500,"f":1.5,"s":"plain","dt":"2024-01-02 03:04:05.678","j":{"a": 1},"z":7}
{"i":-2,"b":0,"d":-1.000,"f":-1e+300,"s":"日本語","dt":null,"j":null,"z":null}
{"i":3,"b":5,"d":0.001,"f":1e-7,"s":"tab\\there\\nnl\\\\bs","dt":"2024-01-02 00:00:00.000","j":[1, "x"],"z":42}
`,
    )
  })

  it('has a form for bytes, bits, vectors and padded decimals', () => {
    const all = [
      column('blob', 'BLOB'),
      column('bit', 'BIT'),
      column('none', 'BIT'),
      column('v', 'VECTOR'),
      column('d', 'NEWDECIMAL'),
    ]
    const row = [
      Buffer.from([0xff, 0]),
      Buffer.from([1, 1]),
      Buffer.alloc(0),
      new Float32Array([0.1, 1e-30]),
      '-000.50',
    ]
    assert.equal(printed('json', all, [row]), '{"blob":"/wA=","bit":257,"none":0,"v":[0.1,1e-30],"d":-0.50}\n')
  })

  it('stays one line of valid JSON, fit for a terminal, whatever a server sends', () => {
    const all = [column('j', 'JSON'), column('j', 'JSON'), column('j', 'JSON'), column('d', 'NEWDECIMAL')]
    const line = printed('json', all, [['{\n"a":\t"\u009b\u202e\u{e0041}"}', '1 2', '3', '1}\n{"x":1']])
    assert.equal(line, '{"j":{ "a":\t"\\u009b\\u202e\\udb40\\udc41"},"j_2":"1 2","j_3":3,"d":"1}\\n{\\"x\\":1"}\n')
    assert.deepEqual(Object.keys(JSON.parse(line)), ['j', 'j_2', 'j_3', 'd'])
  })

  it('loses no column that shares its name', () => {
    const all = [column('a', 'LONG'), column('a', 'LONG'), column('a_2', 'LONG'), column('a', 'LONG')]
    assert.equal(printed('json', all, [[1, 2, 3, 4]]), '{"a":1,"a_3":2,"a_2":3,"a_4":4}\n')
  })

  const jq = spawnSync('jq', ['--version'], { encoding: 'utf8' })
  it('is what jq reads', { skip: jq.status !== 0 && 'no jq on this machine' }, () => {
    const input = printed('json', [column('picture', 'BLOB'), column('n', 'LONGLONG')], [[Buffer.from('ä'), 9n]])
    assert.equal(spawnSync('jq', ['-r', '.picture | @base64d'], { input, encoding: 'utf8' }).stdout, 'ä\n')
  })
})

describe('valueText', () => {
  it('writes DOUBLE as MySQL 9.7 does', () => {
    const path = join(import.meta.dirname, '../../../test/vectors/mysql-client/doubles.txt')
    const double = column('f', 'DOUBLE', { decimals: 31 })
    for (const text of readFileSync(path, 'utf8').trim().split('\n')) {
      assert.equal(valueText(Number(text), double), text)
    }
  })

  it('writes decimals, zeros in front and years as the column declares them', () => {
    const zerofill = columnFlag.ZEROFILL
    const cases: [ColumnDefinition, SqlValue, string][] = [
      [column('a', 'DOUBLE', { decimals: 31, flags: zerofill, columnLength: 22 }), 1.5, '00000000000000000001.5'],
      [column('b', 'FLOAT', { decimals: 3, flags: zerofill, columnLength: 7 }), 2.5, '002.500'],
      [column('c', 'YEAR', { flags: zerofill, columnLength: 4 }), 0, '0000'],
      [column('d', 'DOUBLE', { decimals: 2 }), 12345.68, '12345.68'],
      [column('g', 'FLOAT', { decimals: 31, flags: zerofill, columnLength: 12 }), 1e20, '000000001e20'],
      [column('h', 'NEWDECIMAL', { decimals: 2, flags: zerofill, columnLength: 9 }), '000002.50', '000002.50'],
    ]
    for (const [definition, value, text] of cases) assert.equal(valueText(value ?? '', definition), text)
  })
})

describe('displayWidth', () => {
  it('counts cells: two for East Asian letters and emoji, none for accents that combine', () => {
    const latin = { '': 0, abc: 3, '\u00e9': 1, 'e\u0301': 1 }
    const asian = { 日本語: 6, '\uff8a\uff9d': 2, 한국: 4 }
    const emoji = { '😀': 2, '\u{1f469}\u200d\u{1f467}': 2, '\u2764\ufe0f': 2, '\u2764': 1 }
    for (const [text, cells] of Object.entries({ ...latin, ...asian, ...emoji }))
      assert.equal(displayWidth(text), cells, text)
  })
})
