import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, nul, text } from '../../../test/support/bytes.ts'
import {
  answer,
  denied,
  err,
  greeting,
  login,
  more,
  nonce,
  observed,
  observedIn,
  observedInTls,
  observedOnSocket,
  ok,
  publicKey,
  type Said,
  scramble,
  switchTo,
  untested,
} from '../../../test/support/observations.ts'
import { scrambleNativePassword } from '../../auth/mysql-native-password.ts'
import { sha1, sha256, xor } from '../../auth/primitives.ts'
import { capability } from '../../packets/capabilities.ts'
import { finding as answerForAnotherPlugin } from './answer-for-another-plugin.ts'
import { finding as answerLengthOverflow } from './answer-length-overflow.ts'
import { finding as clearPasswordWithoutNul } from './clear-password-without-nul.ts'
import { finding as emptyPasswordHashed } from './empty-password-hashed.ts'
import { finding as keyRequestInsideTls } from './key-request-inside-tls.ts'
import { finding as noPasswordGiven } from './no-password-given.ts'
import { finding as passwordInClear } from './password-in-clear-without-tls.ts'
import { finding as userWithBlanks } from './user-with-blanks.ts'
import { finding as worksOnlyWhileRemembered } from './works-only-while-remembered.ts'

const fullBy = (given: Uint8Array | string, ...rest: Said[]): Said[] => [
  greeting(),
  login(),
  more(4),
  answer(given),
  ...rest,
  denied,
]

describe('answer-for-another-plugin', () => {
  it('is found where caching_sha2_password gets 20 bytes, and mysql_native_password 32', () => {
    const short = observed(greeting(), login({ authAnswer: scramble(20) }), denied)
    assert.equal(answerForAnotherPlugin.onLogin?.(short, untested)?.certain, true)
    const native = { authPluginName: 'mysql_native_password' }
    const long = observed(greeting(native), login({ ...native, authAnswer: scramble(32) }), err(1043))
    assert.equal(answerForAnotherPlugin.onLogin?.(long, untested)?.certain, true)
  })

  it('is not found where the length is right, or the server asked again', () => {
    assert.equal(answerForAnotherPlugin.onLogin?.(observed(greeting(), login(), denied), untested), undefined)
    const again = [greeting(), login({ authAnswer: scramble(20) }), switchTo('caching_sha2_password')]
    const seen = observed(...again, answer(scramble(32)), denied)
    assert.equal(answerForAnotherPlugin.onLogin?.(seen, untested), undefined)
  })
})

describe('empty-password-hashed', () => {
  const nothing = new Uint8Array(0)

  it('is found by the scramble of nothing, of either plugin', () => {
    const twice = sha256(sha256(nothing))
    const sha2 = observed(greeting(), login({ authAnswer: xor(sha256(nothing), sha256(twice, nonce)) }), denied)
    assert.equal(emptyPasswordHashed.onLogin?.(sha2, untested)?.certain, true)
    const authAnswer = xor(sha1(nothing), sha1(nonce, sha1(sha1(nothing))))
    const native = observed(greeting(), login({ authPluginName: 'mysql_native_password', authAnswer }), denied)
    assert.equal(emptyPasswordHashed.onLogin?.(native, untested)?.certain, true)
  })

  it('is not found by the scramble of a blank', () => {
    const authAnswer = scrambleNativePassword(text(' '), nonce)
    const seen = observed(greeting(), login({ authPluginName: 'mysql_native_password', authAnswer }), denied)
    assert.equal(emptyPasswordHashed.onLogin?.(seen, untested), undefined)
  })
})

describe('key-request-inside-tls', () => {
  it('is found where the byte 2 stands for the password', () => {
    const seen = observedInTls(fullBy(bytes([2])))
    assert.equal(keyRequestInsideTls.onLogin?.(seen, untested)?.certain, true)
    assert.equal(
      keyRequestInsideTls.onLogin?.(observedOnSocket(...fullBy(bytes([2]))), untested)?.certain,
      true,
      'on a socket',
    )
  })

  it('is not found on plain TCP, where it is the right thing to ask', () => {
    const seen = observed(...fullBy(bytes([2]), publicKey, answer(scramble(256))))
    assert.equal(keyRequestInsideTls.onLogin?.(seen, untested), undefined)
  })
})

describe('password-in-clear-without-tls', () => {
  it('is found in the captures of Connector/Python', () => {
    for (const name of ['my97-sha2-full-cleartext-mc267', 'ma118-sha2-full-rsa-mc267', 'my97-unknown-user-mc267']) {
      const evidence = passwordInClear.onLogin?.(observedIn(name), untested)
      assert.equal(evidence?.certain, true, name)
      assert.doesNotMatch(evidence.lines.join(), /pw-sha2/)
    }
  })

  it('is not found inside TLS, nor of a sealed password, with a key request or without', () => {
    const clear = fullBy(nul('pw-mary'))
    assert.equal(passwordInClear.onLogin?.(observed(...clear), untested)?.certain, true)
    assert.equal(passwordInClear.onLogin?.(observedInTls(clear), untested), undefined)
    assert.equal(passwordInClear.onLogin?.(observed(...fullBy(scramble(256).fill(0, -1))), untested), undefined)
    assert.equal(passwordInClear.onLogin?.(observedIn('my97-sha2-wrong-cold-mysql97'), untested), undefined)
  })
})

