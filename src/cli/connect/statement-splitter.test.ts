import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Piece, StatementSplitter } from './statement-splitter.ts'

function pieces(...chunks: readonly string[]): Piece[] {
  const splitter = new StatementSplitter()
  return [...chunks.flatMap((chunk) => [...splitter.feed(chunk)]), ...splitter.end()]
}

/** `sql`, `sql\G`, `name(argument)` or `! mistake`. */
function shown(...chunks: readonly string[]): string[] {
  return pieces(...chunks).map((piece) => {
    if (piece.is === 'mistake') return `! ${piece.why}`
    if (piece.is === 'command') return `${piece.command.name}(${piece.argument})`
    return piece.sql + (piece.vertical ? '\\G' : '')
  })
}

/** What the prompt would wait for after these lines. */
function waiting(...lines: readonly string[]): string {
  const splitter = new StatementSplitter()
  for (const line of lines) [...splitter.feed(`${line}\n`)]
  return splitter.waitingFor
}

const dump = readFileSync(join(import.meta.dirname, '../../../test/vectors/mysql-client/dump.sql'), 'latin1')

describe('StatementSplitter', () => {
  it('ends statements at ;, \\g and \\G, any number on a line', () => {
    assert.deepEqual(shown('select 1; select 2\\G select 3\\g select\n4;'), [
      'select 1',
      'select 2\\G',
      'select 3',
      'select\n4',
    ])
  })

  it('takes what stands at the end without a delimiter as a statement, even in open quotes', () => {
    assert.deepEqual(shown('select 1;\nselect 2\n'), ['select 1', 'select 2'])
    assert.deepEqual(shown('select "a'), ['select "a'])
    assert.deepEqual(shown('select 1;\n \n'), ['select 1'])
  })

  it('sees no delimiter, comment or command in quotes', () => {
    for (const sql of [
      `select ';', ";", 1`,
      'select `;` from `a``;b`',
      `select 'it''s;', 'it\\';s', "\\";"`,
      `select '\\\\'`,
      `select '-- ', '#', '/*'`,
      `select '\\G \\q'`,
      `select 'a\nquit\nb'`,
    ]) {
      assert.deepEqual(shown(`${sql};`), [sql])
    }
  })

  it('knows no escape in backticks, nor in other quotes while the server has NO_BACKSLASH_ESCAPES', () => {
    assert.deepEqual(shown('select `\\`;'), ['select `\\`'])
    const splitter = new StatementSplitter()
    splitter.backslashEscapes = false
    assert.deepEqual([...splitter.feed("select '\\'; select 2;\n")].length, 2)
  })

  it('keeps comments within statements, hints among them, and sees no delimiter there', () => {
    for (const sql of [
      'select /*+ MAX_EXECUTION_TIME(1000) ; */ 1',
      "select 1 /* ; ' */ + 1",
      "select 1 -- it's;\n+ 2",
      "select 1 # it's;\n+ 2",
      '/*!40101 SET NAMES utf8mb4 */',
    ]) {
      assert.deepEqual(shown(`${sql};`), [sql])
    }
  })

  it('takes -- for two signs of subtraction where no space follows', () => {
    assert.deepEqual(shown('select 1--2; select 3;'), ['select 1--2', 'select 3'])
  })

  it('reads /*! and /*M! as code: that is what they are to the server', () => {
    assert.deepEqual(shown("/*!50003 select '*/;' */;"), ["/*!50003 select '*/;' */"])
    assert.deepEqual(shown('/*M!999999\\- enable the sandbox mode */ \nselect 1;'), [
      'sandbox()',
      '/*M!999999 enable the sandbox mode */ \nselect 1',
    ])
  })

  it('leaves out comments between statements, which belong to none', () => {
    assert.deepEqual(shown('-- a dump; of\n--\n# mine;\n  select 1;\n-- done'), ['select 1'])
  })

  it('counts the line on which a statement begins', () => {
    const lines = pieces('select 1;\n\n-- c\n\nselect\n 2,\n nope;\nselect 3; select 4').map(({ line }) => line)
    assert.deepEqual(lines, [1, 5, 8, 8])
  })

  it('gives an empty statement for a delimiter alone', () => {
    assert.deepEqual(shown(';'), [''])
  })

  it('changes the delimiter, and refuses one that cannot be', () => {
    assert.deepEqual(shown('delimiter //\nselect 1; select 2 //\nDELIMITER ;\nselect 3;'), [
      'select 1; select 2',
      'select 3',
    ])
    assert.deepEqual(shown('select 1 \\d $$\n;select 2$$'), ['select 1 \n;select 2'])
    assert.deepEqual(shown('delimiter\nselect 1;'), [
      "! DELIMITER must be followed by a 'delimiter' character or string",
      'select 1',
    ])
    assert.deepEqual(shown('delimiter a\\b\n'), ['! DELIMITER cannot contain a backslash character'])
    assert.deepEqual(shown(`delimiter ${'x'.repeat(17)}\n`), ['! DELIMITER has more than 16 characters'])
  })

  it('knows commands by name where no statement has begun, with or without a delimiter', () => {
    assert.deepEqual(shown('use t\nUSE t;use u; select 1;'), ['use(t)', 'use(t)', 'use u', 'select 1'])
    assert.deepEqual(shown('-- first\n  source /tmp/a b.sql \nquit'), ['source(/tmp/a b.sql)', 'quit()'])
    assert.deepEqual(shown('?\nhelp select\n'), ['?()', 'help(select)'])
  })

  it('takes the name of a command for SQL within a statement, with other arguments, or ended by \\G', () => {
    assert.deepEqual(shown('select 1 as\nquit\n;'), ['select 1 as\nquit'])
    assert.deepEqual(shown('clear all;'), ['clear all'])
    assert.deepEqual(shown('users;'), ['users'])
    assert.deepEqual(shown("help 'x'\\G"), ["help 'x'\\G"])
  })

  it('knows commands by a letter anywhere outside of quotes', () => {
    assert.deepEqual(shown('select \\p 1;'), ['print(select )', 'select  1'])
    assert.deepEqual(shown('select 2 \\c\nselect 1;'), ['select 1'])
    assert.deepEqual(shown('\\u mysql; select 1;'), ['use(mysql)', 'select 1'])
    assert.deepEqual(shown('\\! ls\n'), ['system(ls)'])
    assert.deepEqual(shown('\\z select 1;'), ["! Unknown command '\\z'.", 'select 1'])
  })

  it('says what an unfinished statement waits for', () => {
    assert.equal(waiting('select 1;'), '')
    assert.equal(waiting('-- remark'), '')
    assert.equal(waiting('select'), ';')
    assert.equal(waiting('select -- remark'), ';')
    assert.equal(waiting("select 'a"), "'")
    assert.equal(waiting('select "a'), '"')
    assert.equal(waiting('select `a'), '`')
    assert.equal(waiting('select /* a'), '/*')
    assert.equal(waiting('select /*+ a'), '/*')
    assert.equal(waiting('select /*! a'), ';')
    assert.equal(waiting("select 'a", "';"), '')
  })

  it("finds every statement of mysqldump's, and loses no byte of them", () => {
    const statements = pieces(dump)
    // A trigger, a procedure, and a row of text with one in it.
    const withDelimiter = statements.filter((piece) => piece.is === 'statement' && piece.sql.includes(';'))
    assert.equal(withDelimiter.length, 3)
    for (const piece of statements) {
      assert.equal(piece.is, 'statement')
      if (piece.is === 'statement') assert.ok(dump.includes(piece.sql), piece.sql)
    }
    assert.ok(statements.some((piece) => piece.is === 'statement' && /^INSERT INTO `bin1`.*\xff/.test(piece.sql)))
  })

  it('finds the same wherever the text is cut', () => {
    const tricky = `select 'a\\'b;' /* ; */ -- ;\n, "x"";";delimiter $$\nselect 1; \\p $$\n/*!1 a*/ # ;\n$$ \\d ;\nuse t\n\\G`
    for (const text of [tricky, dump]) {
      const whole = pieces(text)
      fc.assert(
        fc.property(fc.array(fc.nat(text.length)), (cuts) => {
          const sorted = [0, ...cuts.toSorted((a, b) => a - b), text.length]
          assert.deepEqual(pieces(...sorted.slice(1).map((cut, i) => text.slice(sorted[i], cut))), whole)
        }),
        { numRuns: 200 },
      )
    }
  })

  it('gives the statements of a line that does not end', () => {
    const one = `insert into t values ('${"it''s; \\\\".repeat(10)}') /* ; */ -`
    const line = `${one};`.repeat(20_000)
    const splitter = new StatementSplitter()
    let early = 0
    for (let i = 0; i < line.length; i += 65_521) {
      for (const piece of splitter.feed(line.slice(i, i + 65_521))) {
        assert.ok(piece.is === 'statement' && piece.sql === one)
        early++
      }
    }
    assert.ok(early > 10_000, `${early}`)
    assert.equal(early + [...splitter.end()].length, 20_000)
  })

  it('refuses a statement that is too long to be kept', () => {
    const splitter = new StatementSplitter()
    const chunk = ' '.repeat(16 * 1024 * 1024)
    assert.throws(
      () => {
        for (let i = 0; i < 20; i++) for (const _ of splitter.feed(`'${chunk}'\n`)) assert.fail()
      },
      { name: 'ConfigurationError', message: /^the statement of line 1 is longer than 268435456 characters$/ },
    )
  })
})
