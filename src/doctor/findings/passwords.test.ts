import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { text } from '../../../test/support/bytes.ts'
import {
  denied,
  greeting,
  knowing,
  login,
  more,
  nonce,
  observed,
  ok,
  untested,
} from '../../../test/support/observations.ts'
import { scrambleCachingSha2Password } from '../../auth/caching-sha2-password.ts'
import type { Finding } from '../finding.ts'
import { finding as hashAsPassword } from './hash-as-password.ts'
import { finding as passwordCase } from './password-case.ts'
import { finding as passwordCharacterSet } from './password-character-set.ts'
import { finding as passwordCut } from './password-cut.ts'
import { finding as passwordCutAtSign } from './password-cut-at-sign.ts'
import { finding as passwordPercentEncoding } from './password-percent-encoding.ts'
import { finding as passwordReadAsNumber } from './password-read-as-number.ts'
import { finding as passwordWithBlanks } from './password-with-blanks.ts'
import { finding as passwordWithNewline } from './password-with-newline.ts'
import { finding as passwordWithQuotes } from './password-with-quotes.ts'
import { finding as userNameAsPassword } from './user-name-as-password.ts'

const long = 'correct horse battery staple, and more'

/** What was set, what was given, and what was given that is only wrong. */
const rows: readonly (readonly [Finding, right: string, given: string | Uint8Array, wrong: string])[] = [
  [passwordWithNewline, 'pw-mary', 'pw-mary\n', 'pw-mary!'],
  [passwordWithNewline, 'pw-mary', 'pw-mary\r\n', 'pw-mary!'],
  [passwordWithBlanks, 'pw-mary', 'pw-mary ', 'pw-mary\n'],
  [passwordPercentEncoding, 'pw@mary/1', 'pw%40mary%2F1', 'pw%41mary%2F1'],
  [passwordPercentEncoding, 'pw+mary', 'pw mary', 'pw_mary'],
  [passwordCutAtSign, 'pw#mary', 'pw', 'pw_mary'],
  [passwordWithQuotes, 'pw-mary', '"pw-mary"', '[pw-mary]'],
  [passwordReadAsNumber, '00123', '123', '124'],
  [passwordCut, long, long.slice(0, 32), long.slice(0, 31)],
  [passwordCase, 'Pw-Mary', 'pW-mARY', 'pw-maria'],
  [passwordCharacterSet, 'pw-märy', Buffer.from('pw-märy', 'latin1'), 'pw-mary'],
  [userNameAsPassword, 'pw-mary', 'mary', 'Mary'],
  [hashAsPassword, 'pw-mary', '*9BA58A904A29CD7E864F4D47117641C4B9BEDDE1', '*9BA58A904A29CD7E864F4D47117641C4B9BEDDE'],
]

describe('passwords that were given wrongly', () => {
  const loginWith = (given: string | Uint8Array) => {
    const bytes = typeof given === 'string' ? text(given) : given
    return login({ authAnswer: scrambleCachingSha2Password(bytes, nonce) })
  }

  for (const [finding, right, given, wrong] of rows) {
    it(`${finding.id} is proven, and quotes nothing: ${JSON.stringify(String(given))}`, () => {
      const seen = observed(greeting(), loginWith(given), denied)
      const evidence = finding.onLogin?.(seen, knowing(seen, right))
      assert.equal(evidence?.certain, true)
      assert.equal(evidence.lines.join().includes(right), false)
    })

    it(`${finding.id} is not found for ${JSON.stringify(wrong)}, without a test, or where the login succeeds`, () => {
      const other = observed(greeting(), loginWith(wrong), denied)
      assert.equal(finding.onLogin?.(other, knowing(other, right)), undefined)
      const seen = observed(greeting(), loginWith(given), denied)
      assert.equal(finding.onLogin?.(seen, untested), undefined)
      const letIn = observed(greeting(), loginWith(given), more(3), ok)
      assert.equal(finding.onLogin?.(letIn, knowing(letIn, right)), undefined)
    })
  }
})
