import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../test/support/pair.ts'
import { mendedPasswords, passwordVariants } from './password-variants.ts'

describe('passwordVariants', () => {
  const spoilt: readonly [password: string, sent: string | Uint8Array, slug: string][] = [
    ['secret', 'secret\n', 'trailing-newline'],
    ['secret', 'secret\r\n', 'trailing-crlf'],
    ['secret', 'secret ', 'trailing-space'],
    ['secret', ' secret', 'leading-space'],
    [' secret\t', 'secret', 'trimmed'],
    ['p%40ss', 'p@ss', 'percent-decoded'],
    ['p@ss/', 'p%40ss%2F', 'percent-encoded'],
    ['p@ss/', 'p%40ss%2f', 'percent-encoded'],
    ["p'ss!", 'p%27ss%21', 'percent-encoded'],
    ['pässwörd', Buffer.from('pässwörd', 'latin1'), 'latin1'],
    ['5€', Uint8Array.of(0x35, 0x80), 'cp1252'],
    ['pässwörd', 'pÃ¤sswÃ¶rd', 'mojibake'],
    ['5€', '5â‚¬', 'mojibake'],
    ['päss', 'p?ss', 'question-marks'],
    ['seCret', 'SEcRET', 'swapped-case'],
    ['secret', 'Secret', 'first-letter-case'],
    ['seCret', 'SECRET', 'upper-case'],
    ['Se CRet', 'se cret', 'lower-case'],
    ['secret', '"secret"', 'double-quoted'],
    ['secret', "'secret'", 'single-quoted'],
    ['"secret"', 'secret', 'unquoted'],
    ['a+b', 'a b', 'space-for-plus'],
    ['a b', 'a+b', 'plus-for-space'],
    ['a\\nb', 'anb', 'unescaped'],
    ['a\\nb', 'a\\\\nb', 'escaped'],
    ['e\u0301a', 'éa', 'nfc'],
    ['éa', 'e\u0301a', 'nfd'],
    ['0123', '123', 'as-number'],
    ['1e5', '100000', 'as-number'],
    ['longer than that', 'longer t', 'cut-at-8'],
    ['x'.repeat(40), 'x'.repeat(32), 'cut-at-32'],
    ['x'.repeat(300), 'x'.repeat(255), 'cut-at-255'],
    ['abc#def', 'abc', 'cut-before-number-sign'],
    ['ab/c d', 'ab/c', 'cut-before-space'],
    ['secret', 'secre', 'without-last'],
    ['secret', 'ecret', 'without-first'],
    ['secret', 'secretsecret', 'twice'],
    ['secret', '', 'empty'],
    ['secret', 'mary', 'user-name'],
    ['secret', '$A$005$abc', 'stored-credential'],
  ]
  for (const [meant, sent, slug] of spoilt) {
    it(`knows ${JSON.stringify(meant)} as ${slug}`, () => {
      const bytes = typeof sent === 'string' ? utf8(sent) : sent
      const variants = passwordVariants(utf8(meant), { user: 'mary', stored: '$A$005$abc' })
      assert.equal(variants.find((variant) => Buffer.compare(variant.bytes, bytes) === 0)?.slug, slug)
      assert.deepEqual(variants[0], { slug: 'right', bytes: utf8(meant) })
    })
  }

  it('are different from each other, and bytes of their own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const password = Buffer.from(bytes)
        const variants = passwordVariants(password, { user: 'mary' })
        assert.equal(
          new Set(variants.map((variant) => Buffer.from(variant.bytes).toString('hex'))).size,
          variants.length,
        )
        for (const variant of variants) variant.bytes.fill(0xee)
        assert.deepEqual(Uint8Array.from(password), bytes)
      }),
    )
  })
})

describe('mendedPasswords', () => {
  const ways: readonly [given: string | Uint8Array, meant: string, slug: string][] = [
    ['secret\n', 'secret', 'trailing-newline'],
    ['secret\r\n', 'secret', 'trailing-crlf'],
    [' secret', 'secret', 'leading-space'],
    ['"secret"', 'secret', 'double-quoted'],
    ['p%40ss', 'p@ss', 'percent-encoded'],
    ['p@ss', 'p%40ss', 'percent-decoded'],
    ['a b', 'a+b', 'space-for-plus'],
    [Buffer.from('pässwörd', 'latin1'), 'pässwörd', 'latin1'],
    ['pÃ¤sswÃ¶rd', 'pässwörd', 'mojibake'],
    ['sECRET', 'Secret', 'swapped-case'],
    ['secretsecret', 'secret', 'twice'],
  ]
  for (const [received, meant, slug] of ways) {
    it(`finds the way back from ${slug}`, () => {
      const found = mendedPasswords(typeof received === 'string' ? utf8(received) : received)
      const right = found.find(({ bytes }) => Buffer.compare(bytes, utf8(meant)) === 0)
      assert.equal(right?.slug, slug)
    })
  }

  it('offers few candidates, none of them empty, doubled or what was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (received) => {
        const found = mendedPasswords(received).map(({ bytes }) => Buffer.from(bytes).toString('hex'))
        assert.equal(new Set(found).size, found.length)
        assert.ok(!found.includes('') && !found.includes(Buffer.from(received).toString('hex')))
      }),
    )
  })
})
