import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, text } from '../../../test/support/bytes.ts'
import { captures } from '../../../test/support/captures.ts'
import * as said from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import type { SeenKind, SeenPacket } from '../observation.ts'
import { ladder } from './ladder.ts'
import { reportOf } from './report.ts'
import { secretPlace } from './secret-places.ts'
import { jsonLine } from './visible.ts'

const beforeLogin = { plugin: undefined, loggedIn: false, capabilities: 0 }
const loggedIn = { plugin: 'caching_sha2_password', loggedIn: true, capabilities: 0 }

function packet(kind: SeenKind, payload: Uint8Array, changes: Partial<SeenPacket> = {}): SeenPacket {
  const from = kind.startsWith('COM_') || kind === 'AuthAnswer' ? 'client' : 'server'
  const fixed = { atMs: 0, sequenceId: 0, problem: undefined, channel: 'plaintext', fields: undefined } as const
  return { from, kind, payload, length: payload.length, ...fixed, ...changes }
}

describe('secretPlace', () => {
  it('covers every answer of every capture, in words, fields and bytes', () => {
    let answers = 0
    for (const { name, password } of captures) {
      const seen = said.observedIn(name)
      const report = reportOf(seen, { hex: true })
      const all = [jsonLine(report), ladder(report, { colour: false, verbose: true })]
      for (const answer of seen.exchanges.flatMap((exchange) => exchange.answers)) {
        if (answer.length < 4) continue
        answers++
        const hex = Buffer.from(answer).toString('hex')
        assert.ok(
          report.steps.every((step) => !step.hex?.includes(hex)),
          `an answer in ${name}`,
        )
      }
      // User names are part of these passwords, so the password has to stand alone.
      const clear = password !== null && password.length > 2 ? password : 'no such text'
      for (const output of all) assert.ok(!output.includes(clear), `the password in ${name}`)
    }
    assert.ok(answers > 300, `${answers} answers`)
  })

  it('covers exactly the answer of a login, also where its length has three bytes', () => {
    for (const length of [1, 20, 300]) {
      const answer = said.scramble(length)
      const seen = said.observed(said.greeting(), said.login({ authAnswer: answer }))
      const login = seen.packets[1] as SeenPacket
      const place = secretPlace(login, beforeLogin)
      assert.deepEqual(login.payload.slice(...(place as [number, number])), answer)
    }
  })

  it('takes all but the flags of a login that does not decode, wherever its answer may be', () => {
    const payload = bytes(new Uint8Array(32), text('mary'), [0], text('secret'))
    assert.deepEqual(secretPlace(packet('HandshakeResponse41', payload), beforeLogin), [4, payload.length])
    const old = bytes([0x85, 0x24], [0, 0, 0], text('mary'), [0], said.scramble(8))
    assert.deepEqual(secretPlace(packet('HandshakeResponse41', old), beforeLogin), [4, old.length])
    assert.deepEqual(secretPlace(packet('COM_CHANGE_USER', text('\x11mary')), loggedIn), [1, 5])
  })

  it('shows an answer of one byte that is none, and no other', () => {
    for (const byte of [0, 1, 2]) assert.equal(secretPlace(packet('AuthAnswer', bytes([byte])), loggedIn), undefined)
    assert.deepEqual(secretPlace(packet('AuthAnswer', text('x')), loggedIn), [0, 1])
    assert.deepEqual(secretPlace(packet('AuthAnswer', bytes([2, 2])), loggedIn), [0, 2])
  })

  it('covers the digest of the password in the info of an OK', () => {
    const info = bytes([1], text('AB'.repeat(32)))
    const payload = bytes([0, 0, 0, 2, 0, 0, 0, info.length], info)
    const place = secretPlace(packet('Ok', payload, { fields: { info } }), beforeLogin)
    assert.deepEqual(place, [8, payload.length])
  })

  it('covers a statement and the text of its error from the first quotation mark on', () => {
    const sql = "/* don't */ ALTER USER u IDENTIFIED BY 'secret'"
    assert.deepEqual(secretPlace(packet('COM_QUERY', text(`\x03${sql}`)), loggedIn), [8, sql.length + 1])
    assert.equal(secretPlace(packet('COM_QUERY', text('\x03SELECT 1')), loggedIn), undefined)
    const near = bytes([0xff, 0x28, 0x04], text("#42000... near ''secret' x' at line 1"))
    assert.deepEqual(secretPlace(packet('Err', near), loggedIn), [19, near.length])
    assert.equal(secretPlace(packet('Err', near), beforeLogin), undefined)
  })

  it('covers a statement with attributes, whose values come before it', () => {
    const context = { ...loggedIn, capabilities: capability.QUERY_ATTRIBUTES }
    assert.equal(secretPlace(packet('COM_QUERY', bytes([3, 0, 1], text('SELECT 1'))), context), undefined)
    assert.deepEqual(secretPlace(packet('COM_QUERY', bytes([3, 1, 1], text('SELECT 1'))), context), [1, 11])
  })

  it('covers commands that hold values, AuthMoreData of plugins that prove by it, and what nobody knows', () => {
    const payload = text('\x17secret')
    assert.deepEqual(secretPlace(packet('COM_STMT_EXECUTE', payload), loggedIn), [1, 7])
    assert.deepEqual(secretPlace(packet('COM_CLONE', payload), loggedIn), [1, 7])
    const sasl = { ...beforeLogin, plugin: 'authentication_ldap_sasl_client' }
    assert.deepEqual(secretPlace(packet('AuthMoreData', payload), sasl), [1, 7])
    assert.equal(secretPlace(packet('AuthMoreData', payload), loggedIn), undefined)
    assert.deepEqual(secretPlace(packet('Unknown', payload), loggedIn), [0, 7])
    assert.deepEqual(secretPlace(packet('Unknown', payload, { from: 'client' }), beforeLogin), [0, 7])
    assert.equal(secretPlace(packet('Unknown', payload), beforeLogin), undefined)
  })
})
