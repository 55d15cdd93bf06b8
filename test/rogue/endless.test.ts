/** Servers that never come to an end: by silence in each phase, or by always having one more thing to say. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, text, zeros } from '../support/bytes.ts'
import { good, knownAuthority } from './certificates.ts'
import { meet } from './meet.ts'
import { err, frame, greeting, moreData, nextFactor, ok, switchTo, withTls } from './packets.ts'
import { answerId, type Course, dialogue, hear, opening, say } from './scripts.ts'
import { roguePem } from './secrets.ts'
import type { Step } from './server.ts'

const overTls: Course = { tls: good }
const proven = { tls: { mode: 'VERIFY_IDENTITY', ca: knownAuthority } } as const
const first = frame(greeting(), 0)
const impatient = { connectTimeoutMs: 300 }
const half = (packet: Uint8Array) => say(packet.subarray(0, packet.length >> 1))

describe('a server that falls silent', { concurrency: 16 }, () => {
  const silences: Readonly<Record<string, { script: Step[]; phase: string; tls?: true; options?: object }>> = {
    'before the greeting': { script: [hear], phase: 'greeting' },
    'within the header of the greeting': { script: [say(first.subarray(0, 3)), hear], phase: 'greeting' },
    'within the greeting': { script: [half(first), hear], phase: 'greeting' },
    'after the greeting': { script: [say(first), hear, hear], phase: 'verdict' },
    'after the SSLRequest': {
      script: [say(frame(greeting({ capabilities: withTls }), 0)), hear, hear],
      phase: 'tls',
      tls: true,
    },
    'within the TLS handshake': {
      script: [say(frame(greeting({ capabilities: withTls }), 0)), hear, say(bytes('16 03 03 40 00 02 00')), hear],
      phase: 'tls',
      tls: true,
    },
    'after the login': { script: opening(), phase: 'verdict' },
    'after the login, through TLS': { script: opening(overTls), phase: 'verdict', tls: true },
    'within the verdict': { script: [...opening(), half(frame(ok, 2)), hear], phase: 'verdict' },
    'after the answer to a switch': { script: dialogue([switchTo('mysql_native_password')]), phase: 'verdict' },
    'after the answer of ed25519': { script: dialogue([switchTo('client_ed25519')]), phase: 'verdict' },
    'when parsec asks for its salt': { script: dialogue([switchTo('parsec')]), phase: 'verdict' },
    'after fast authentication': { script: dialogue([moreData([3])]), phase: 'verdict' },
    'when it is asked for its key': {
      script: dialogue([moreData([4])]),
      phase: 'verdict',
      options: { getServerPublicKey: true },
    },
    'after the second factor': {
      script: dialogue([switchTo('mysql_native_password'), nextFactor('mysql_native_password')]),
      phase: 'verdict',
    },
  }
  for (const [when, { script, phase, tls, options }] of Object.entries(silences)) {
    it(`is left at the deadline, and the hint says what may be: ${when}`, async () => {
      const meeting = {
        script,
        phase,
        symbol: 'CR_SERVER_LOST',
        options: { ...impatient, ...(tls && proven), ...options },
      }
      const { error } = await meet(meeting)
      assert.ok((error.login?.elapsedMs ?? 0) >= impatient.connectTimeoutMs - 10, 'not earlier either')
      assert.notEqual(error.login?.hint, undefined)
    })
  }

  const drips: Readonly<Record<string, Step[]>> = {
    'the greeting': [{ do: 'drip', bytes: first }],
    'the verdict': [...opening(), { do: 'drip', bytes: frame(err(), 2) }],
    'a TLS handshake': [
      say(frame(greeting({ capabilities: withTls }), 0)),
      hear,
      { do: 'drip', bytes: bytes('16 03 03 40 00 02', zeros(100)) },
    ],
  }
  for (const [what, script] of Object.entries(drips)) {
    it(`is left at the deadline when it gives ${what} a byte at a time`, async () => {
      await meet({ script, options: impatient, symbol: 'CR_SERVER_LOST' })
    })
  }

  it('is left at once when the caller gives up, with the reason of the caller', async () => {
    for (const script of [[hear], opening(), [say(frame(greeting({ capabilities: withTls }), 0)), hear, hear]]) {
      const { error } = await meet({ script, options: { signal: AbortSignal.timeout(50) }, symbol: 'CR_SERVER_LOST' })
      assert.ok((error.login?.elapsedMs ?? 0) < 4000)
      assert.equal((error.cause as Error).name, 'TimeoutError')
    }
  })
})

describe('a server that always has one more', { concurrency: 8 }, () => {
  const over = ['CR_MALFORMED_PACKET', 'ER_MALFORMED_PACKET', 'CR_AUTH_PLUGIN_ERR', 'CR_SERVER_HANDSHAKE_ERR']
  const endless = (payload: (round: number) => Uint8Array, hears = true, course: Course = {}): Step[] => [
    ...opening(course),
    {
      do: 'repeat',
      bytes: (round) => frame(payload(round), answerId(course) + round * (hears ? 2 : 1)),
      hear: hears,
    },
  ]
  const kinds: Readonly<Record<string, Step[]>> = {
    switch: endless(() => switchTo('mysql_native_password')),
    'switch there and back': endless((round) =>
      switchTo(round % 2 ? 'mysql_native_password' : 'caching_sha2_password'),
    ),
    'switch to parsec': endless(() => switchTo('parsec')),
    'switch to ed25519': endless(() => switchTo('client_ed25519')),
    factor: endless(() => nextFactor('mysql_native_password')),
    'switch and factor in turn': endless((round) =>
      round % 2 ? nextFactor('mysql_native_password') : switchTo('mysql_native_password'),
    ),
    'success of fast authentication': endless(() => moreData([3]), false),
    'demand for full authentication': endless(() => moreData([4])),
    'piece of data': endless(() => moreData(zeros(100)), false),
    'salt of parsec': endless((round) => (round === 0 ? switchTo('parsec') : moreData('50 03', zeros(18)))),
    key: endless((round) => (round === 0 ? moreData([4]) : moreData(text(roguePem).subarray(0, 100)))),
    'empty packet': endless(() => bytes(), false),
    greeting: endless(() => greeting(), false),
  }
  for (const [what, script] of Object.entries(kinds)) {
    it(`is left, and not at the deadline: one more ${what}`, async () => {
      const { error } = await meet({ script, options: { getServerPublicKey: true }, symbol: over })
      assert.notEqual(error.symbol, 'CR_SERVER_LOST')
    })
  }

  it('is left: one more question of a dialog', async () => {
    let asked = 0
    const question = (round: number) =>
      round === 0 ? switchTo('dialog', text('\x02Name?')) : moreData(text('\x02And?'))
    const prompt = () => {
      asked++
      return 'nobody'
    }
    const options = { ...proven, enableCleartextPlugin: true, prompt }
    await meet({ script: endless(question, true, overTls), options, symbol: over })
    assert.ok(asked <= 20, `${asked} questions`)
  })
})
