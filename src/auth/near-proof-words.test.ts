import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8 } from '../../test/support/pair.ts'
import { nonceVariants } from './near-proof-nonces.ts'
import { sayNearProof, words } from './near-proof-words.ts'
import { passwordVariants } from './password-variants.ts'

const right = { nonce: 'right', password: 'right', algorithm: 'right' }

describe('sayNearProof', () => {
  it('has words for each nonce and for each form of a password', () => {
    const nonce = Uint8Array.from({ length: 20 }, (_, i) => (i % 7 === 5 ? 0 : 0x78 + i))
    const others = (['greeting', 'switch', 'change-user'] as const).map((of, i) => ({
      of,
      nonce: nonce.map((b) => b ^ i),
    }))
    const passwords = ['é\\"%41+ #?/@:$!&; `\'0123456789'.repeat(40), '"e\u0301"', ' a\\', '0123', '"€"']
    const variants = passwords.flatMap((text) => passwordVariants(utf8(text), { user: 'mary', stored: '*1' }))
    const slugs = {
      nonce: new Set(Array.from(nonceVariants({ nonce, otherNonces: others }), ({ slug }) => slug)),
      password: new Set(variants.map(({ slug }) => slug)),
    }
    for (const which of ['nonce', 'password'] as const) {
      slugs[which].delete('right')
      const known = Object.keys(words[which])
      for (const slug of slugs[which]) assert.ok(known.includes(slug), slug)
      assert.ok(slugs[which].size > 10)
    }
  })

  it('joins several deviations into one clause', () => {
    const near = { nonce: '21-bytes', password: 'trailing-newline', algorithm: 'reversed' }
    assert.equal(
      sayNearProof(near),
      'the client mixed nonce and digest in the wrong order, hashed 21 bytes of the 20-byte nonce (the NUL behind it too) ' +
        'and has a newline behind the password',
    )
    assert.equal(
      sayNearProof({ ...right, nonce: 'greeting-nonce', masks: true }),
      'the client masked the password with the nonce of the greeting instead of the one that it was last given',
    )
    assert.equal(sayNearProof(right), 'the client proved the right password')
  })
})
