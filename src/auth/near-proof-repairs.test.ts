import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../test/support/pair.ts'
import { explainSecret } from './near-proof.ts'
import { plainMistake, repairsOf } from './near-proof-repairs.ts'

const nonce = Uint8Array.from({ length: 20 }, (_, i) => 33 + i)
const around = {
  nonce,
  otherNonces: [{ of: 'greeting', nonce: nonce.toReversed() }],
  user: 'mary',
  stored: '$A$1',
} as const
const forms = ['clear', 'opened'] as const

describe('repairsOf', () => {
  it('says of each candidate what explainSecret says of it when it is the password', () => {
    const received = ['secret', 'secret\0', 'Pass w+rd\n\0', '"p%40ss"\0', 'Ã¤Ã¤\0']
    for (const text of received.map(utf8)) {
      const repairs = repairsOf(text, { ...around, form: 'clear' })
      assert.ok(repairs.length > 0)
      for (const { near, password } of repairs) assert.deepEqual(explainSecret(text, password, { form: 'clear' }), near)
    }
  })

  it('has the password behind a mask of 21 bytes among the first eight, whatever the wrong masks make of it', () => {
    const password = utf8('pw-sha+ä long enough for 20')
    const bytes = fc.uint8Array({ minLength: 20, maxLength: 20, min: 1, max: 126 })
    fc.assert(
      fc.property(bytes, bytes, (own, greeting) => {
        const text = Uint8Array.of(...password, 0)
        const received = text.map((byte, i) => byte ^ (own[i % 21] ?? 0))
        const otherNonces = [{ of: 'greeting', nonce: greeting }] as const
        const repairs = repairsOf(received, { ...around, form: 'opened', nonce: own, otherNonces }).slice(0, 8)
        return repairs.some((repair) => Buffer.from(repair.password).equals(password))
      }),
      { numRuns: 3000 },
    )
  })

  it('does not offer what was refused already, nor the same twice, nor anything with control characters', () => {
    fc.assert(
      fc.property(fc.constantFrom(...forms), fc.uint8Array({ maxLength: 60 }), (form, received) => {
        const offered = repairsOf(Uint8Array.from(received), { ...around, form }).map(({ password }) =>
          Buffer.from(password),
        )
        assert.equal(new Set(offered.map((password) => password.toString('hex'))).size, offered.length)
        if (form === 'clear' && received.at(-1) === 0) {
          assert.ok(!offered.some((password) => password.equals(received.subarray(0, -1))))
        }
        assert.ok(offered.every((password) => !password.includes(0) && password.length > 0))
      }),
    )
  })
})

describe('plainMistake', () => {
  it('needs no password to recognise a key request, the user name and the stored hash', () => {
    const of = (text: string) => plainMistake(utf8(text), { ...around, form: 'clear' })
    assert.equal(of('\x01')?.algorithm, 'key-request')
    assert.equal(of('\x02')?.algorithm, 'key-request')
    assert.equal(of('mary\0')?.password, 'user-name')
    assert.equal(of('$A$1\0')?.password, 'stored-credential')
    assert.equal(of('secret\0'), undefined)
    assert.equal(of('\0'), undefined)
  })
})
