import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countPlaceholders } from '../../server/placeholders.ts'
import { lex, sourceOf, splitStatements } from './lexer.ts'

const kinds = (sql: string, ansiQuotes = false) => lex(sql, ansiQuotes).map(({ kind, text }) => `${kind}:${text}`)

describe('lex', () => {
  it('puts numbers together and tells them from names that begin with a digit', () => {
    assert.deepEqual(kinds('1 2.5 .5 1e3 1.5e-3 2x t.1'), [
      ...[
        'number:1',
        'number:2.5',
        'number:.5',
        'number:1e3',
        'number:1.5e-3',
        'word:2x',
        'word:t',
        'sign:.',
        'number:1',
      ],
    ])
  })

  it('reads variables with their scopes', () => {
    const variables = lex("@a @'b c' @`d` @@x @@SESSION.sql_mode @@local.`wait_timeout` @@global.port @a.b")
    assert.deepEqual(
      variables.map(({ kind, text, scope }) => [kind, text, scope]),
      [
        ['user-variable', 'a', undefined],
        ['user-variable', 'b c', undefined],
        ['user-variable', 'd', undefined],
        ['system-variable', 'x', undefined],
        ['system-variable', 'sql_mode', 'session'],
        ['system-variable', 'wait_timeout', 'session'],
        ['system-variable', 'port', 'global'],
        ['user-variable', 'a.b', undefined],
      ],
    )
  })

  it('puts operators together, the longest first', () => {
    assert.deepEqual(
      lex('a<=>b<=c<>d!=e:=f||g&&h->>i->j').flatMap(({ kind, text }) => (kind === 'sign' ? [text] : [])),
      ['<=>', '<=', '<>', '!=', ':=', '||', '&&', '->>', '->'],
    )
  })

  it('drops comments and executes version comments up to 9.7', () => {
    assert.deepEqual(kinds('SELECT /*+ HINT() */ 1 /* x */ /*!40101 , 2 */ /*!99999 , 3 */ -- end'), [
      ...['word:SELECT', 'number:1', 'sign:,', 'number:2'],
    ])
  })

  it('takes "x" for a string, and for a name with ANSI_QUOTES', () => {
    assert.deepEqual(kinds('"x"'), ['text:x'])
    assert.deepEqual(kinds('"x"', true), ['name:x'])
  })

  it('never lets a quoted name be a keyword', () => {
    assert.equal(lex('`select`')[0]?.word, '')
  })

  it('finds as many placeholders as the command phase announces', () => {
    for (const sql of [
      'SELECT ?',
      'SELECT \'?\', "?", `?`, ? -- ?\n, ? # ?\n, /* ? */ ? /*! , ? */',
      "SELECT 'it''s ?', 'a\\'?', ?",
      '',
    ]) {
      assert.equal(lex(sql).filter(({ kind }) => kind === 'placeholder').length, countPlaceholders(sql), sql)
    }
  })

  it('does not fail on anything', () => {
    for (const sql of [
      "'",
      '"',
      '`',
      '@',
      '@@',
      '@@global.',
      '/*',
      '/*!',
      '0x',
      '\0',
      '\u{1f600}',
      '$$',
      '1.',
      '..',
      ';;',
    ])
      lex(sql)
  })
})

describe('splitStatements', () => {
  it('splits at semicolons outside of strings and leaves empty statements out', () => {
    const sql = "; SELECT ';' ; /* ; */ ; SET @a = `;`;"
    assert.deepEqual(
      splitStatements(lex(sql)).map((tokens) => sourceOf(sql, tokens)),
      ["SELECT ';'", 'SET @a = `;`'],
    )
  })
})
