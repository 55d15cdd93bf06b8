import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientDialogue } from '../auth/plugin.ts'
import { clientError, ProtocolViolation } from '../errors/errors.ts'
import { keptUp } from './kept-up-dialogue.ts'

const refusal = () => clientError('CR_AUTH_PLUGIN_ERR', 'p', 'not here')
const start = (dialogue: ClientDialogue) => (dialogue.next as () => IteratorResult<unknown>)()

describe('keptUp', () => {
  it('answers wrong where a plugin refuses at once, as often as it is asked, and ends with the refusal', () => {
    const dialogue = keptUp('mysql_native_password', () => {
      throw refusal()
    })
    assert.deepEqual(start(dialogue).value, new Uint8Array(20))
    assert.deepEqual(dialogue.next(new Uint8Array(3)).value, new Uint8Array(20))
    assert.throws(() => dialogue.return(), { symbol: 'CR_AUTH_PLUGIN_ERR' })
  })

  it('answers wrong where a plugin refuses later', () => {
    const dialogue = keptUp('caching_sha2_password', function* (): ClientDialogue {
      yield Uint8Array.of(7)
      throw refusal()
    })
    assert.deepEqual(start(dialogue).value, Uint8Array.of(7))
    assert.deepEqual(dialogue.next(Uint8Array.of(4)).value, Uint8Array.of(0))
    assert.throws(() => dialogue.return(), { symbol: 'CR_AUTH_PLUGIN_ERR' })
  })

  it('passes on what goes well, what the server does wrong, and what a plugin says at its end', () => {
    let ended = false
    const dialogue = keptUp('p', function* (): ClientDialogue {
      try {
        const said = yield Uint8Array.of(1)
        yield said
      } finally {
        ended = true
      }
    })
    start(dialogue)
    assert.deepEqual(dialogue.next(Uint8Array.of(9)), { value: Uint8Array.of(9), done: false })
    dialogue.return()
    assert.ok(ended)
    const violated = keptUp('p', () => {
      throw new ProtocolViolation('CR_MALFORMED_PACKET', { phase: 'verdict', expected: ['a'], got: 'b' })
    })
    assert.throws(() => start(violated), ProtocolViolation)
  })
})
