import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { effectsOf } from './statement-effects.ts'

describe('the effects of a statement', () => {
  const pins: readonly (readonly [text: string, pin: string | undefined])[] = [
    ['SELECT 1', undefined],
    ["INSERT INTO t VALUES ('ann@example.org')", undefined],
    ['SELECT @@sql_mode', undefined],
    ['SELECT @a', undefined],
    ["INSERT INTO t VALUES ('call me; handler')", undefined],
    ['SELECT @a := 1', 'user variable'],
    ['SELECT 1 INTO @a', 'user variable'],
    ['SELECT 1 INTO/* */ -- x\n @a', 'user variable'],
    ["select get_lock('a', 1)", 'GET_LOCK()'],
    ["SELECT service_get_write_locks('n', 'l', 1)", 'service lock'],
    ['/* app */ HANDLER t OPEN', 'HANDLER'],
    ['/*!50000 CALL p() */', 'CALL'],
    ['-- c\n# d\n (xa start 1', 'XA'],
    ['SET /* */ ROLE r', 'SET ROLE'],
    ['SET STATEMENT max_statement_time=1 FOR SELECT 1', 'SET STATEMENT'],
    ['set character set latin1', 'SET CHARACTER SET'],
    ['LOCK INSTANCE FOR BACKUP', 'LOCK INSTANCE'],
    ['LOCK TABLES t READ', undefined],
    ['GET CURRENT DIAGNOSTICS @n = NUMBER', 'GET DIAGNOSTICS'],
    ['BEGIN NOT ATOMIC SELECT 1; END', 'compound statement'],
    ['BEGIN', undefined],
  ]
  for (const [text, pin] of pins) {
    it(`${pin === undefined ? 'do not pin' : `pin for ${pin}`}: ${text.replaceAll('\n', ' ')}`, () => {
      assert.equal(effectsOf(text, false).pin, pin)
    })
  }

  it('are found behind a semicolon where several statements are possible', () => {
    assert.equal(effectsOf('SELECT 1; CALL p()', true).pin, 'CALL')
    assert.equal(effectsOf('SELECT 1; CALL p()', false).pin, undefined)
    assert.equal(effectsOf("IF 1 THEN PREPARE s FROM 'x'; END IF", false).pin, 'PREPARE')
  })

  it('are reported by name for SET without user variables, and for USE', () => {
    for (const text of ["SET sql_mode=''", 'set @@session.autocommit = 1;', 'USE `db`', 'SET NAMES utf8mb4']) {
      assert.ok(effectsOf(text, true).named, text)
    }
    for (const text of [
      "SET sql_mode='', @a=1",
      "SET sql_mode=''; SET @a=1",
      'CREATE TEMPORARY TABLE t (a INT)',
      'CALL p()',
    ]) {
      assert.ok(!effectsOf(text, true).named, text)
    }
    assert.equal(effectsOf('SET @a = 1', false).change, 'user variable')
    assert.equal(effectsOf('CREATE OR REPLACE TEMPORARY TABLE t (a INT)', false).change, 'temporary table')
  })

  it('include the collation of SET NAMES, which no server reports', () => {
    assert.equal(effectsOf("SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'", false).collation, 'utf8mb4_bin')
    assert.equal(effectsOf('SET NAMES utf8mb4', false).collation, undefined)
    assert.ok(!effectsOf("SET sql_mode='', NAMES utf8mb4 COLLATE utf8mb4_bin", false).named)
    assert.ok(!effectsOf('SET NAMES utf8mb4 COLLATE DEFAULT', false).named)
  })

  it('are found in time, whatever the text', () => {
    const pieces = ['/*', '*/', '/**/', 'into', '@', 'set', ' ', 'names', 'collate', ';', '(', '/*!', '-- ', '\n', 'a']
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join('').repeat(2000))
    fc.assert(
      fc.property(text, (sql) => {
        const start = performance.now()
        effectsOf(sql, true)
        assert.ok(performance.now() - start < 1000, 'takes too long')
      }),
      { numRuns: 50 },
    )
  })
})
