import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { scratch } from '../../../test/support/cli.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { optionLines } from './option-file-lines.ts'
import { type FileOptions, type OptionFileChoice, readOptionFiles } from './option-files.ts'

const vectors = join(import.meta.dirname, '../../../test/vectors/option-files')
const { printed } = JSON.parse(readFileSync(join(vectors, 'answers.json'), 'utf8')) as {
  printed: Record<string, { mysql: string | null }>
}

/** As my_print_defaults prints them. */
function shown({ options }: FileOptions): string {
  return options.map(({ name, value }) => `--${name}${value === undefined ? '' : `=${value}`}\n`).join('')
}

/** A home directory with these files in it, which only it has. */
function home(files: Readonly<Record<string, string | Buffer>>) {
  const directory = scratch()
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory.path, name), content)
    chmodSync(join(directory.path, name), 0o644)
  }
  return {
    path: directory.path,
    read: (choice: OptionFileChoice, env: Record<string, string> = {}) =>
      readOptionFiles(choice, { env, home: directory.path }),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

describe('readOptionFiles', () => {
  // Paths in included files are relative to it, as when the answers were made.
  process.chdir(vectors)
  for (const [file, { mysql }] of Object.entries(printed)) {
    it(`reads ${file} as MySQL's own parser does`, () => {
      const read = () =>
        readOptionFiles(
          { defaultsFile: file, ...(file === 'client_x.cnf' && { defaultsGroupSuffix: '_x' }) },
          { env: {}, home: vectors },
        )
      if (mysql === null) assert.throws(read, ConfigurationError)
      else assert.equal(shown(read()), mysql)
    })
  }

  it('names file and line of every option, and of what it cannot read', () => {
    using here = home({
      'a.cnf': '# x\n\n[client]\nuser=a\n!include ~/b.cnf\n',
      'b.cnf': '[client]\nport=1\n',
      'bad.cnf': '[client]\nuser=a\n!include ~/orphan.cnf\n',
      'orphan.cnf': '\npassword=geheim\n',
    })
    assert.deepEqual(
      here.read({ defaultsFile: '~/a.cnf' }).options.map(({ origin }) => origin),
      [`${here.path}/a.cnf line 4`, `${here.path}/b.cnf line 2`],
    )
    // MySQL reports a broken file that is included, and goes on without it: what it demands would be lost.
    assert.throws(() => here.read({ defaultsFile: '~/bad.cnf' }), {
      name: 'ConfigurationError',
      message: `${here.path}/orphan.cnf line 2: an option stands before the first [group]`,
    })
  })

  it('reads the file of MYSQL_HOME, then the extra one, then that of the home directory', () => {
    using here = home({ '.my.cnf': '[client]\nport=3\n', 'extra.cnf': '[client]\nport=2\n' })
    mkdirSync(join(here.path, 'mysql-home'))
    writeFileSync(join(here.path, 'mysql-home/my.cnf'), '[client]\nport=1\n', { mode: 0o644 })
    const env = { MYSQL_HOME: join(here.path, 'mysql-home') }
    const ports = (choice: OptionFileChoice) =>
      here
        .read(choice, env)
        .options.filter(({ origin }) => origin.startsWith(here.path))
        .map(({ value }) => value)
    assert.deepEqual(ports({}), ['1', '3'])
    assert.deepEqual(ports({ defaultsExtraFile: '~/extra.cnf' }), ['1', '2', '3'])
    assert.deepEqual(ports({ defaultsFile: '~/extra.cnf' }), ['2'])
    assert.deepEqual(ports({ noDefaults: true }), [])
  })

  it('takes the suffix of groups from MYSQL_GROUP_SUFFIX when the command line has none', () => {
    using here = home({ '.my.cnf': '[client_x]\nport=1\n[client_y]\nport=2\n' })
    const env = { MYSQL_GROUP_SUFFIX: '_x' }
    assert.equal(shown(here.read({ defaultsFile: '~/.my.cnf' }, env)), '--port=1\n')
    assert.equal(shown(here.read({ defaultsFile: '~/.my.cnf', defaultsGroupSuffix: '_y' }, env)), '--port=2\n')
  })

  it('ignores a file that everybody may write to, included or not, and says so', () => {
    using here = home({ '.my.cnf': '[client]\nuser=a\n!include ~/open.cnf\n', 'open.cnf': '[client]\nhost=evil\n' })
    chmodSync(join(here.path, 'open.cnf'), 0o666)
    for (const [choice, expected] of [
      [{ defaultsFile: '~/.my.cnf' }, '--user=a\n'],
      [{ defaultsFile: '~/open.cnf' }, ''],
    ] as const) {
      const read = here.read(choice)
      assert.equal(shown(read), expected)
      assert.deepEqual(read.warnings, [
        `the option file ${here.path}/open.cnf is ignored: everybody may write to it (chmod o-w)`,
      ])
    }
  })

  it('fails when a file that was asked for is not there, and warns when an included one is not', () => {
    using here = home({ 'a.cnf': '[client]\n!include ~/none.cnf\n' })
    for (const choice of [{ defaultsFile: '~/none.cnf' }, { defaultsExtraFile: '~/none.cnf' }]) {
      assert.throws(() => here.read(choice), { message: `cannot read the option file ${here.path}/none.cnf (ENOENT)` })
    }
    assert.throws(() => here.read({ defaultsFile: here.path }), /\(EISDIR\)/)
    assert.throws(() => here.read({ defaultsFile: '~/a.cnf', noDefaults: true }), /give one of --no-defaults/)
    assert.deepEqual(here.read({ defaultsFile: '~/a.cnf' }).warnings, [
      `the option file ${here.path}/none.cnf is ignored (ENOENT)`,
    ])
  })

  it('says what is wrong with a file that an editor saved in another encoding', () => {
    using here = home({
      'bom.cnf': '\ufeff[client]\nuser=a\n',
      'latin1.cnf': Buffer.from('[mysqld]\nx=ä\n[client]\npassword=äö\n', 'latin1'),
      'foreign.cnf': Buffer.from('# ä\n[mysqld]\nx=ä\n[client]\nuser=a\n', 'latin1'),
      'nul.cnf': '[client]\nuser=a\0b\n',
    })
    assert.throws(() => here.read({ defaultsFile: '~/bom.cnf' }), /line 1: the file begins with a byte order mark/)
    assert.throws(() => here.read({ defaultsFile: '~/latin1.cnf' }), /latin1\.cnf line 4: is not UTF-8$/)
    assert.throws(() => here.read({ defaultsFile: '~/nul.cnf' }), /line 2: holds a NUL byte$/)
    assert.equal(shown(here.read({ defaultsFile: '~/foreign.cnf' })), '--user=a\n')
  })

  it('keeps a letter whose last byte MySQL takes for a blank', () => {
    using here = home({ '.my.cnf': '[client]\npassword=voilà\n' })
    assert.equal(shown(here.read({ defaultsFile: '~/.my.cnf' })), '--password=voilà\n')
  })

  it('ends when files include each other without end', () => {
    const twice = '!include ~/a.cnf\n!include ~/a.cnf\n!include ~/a.cnf\n'
    using here = home({ 'a.cnf': twice })
    assert.throws(() => here.read({ defaultsFile: '~/a.cnf' }), /more than 1000 option files include each other/)
  })

  it('refuses a file of more than 1 MiB', () => {
    using here = home({ 'a.cnf': '#'.repeat((1 << 20) + 1) })
    assert.throws(() => here.read({ defaultsFile: '~/a.cnf' }), /holds more than 1048576 bytes/)
  })
})

describe('optionLines', () => {
  it('reads back any value that is written in double quotes with its escapes', () => {
    const written = (value: string) =>
      `"${value.replace(/[\\"'\n\r\t\b]/g, (sign) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b' })[sign] ?? `\\${sign}`)}"`
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0')),
        (value) => {
          const file = Buffer.from(`[client]\npassword = ${written(value)} # comment\n`)
          const [line] = [...optionLines(file, 'a.cnf', new Set(['client']))]
          assert.deepEqual(line, { is: 'option', group: 'client', name: 'password', value, line: 2 })
        },
      ),
    )
  })

  it('fails on arbitrary bytes with nothing but a ConfigurationError', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(...'[]=#;!"\'\\\n\r \tab'), maxLength: 100 }).map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(bytes, (content) => {
        try {
          for (const _ of optionLines(Buffer.from(content), 'a.cnf', new Set(['a', 'b', ''])));
        } catch (error) {
          assert.ok(error instanceof ConfigurationError)
        }
      }),
    )
  })

  it('takes no time for a line of a million blanks', { timeout: 5000 }, () => {
    const line = `a${' '.repeat(1 << 20)}b = c${'\t'.repeat(1000)}`
    const [option] = [...optionLines(Buffer.from(`[client]\n${line}\n`), 'a.cnf', new Set(['client']))]
    assert.equal(option?.is === 'option' && option.value, 'c')
  })
})
