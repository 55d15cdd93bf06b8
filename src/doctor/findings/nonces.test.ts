import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, text } from '../../../test/support/bytes.ts'
import {
  answer,
  clientLeaves,
  denied,
  greeting,
  knowing,
  login,
  more,
  near,
  nonce,
  observed,
  observedIn,
  ok,
  otherNonce,
  publicKey,
  scramble,
  switchTo,
  untested,
} from '../../../test/support/observations.ts'
import { scrambleCachingSha2Password } from '../../auth/caching-sha2-password.ts'
import { scrambleNativePassword } from '../../auth/mysql-native-password.ts'
import { sha256, xor } from '../../auth/primitives.ts'
import { finding as answerWithNul } from './answer-with-nul.ts'
import { finding as nonce21Bytes } from './nonce-21-bytes.ts'
import { finding as nonceCut } from './nonce-cut.ts'
import { finding as nonceNot7Bit } from './nonce-not-7-bit.ts'
import { finding as nonceOfAnotherExchange } from './nonce-of-another-exchange.ts'
import { finding as noncePrepended } from './nonce-prepended.ts'
import { finding as nonceReadAsText } from './nonce-read-as-text.ts'
import { finding as nonceWithoutNul } from './nonce-without-nul.ts'
import { finding as passwordMaskedWrongly } from './password-masked-wrongly.ts'

const password = 'pw-mary'
const native = greeting({ authPluginName: 'mysql_native_password' })
const nativeLogin = (attributes?: Record<string, string>) =>
  login({ authPluginName: 'mysql_native_password', authAnswer: scramble(20), ...(attributes && { attributes }) })

/** A login by switch, whose scramble is made over these bytes. */
function switched(over: Uint8Array, attributes?: Record<string, string>) {
  const proof = answer(scrambleCachingSha2Password(text(password), over))
  return observed(native, nativeLogin(attributes), switchTo('caching_sha2_password'), proof, denied)
}

describe('nonce-21-bytes', () => {
  it('is proven of PyMySQL 1.1.1 by its capture, with the version to upgrade to', () => {
    const seen = observedIn('ma118-sha2-full-rsa-pymysql111')
    const evidence = nonce21Bytes.onLogin?.(seen, knowing(seen, 'pw-sha2'))
    assert.equal(evidence?.certain, true)
    assert.deepEqual(evidence.lines, [
      'the client hashed 21 bytes of the 20-byte nonce (the NUL behind it too)',
      'the client says that it is PyMySQL 1.1.1; 1.1.2 is the first without this defect',
    ])
  })

  it('is possible without the password, where the client is known for it', () => {
    for (const name of ['ma118-sha2-full-rsa-pymysql111', 'ma118-sha2-full-rsa-go']) {
      assert.equal(nonce21Bytes.onLogin?.(observedIn(name), untested)?.certain, false, name)
    }
  })

  it('is not found of PyMySQL 1.2.0, which sends the same packets', () => {
    const seen = observedIn('ma118-sha2-full-rsa-pymysql120')
    assert.equal(nonce21Bytes.onLogin?.(seen, untested), undefined)
    assert.equal(nonce21Bytes.onLogin?.(seen, knowing(seen, 'pw-sha2')), undefined)
  })

  it('compares versions as numbers, and is not found where the tested proof was right', () => {
    const later = { _client_name: 'pymysql', _client_version: '1.10.0' }
    const before = { _client_name: 'pymysql', _client_version: '1.0.2' }
    assert.equal(nonce21Bytes.onLogin?.(switched(otherNonce, later), untested), undefined)
    const seen = switched(otherNonce, before)
    assert.equal(nonce21Bytes.onLogin?.(seen, untested)?.certain, false)
    assert.equal(nonce21Bytes.onLogin?.(seen, knowing(seen, password)), undefined)
  })

  it('is not found where the server took the scramble', () => {
    const attributes = { _client_name: 'aiomysql', _client_version: '0.3.2' }
    const asked = [native, nativeLogin(attributes), switchTo('caching_sha2_password'), answer(scramble(32))]
    assert.equal(nonce21Bytes.onLogin?.(observed(...asked, more(3), ok), untested), undefined)
    assert.equal(nonce21Bytes.onLogin?.(observed(...asked, more(4), clientLeaves), untested)?.certain, false)
  })
})

