import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lex } from '../sql/lexer.ts'
import { knownType } from './column-type.ts'

describe('knownType', () => {
  for (const [column, expected] of [
    ['NULL', 'NULL'],
    ['7', 'LONGLONG'],
    ['18446744073709551615', 'LONGLONG unsigned'],
    ["'7'", 'VAR_STRING'],
    ['TRUE', 'LONGLONG'],
    ['@@max_connections', 'LONGLONG unsigned'],
    ['@@max_connections AS m', 'LONGLONG unsigned'],
    ['@@max_connections m', 'LONGLONG unsigned'],
    ['@@autocommit', 'LONGLONG'],
    ['@@sql_mode', 'VAR_STRING'],
    ['@@warning_count', 'LONGLONG unsigned'],
    ['NOW()', 'DATETIME'],
    ['NOW(3) AS n', 'DATETIME'],
    ['CURRENT_DATE', 'DATE'],
    ['CURTIME() t', 'TIME'],
    ['CONNECTION_ID()', 'LONGLONG unsigned'],
  ] as const) {
    it(`of ${column} is ${expected}`, () => {
      const known = knownType(lex(column))
      assert.equal(`${known?.type}${known?.unsigned ? ' unsigned' : ''}`, expected)
    })
  }

  it('is left to the values for everything else', () => {
    for (const column of [
      '1.5',
      '1 + 1',
      '@@max_connections + 1',
      'NOW() + 0',
      'name',
      't.name',
      "CONCAT('a')",
      '@@nosuch',
      '*',
    ]) {
      assert.equal(knownType(lex(column)), undefined, column)
    }
  })
})
