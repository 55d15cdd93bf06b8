/** Servers, and whoever stands in between, that keep a client from TLS or speak before it stands. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConnectOptions, TlsMode } from '../../src/client/options.ts'
import { ServerError } from '../../src/errors/errors.ts'
import { bytes, text } from '../support/bytes.ts'
import { good, knownAuthority, selfSigned } from './certificates.ts'
import { meet } from './meet.ts'
import {
  err,
  frame,
  greeting,
  localInfile,
  moreData,
  nextFactor,
  ok,
  okWithInfo,
  switchTo,
  withoutTls,
  withTls,
} from './packets.ts'
import { close, hear, say } from './scripts.ts'
import { roguePem } from './secrets.ts'

const strict: readonly TlsMode[] = ['REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY']
const asking: readonly TlsMode[] = ['PREFERRED', ...strict]
const tls = (mode: TlsMode): ConnectOptions => ({
  tls: { mode, ...(mode.startsWith('VERIFY') && { ca: knownAuthority }) },
})
/** Length of an SSLRequest with its header: all that may leave the client in clear. */
const sslRequest = 36

describe('TLS that somebody strips', () => {
  for (const mode of strict) {
    it(`T18 lets nothing out with ${mode}`, async () => {
      const script = [say(frame(greeting({ capabilities: withoutTls }), 0)), hear]
      const { heardInClear } = await meet({ script, options: tls(mode), symbol: 'CR_SSL_CONNECTION_ERROR' })
      assert.equal(heardInClear.length, 0)
    })

    it(`T18 T26 lets nothing out with ${mode}, whatever else comes with the greeting`, async () => {
      for (const more of [ok, err(), switchTo('mysql_clear_password')]) {
        const script = [say(frame(greeting({ capabilities: withoutTls }), 0), frame(more, 2)), hear]
        const { heardInClear, error } = await meet({ script, options: tls(mode), symbol: 'CR_SSL_CONNECTION_ERROR' })
        assert.equal(heardInClear.length, 0)
        assert.doesNotMatch(error.message, /card number/)
      }
    })

    it(`T18 T19 lets an SSLRequest out with ${mode}, and nothing when the answer is in clear`, async () => {
      for (const answer of [ok, err(), switchTo('mysql_native_password'), moreData([3]), moreData([4])]) {
        const script = [say(frame(greeting({ capabilities: withTls }), 0)), hear, say(frame(answer, 2)), close]
        const symbol = ['CR_SSL_CONNECTION_ERROR', 'CR_SERVER_LOST']
        const { heardInClear, error } = await meet({ script, options: tls(mode), symbol })
        assertNoLogin(heardInClear)
        assert.doesNotMatch(error.message, /card number/)
      }
    })
  }

  it('T18 takes PREFERRED for what it is: the login goes in clear, but no password and no key request', async () => {
    const script = [say(frame(greeting(), 0)), hear, say(frame(moreData([4]), 2)), hear]
    const { heardInClear } = await meet({ script, options: tls('PREFERRED'), symbol: 'CR_AUTH_PLUGIN_ERR' })
    assert.ok(heardInClear.length > sslRequest)
  })
})

const injected: Readonly<Record<string, Uint8Array>> = {
  OK: ok,
  'OK with a text': okWithInfo('Your card number, please'),
  ERR: err(),
  'ERR of before the greeting': bytes([0xff, 0x6a, 4], text('Your card number, please')),
  'a second greeting': greeting(),
  AuthSwitchRequest: switchTo('mysql_clear_password'),
  AuthMoreData: moreData([4]),
  'AuthMoreData with a key': moreData(text(roguePem)),
  AuthNextFactor: nextFactor('mysql_clear_password'),
  'LOCAL INFILE': localInfile('/etc/passwd'),
  EOF: bytes('fe 00 00 02 00'),
  garbage: bytes('de ad be ef de ad be ef'),
  nothing: bytes(),
}