describe('nonce-prepended', () => {
  const reversed = (over: Uint8Array) => {
    const once = sha256(text(password))
    return xor(once, sha256(over, sha256(once)))
  }

  it('is proven by a scramble that hashes the nonce first', () => {
    const seen = observed(greeting(), login({ authAnswer: reversed(nonce) }), denied)
    assert.equal(noncePrepended.onLogin?.(seen, knowing(seen, password))?.certain, true)
  })

  it('is not found where the digest comes first, or nothing was tested', () => {
    const right = scrambleCachingSha2Password(text(password), nonce)
    const seen = observed(greeting(), login({ authAnswer: right }), denied)
    assert.equal(noncePrepended.onLogin?.(seen, knowing(seen, password)), undefined)
    assert.equal(noncePrepended.onLogin?.(seen, untested), undefined)
  })
})

describe('nonce-of-another-exchange', () => {
  it('is proven by a scramble over the nonce of the greeting after a switch', () => {
    const seen = switched(nonce)
    assert.equal(nonceOfAnotherExchange.onLogin?.(seen, knowing(seen, password))?.certain, true)
  })

  it('is not found where the nonce of the switch was taken', () => {
    const seen = switched(otherNonce)
    assert.equal(nonceOfAnotherExchange.onLogin?.(seen, knowing(seen, password)), undefined)
  })

  const sealed = (capabilities: number, by: 'switch' | 'greeting') => {
    const head = { capabilities, maxPacketSize: 1024 }
    const leg = [more(4), answer(bytes([2])), publicKey, answer(scramble(256)), denied]
    return by === 'greeting'
      ? observed(greeting(), login(head), ...leg)
      : observed(
          native,
          login({ ...head, authPluginName: 'mysql_native_password', authAnswer: scramble(20) }),
          switchTo('caching_sha2_password'),
          answer(scramble(32)),
          ...leg,
        )
  }

  it('is possible of sqlx, whose password was sealed after a switch and found wrong', () => {
    assert.equal(nonceOfAnotherExchange.onLogin?.(sealed(0x012fab02, 'switch'), untested)?.certain, false)
  })

  it('is not found of sqlx without a switch, nor of another client', () => {
    assert.equal(nonceOfAnotherExchange.onLogin?.(sealed(0x012fab02, 'greeting'), untested), undefined)
    assert.equal(nonceOfAnotherExchange.onLogin?.(sealed(0x0018a205, 'switch'), untested), undefined)
  })
})

describe('password-masked-wrongly', () => {
  const seen = observed(greeting(), login(), more(4), answer(bytes([2])), publicKey, answer(scramble(256)), denied)

  it('is proven by a password under 21 bytes of mask, or under a mask that ends', () => {
    for (const deviation of [{ nonce: '21-bytes' }, { algorithm: 'masked-once' }, { algorithm: 'unmasked' }]) {
      assert.equal(passwordMaskedWrongly.onLogin?.(seen, near({ ...deviation, masks: true }))?.certain, true)
    }
  })

  it('is not found of a scramble over 21 bytes, nor of a right mask over a wrong password', () => {
    assert.equal(passwordMaskedWrongly.onLogin?.(seen, near({ nonce: '21-bytes' })), undefined)
    assert.equal(passwordMaskedWrongly.onLogin?.(seen, near({ password: 'cut-at-16', masks: true })), undefined)
    assert.equal(nonce21Bytes.onLogin?.(seen, near({ nonce: '21-bytes', masks: true })), undefined)
  })
})