describe('clear-password-without-nul', () => {
  const clear = (given: string | Uint8Array) =>
    observedInTls([greeting(), login(), switchTo('mysql_clear_password', new Uint8Array(0)), answer(given), denied])

  it('is found of mysql_clear_password, and of full authentication inside TLS', () => {
    assert.equal(clearPasswordWithoutNul.onLogin?.(clear('pw-mary'), untested)?.certain, true)
    assert.equal(clearPasswordWithoutNul.onLogin?.(observedInTls(fullBy('pw-mary')), untested)?.certain, true)
  })

  it('is not found where the NUL is there, nor of a key request', () => {
    assert.equal(clearPasswordWithoutNul.onLogin?.(clear(nul('pw-mary')), untested), undefined)
    assert.equal(clearPasswordWithoutNul.onLogin?.(observedInTls(fullBy(bytes([2]))), untested), undefined)
    assert.equal(clearPasswordWithoutNul.onLogin?.(observedIn('my97c-clear-wrong-mysql97'), untested), undefined)
  })
})

describe('answer-length-overflow', () => {
  const flags = 0x183ba20d & ~capability.CONNECT_WITH_DB
  const long = `${'t'.repeat(300)}&X-Amz-Signature=0123`
  const withOverflow = (capabilities: number) => {
    const said = login({ capabilities, authAnswer: text('t'.repeat(64)), authPluginName: long })
    return observed(greeting({ authPluginName: 'mysql_clear_password' }), said, denied)
  }

  it('is found where the name of the plugin is a piece of the answer, which is not quoted', () => {
    const evidence = answerLengthOverflow.onLogin?.(
      withOverflow(flags & ~capability.PLUGIN_AUTH_LENENC_CLIENT_DATA),
      untested,
    )
    assert.equal(evidence?.certain, true)
    assert.doesNotMatch(evidence.lines.join(), /ttt|Amz/)
  })

  it('is not found with a length-encoded answer, nor where the name is one', () => {
    const lenenc = flags | capability.PLUGIN_AUTH_LENENC_CLIENT_DATA
    assert.equal(answerLengthOverflow.onLogin?.(withOverflow(lenenc), untested), undefined)
    assert.equal(answerLengthOverflow.onLogin?.(observedIn('my97-sha2-full-cleartext-mc267'), untested), undefined)
  })
})

describe('no-password-given', () => {
  it('is found of an answer of no bytes, and of a NUL alone', () => {
    for (const name of ['my97-sha2-nonempty-given-empty-mysql97', 'ma1011-native-nonempty-given-empty-maria1011']) {
      assert.equal(noPasswordGiven.onLogin?.(observedIn(name), untested)?.certain, true, name)
    }
  })

  it('asks whether the database is the password, without quoting it', () => {
    const seen = observed(greeting(), login({ authAnswer: bytes([0]), database: 'pw-mary' }), denied)
    const lines = noPasswordGiven.onLogin?.(seen, untested)?.lines.join() ?? ''
    assert.match(lines, /put behind "-p" with a blank/)
    assert.doesNotMatch(lines, /pw-mary/)
  })

  it('is not found of a wrong password, nor where none is needed', () => {
    assert.equal(noPasswordGiven.onLogin?.(observedIn('ma1011-native-wrong-maria1011'), untested), undefined)
    assert.equal(noPasswordGiven.onLogin?.(observedIn('my97-sha2-empty-mysql97'), untested), undefined)
  })
})

describe('user-with-blanks', () => {
  it('names the sign at the edge', () => {
    const seen = observed(greeting(), login({ user: 'mary\n' }), denied)
    assert.equal(userWithBlanks.onLogin?.(seen, untested)?.lines[0], 'the user name has U+000A at its edge')
  })

  it('is not found of a blank within, nor where the login succeeds', () => {
    assert.equal(
      userWithBlanks.onLogin?.(observed(greeting(), login({ user: 'mary ann' }), denied), untested),
      undefined,
    )
    const let_in = observed(greeting(), login({ user: 'mary ' }), more(3), ok)
    assert.equal(userWithBlanks.onLogin?.(let_in, untested), undefined)
  })
})

describe('works-only-while-remembered', () => {
  const attributes = { _client_name: 'mysql-connector-python', _client_version: '26.7.0' }

  it('is possible of Connector/Python that got in by the fast way without TLS', () => {
    const evidence = worksOnlyWhileRemembered.onLogin?.(observedIn('my97-sha2-fast-hit-mc267'), untested)
    assert.equal(evidence?.certain, false)
  })

  it('is not found inside TLS, nor of PyMySQL', () => {
    const inTls = observedInTls([greeting(), login({ attributes }), more(3), ok])
    assert.equal(worksOnlyWhileRemembered.onLogin?.(inTls, untested), undefined)
    assert.equal(worksOnlyWhileRemembered.onLogin?.(observedIn('my97-sha2-fast-hit-pymysql111'), untested), undefined)
  })
})