describe('bytes in clear in one segment with a greeting that offers TLS', { concurrency: 4 }, () => {
  const first = frame(greeting({ capabilities: withTls }), 0)

  for (const [what, payload] of Object.entries(injected)) {
    for (const mode of asking) {
      it(`T24 are an attack, not a login: ${what}, with ${mode}`, async () => {
        for (const id of [1, 2]) {
          const script = [say(first, frame(payload, id)), hear, { do: 'encrypt', as: good } as const, hear]
          const { heardInClear, error } = await meet({ script, options: tls(mode), symbol: 'CR_SSL_CONNECTION_ERROR' })
          assertNoLogin(heardInClear)
          assert.doesNotMatch(error.message, /card number/)
        }
      })
    }

    it(`T24 are an attack at each length: ${what}`, async () => {
      const whole = frame(payload, 2)
      const cuts = Array.from({ length: whole.length }, (_, i) => i + 1).filter((n) => n <= 48 || n % 64 === 0)
      for (const cut of cuts) {
        const script = [say(first, whole.subarray(0, cut)), hear]
        const { heardInClear } = await meet({ script, options: tls('REQUIRED'), symbol: 'CR_SSL_CONNECTION_ERROR' })
        assertNoLogin(heardInClear)
      }
    })

    it(`T24 do not count as TLS behind the SSLRequest either: ${what}`, async () => {
      const script = [say(first), hear, say(frame(payload, 2)), close]
      const symbol = ['CR_SSL_CONNECTION_ERROR', 'CR_SERVER_LOST']
      const { heardInClear, error } = await meet({ script, options: tls('VERIFY_CA'), symbol })
      assertNoLogin(heardInClear)
      assert.doesNotMatch(error.message, /card number/)
    })
  }

  it('T24 are an attack wherever the greeting is cut in two', async () => {
    for (let cut = 1; cut < first.length; cut += 3) {
      const script = [say(first.subarray(0, cut)), say(first.subarray(cut), frame(ok, 2)), hear]
      const { heardInClear } = await meet({ script, options: tls('REQUIRED'), symbol: 'CR_SSL_CONNECTION_ERROR' })
      assertNoLogin(heardInClear)
    }
  })
})

describe('an error in the place of the greeting', () => {
  const message = 'Your card number, please'
  const errors: Readonly<Record<string, Uint8Array>> = {
    'without SQLSTATE': bytes([0xff, 0x6a, 4], text(message)),
    'with SQLSTATE': err(message),
    'without a text': bytes([0xff, 0x6a, 4]),
    'with a code of ours': err(message, 2026),
  }
  for (const [how, payload] of Object.entries(errors)) {
    for (const mode of ['DISABLED', ...asking] as const) {
      it(`T25 is known to come from anybody: ${how}, with ${mode}`, async () => {
        const script = [say(frame(payload, 0)), hear]
        const codes = ['ER_HOST_NOT_PRIVILEGED', 'ER_ACCESS_DENIED_ERROR', 'ER_2026']
        const { heardInClear, error } = await meet({ script, options: tls(mode), symbol: codes })
        assert.equal(heardInClear.length, 0)
        assert.ok(error instanceof ServerError)
        assert.equal(error.login?.authenticated, false)
        assert.equal(error.login?.phase, 'greeting')
      })
    }
  }

  it('T25 gets nothing of its text into the hint', async () => {
    const shown = bytes([0xff, 0x6a, 4], text('\x1b]0;pwned\x07\x1b[2J'), text('x'.repeat(60_000)))
    const { error } = await meet({ script: [say(frame(shown, 0)), hear], symbol: 'ER_HOST_NOT_PRIVILEGED' })
    assert.match(error.login?.hint ?? '', /^[\x20-\x7e]*$/)
  })

  it('T25 that comes through TLS from a proven server is authenticated', async () => {
    const script = [
      say(frame(greeting({ capabilities: withTls }), 0)),
      hear,
      { do: 'encrypt', as: good } as const,
      hear,
      say(frame(err('Access denied'), 3)),
      hear,
    ]
    const { error } = await meet({ script, options: tls('VERIFY_IDENTITY'), symbol: 'ER_ACCESS_DENIED_ERROR' })
    assert.equal(error.login?.authenticated, true)
  })

  it('T25 that comes through TLS from anybody is not', async () => {
    const script = [
      say(frame(greeting({ capabilities: withTls }), 0)),
      hear,
      { do: 'encrypt', as: selfSigned } as const,
      hear,
      say(frame(err('Access denied'), 3)),
      hear,
    ]
    const { error } = await meet({ script, options: tls('REQUIRED'), symbol: 'ER_ACCESS_DENIED_ERROR' })
    assert.equal(error.login?.authenticated, false)
  })
})

/** An SSLRequest at most, and perhaps a TLS handshake: never the name of the user, which is in every login. */
function assertNoLogin(heard: Buffer): void {
  assert.ok(!heard.includes('victim'), 'a login in clear')
  assert.ok(heard.length <= sslRequest || heard[sslRequest] === 0x16, `${heard.length} bytes in clear`)
}
