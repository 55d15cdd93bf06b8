import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileUserPattern } from './user-pattern.ts'

describe('compileUserPattern', () => {
  for (const [pattern, yes, no] of [
    ['%', ['', 'a', 'root'], []],
    ['', [''], ['a']],
    ['app', ['app'], ['App', 'apps', 'ap', '']],
    ['app%', ['app', 'app_1'], ['ap', 'Xapp', 'APP']],
    ['a_p', ['app', 'a🧂p'], ['ap', 'appp']],
    ['%_ro', ['x_ro', 'xyro'], ['ro']],
    ['a\\_p', ['a_p'], ['app']],
    ['100\\%', ['100%'], ['100', '1000']],
    ['a\\', ['a\\'], ['a']],
    ['%a%b%', ['ab', 'xaxbx'], ['ba', 'a']],
  ] as const) {
    it(`${JSON.stringify(pattern)} is like ${yes.join(' ') || 'nobody'}, and not like ${no.join(' ') || 'nobody'}`, () => {
      const { matches } = compileUserPattern(pattern)
      assert.deepEqual(yes.filter(matches), yes)
      assert.deepEqual(no.filter(matches), [])
    })
  }

  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '\\'), maxLength: 6 })
  const user = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '\\'), maxLength: 6 })

  it('agrees with a regular expression for every pattern', () => {
    fc.assert(
      fc.property(pattern, user, (text, name) => {
        const source = text.replace(/\\([\s\S])|[\s\S]/g, (all, escaped) =>
          escaped === undefined && all === '%'
            ? '.*'
            : escaped === undefined && all === '_'
              ? '.'
              : `\\u{${(escaped ?? all).codePointAt(0)?.toString(16)}}`,
        )
        assert.equal(compileUserPattern(text).matches(name), new RegExp(`^${source}$`, 'su').test(name))
      }),
    )
  })

  it('covers another only when it matches whoever that one matches', () => {
    fc.assert(
      fc.property(pattern, pattern, user, (wide, narrow, name) => {
        const [all, some] = [compileUserPattern(wide), compileUserPattern(narrow)]
        assert.ok(!all.covers(some) || !some.matches(name) || all.matches(name))
      }),
      { numRuns: 5000 },
    )
    assert.ok(compileUserPattern('%').covers(compileUserPattern('app')))
    assert.ok(compileUserPattern('a%').covers(compileUserPattern('ab_%')))
    assert.ok(!compileUserPattern('a_').covers(compileUserPattern('a%')))
  })

  it('takes its time from no pattern and no name', () => {
    const { matches } = compileUserPattern(`${'%a'.repeat(100)}%b`)
    const started = performance.now()
    assert.equal(matches('a'.repeat(20_000)), false)
    assert.ok(performance.now() - started < 1000)
  })
})