describe('nonce-cut', () => {
  const over = (part: Uint8Array) =>
    observed(
      native,
      login({
        authPluginName: 'mysql_native_password',
        authAnswer: scrambleNativePassword(text(password), part),
      }),
      denied,
    )

  it('is proven by a scramble over 8 or 19 bytes', () => {
    for (const length of [8, 19]) {
      const seen = over(nonce.subarray(0, length))
      assert.equal(nonceCut.onLogin?.(seen, knowing(seen, password))?.certain, true, `${length} bytes`)
    }
  })

  it('is not found of all 20 bytes with another password', () => {
    const seen = over(nonce)
    assert.equal(nonceCut.onLogin?.(seen, knowing(seen, 'another')), undefined)
  })
})

describe('nonces of random bytes', () => {
  const odd = bytes(text('abcde'), [0, 0xff], text('fghijklmnopqr'))
  const over = (part: Uint8Array, sent = odd) =>
    observed(
      greeting({ authPluginData: bytes(sent, [0]) }),
      login({ authAnswer: scrambleCachingSha2Password(text(password), part) }),
      denied,
    )

  it('nonce-read-as-text is proven by a scramble up to the first NUL', () => {
    const seen = over(odd.subarray(0, 5))
    assert.equal(nonceReadAsText.onLogin?.(seen, knowing(seen, password))?.certain, true)
  })

  it('nonce-read-as-text is not found where all bytes were hashed', () => {
    const seen = over(odd)
    assert.equal(nonceReadAsText.onLogin?.(seen, knowing(seen, password)), undefined)
  })

  it('nonce-not-7-bit counts the bytes that are not', () => {
    const evidence = nonceNot7Bit.onLogin?.(over(odd), untested)
    assert.deepEqual(evidence?.lines, ['the nonce of the greeting has 1 NULs and 1 bytes above 0x7f'])
  })

  it('nonce-not-7-bit is not found of MySQL’s nonces', () => {
    assert.equal(nonceNot7Bit.onLogin?.(over(nonce, nonce), untested), undefined)
  })
})

describe('nonce-without-nul', () => {
  const switching = (data: Uint8Array) =>
    observed(native, nativeLogin(), switchTo('caching_sha2_password', data), clientLeaves)

  it('is found in a switch of 20 bytes, or of 21 without the NUL', () => {
    for (const data of [otherNonce, bytes(otherNonce, [0x41])]) {
      const evidence = nonceWithoutNul.onLogin?.(switching(data), untested)
      assert.deepEqual([evidence?.certain, evidence?.lines.at(-1)], [true, 'the client left upon it'])
    }
  })

  it('is not found in one of 20 and a NUL, nor in the 32 bytes of client_ed25519', () => {
    assert.equal(nonceWithoutNul.onLogin?.(switching(bytes(otherNonce, [0])), untested), undefined)
    const ed25519 = observed(native, nativeLogin(), switchTo('client_ed25519', scramble(32)), clientLeaves)
    assert.equal(nonceWithoutNul.onLogin?.(ed25519, untested), undefined)
  })
})

describe('answer-with-nul', () => {
  const refused = (authAnswer: Uint8Array) =>
    observed(native, login({ authPluginName: 'mysql_native_password', authAnswer }), denied)
  const withNul = scramble(20).fill(0, 7, 8)

  it('is possible where the right scramble has a NUL and was refused', () => {
    const evidence = answerWithNul.onLogin?.(refused(withNul), near({}))
    assert.equal(evidence?.certain, false)
    assert.equal(evidence.lines[0], 'byte 8 of the 20 of the answer is 0, and the answer is the right one')
  })

  it('is proven where the scramble ends before its NUL', () => {
    assert.equal(answerWithNul.onLogin?.(refused(withNul), near({ algorithm: 'cut-at-nul' }))?.certain, true)
  })

  it('is not found without a NUL, nor where the scramble is wrong', () => {
    assert.equal(answerWithNul.onLogin?.(refused(scramble(20)), near({})), undefined)
    assert.equal(answerWithNul.onLogin?.(refused(withNul), near({ password: 'trailing-newline' })), undefined)
    assert.equal(answerWithNul.onLogin?.(refused(withNul), untested), undefined)
  })
})
