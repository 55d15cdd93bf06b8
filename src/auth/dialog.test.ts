import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, capturedDialogues, clientNonce, converse, judge, turnsOf } from '../../test/support/auth-dialogues.ts'
import { dialog as plugin } from './dialog.ts'
import type { ClientDialogue, Question } from './plugin.ts'

const proof = {
  nonce: new Uint8Array(0),
  channel: 'tls',
  authStrings: ['$A$'],
  fastDigests: [],
  publicKey: undefined,
} as const

describe('the client half of dialog', () => {
  it('answers the first question for a password as a real client answered a real server', () => {
    const dialogues = capturedDialogues('dialog')
    assert.equal(dialogues.length, 1)
    for (const dialogue of dialogues) {
      const client = start(dialogue.clientPassword, Buffer.from(dialogue.nonce, 'hex'))
      assert.deepEqual(Buffer.from(sent(client)), turnsOf(dialogue, 'client')[0], dialogue.name)
    }
  })

  it('sends the password at once to a server that opens without a question, as MariaDB does for PAM', () => {
    assert.deepEqual(sent(start('secret', bytes(''))), bytes('secret\0'))
  })

  it('holds the conversation that MariaDB 11.8 held for a PAM stack of two modules', () => {
    const client = start('pam-secret', bytes(''))
    assert.deepEqual(sent(client), bytes('pam-secret\0'))
    const question = 'Guest login ok, send your complete e-mail address as password.'
    assert.deepEqual(asked(client, bytes(`\x04${question}`)), { ask: question, echo: false })
    assert.deepEqual(sent(client, bytes('me@home')), bytes('me@home\0'))
  })

  it('asks a person for the password when it was given none', () => {
    const client = start('', bytes(''))
    assert.deepEqual(asked(client), { ask: 'Password:', echo: false })
    assert.deepEqual(sent(client, bytes('typed')), bytes('typed\0'))
  })

  it('asks a person all that is no question for a password, and every question after the first password', () => {
    const client = start('secret', bytes('\x02Your name?'))
    assert.deepEqual(asked(client), { ask: 'Your name?', echo: true })
    assert.deepEqual(sent(client, bytes('Ute')), bytes('Ute\0'))
    assert.deepEqual(sent(client, bytes('\x04Password:')), bytes('secret\0'))
    assert.deepEqual(asked(client, bytes('\x04Wrong. Once more:')), { ask: 'Wrong. Once more:', echo: false })
    assert.deepEqual(sent(client, bytes('typed')), bytes('typed\0'))
    assert.deepEqual(asked(client, bytes('\x03Are you sure?')), { ask: 'Are you sure?', echo: true })
    assert.deepEqual(sent(client, bytes('')), bytes('\0'))
  })

  it('throws when the server says more after the last answer', () => {
    for (const kind of ['\x03', '\x05']) {
      const client = start('', bytes(`${kind}Code:`))
      asked(client)
      const packet = sent(client, bytes('123'))
      assert.throws(() => client.next(bytes('\x04Password:')), { name: 'ProtocolViolation' })
      assert.deepEqual(packet, new Uint8Array(4))
    }
  })

  it('throws on a question of an unknown kind, before and after the password', () => {
    for (const kind of [0x00, 0x01, 0x06, 0x20, 0xfe, 0xff]) {
      const violation = { name: 'ProtocolViolation', symbol: 'CR_MALFORMED_PACKET' }
      assert.throws(() => start('secret', Uint8Array.of(kind)).next(), violation)
      const client = start('secret', bytes('\x04'))
      client.next()
      assert.throws(() => client.next(Uint8Array.of(kind)), violation)
      assert.equal(plugin.meaningOf?.(Uint8Array.of(kind)), undefined)
    }
    const client = start('secret', bytes('\x04'))
    client.next()
    assert.throws(() => client.next(new Uint8Array(0)), { name: 'ProtocolViolation' })
  })

  it('wipes each packet with an answer once the server has spoken, however the dialogue goes on', () => {
    const ends: ((client: ClientDialogue) => unknown)[] = [
      (client) => client.next(bytes('\x02More?')),
      (client) => client.return(),
      (client) => assert.throws(() => client.throw(new Error('gone'))),
    ]
    for (const end of ends) {
      const client = start('secret', bytes('\x04Password:'))
      const packet = sent(client)
      assert.deepEqual(packet, bytes('secret\0'))
      end(client)
      assert.deepEqual(packet, new Uint8Array(7))
    }
  })

  it('shows one line without anything that a terminal would obey, whatever the server says', () => {
    const rogue = '\x02\x1b[2J\x07Your password has expired.\r\n\u202eetad\u2066\u200b\u0085New\tone:\u2028\0'
    assert.equal(asked(start('', bytes(rogue))).ask, '[2J Your password has expired. etad New one:')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (text) => {
        const { ask } = asked(start('', Uint8Array.of(0x02, ...text)))
        assert.ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(ask.replace(/\p{Cn}|\p{Co}/gu, '')))
        assert.ok(ask.length <= 1024)
      }),
    )
  })

  it('has words for what the server sends', () => {
    const meanings = [2, 3, 4, 5].map((kind) => plugin.meaningOf?.(Uint8Array.of(kind, 0x3f)))
    assert.deepEqual(meanings, [
      'a question',
      'the last question',
      'a question for a password',
      'the last question for a password',
    ])
  })
})

describe('the server half of dialog', () => {
  it('opens with a question for a password, which its client half answers, and hands the answer to the judge', () => {
    const login = { password: bytes('secret'), channel: 'tls', mayRequestPublicKey: false } as const
    const { verdict } = converse(plugin, login, { ...proof, nonce: plugin.opening! })
    assert.deepEqual(verdict, { verdict: 'check-secret', secret: bytes('secret\0'), form: 'clear' })
    assert.deepEqual(asked(start('', plugin.opening!)), { ask: 'Password:', echo: false })
  })

  it('refuses an empty password', () => {
    for (const answer of [bytes(''), bytes('\0')]) {
      assert.deepEqual(judge(plugin, proof, [answer]).verdict, { verdict: 'deny', reason: 'no-password' })
    }
  })

  it('stores what caching_sha2_password stores', () => {
    const stored = plugin.store(bytes('secret'), bytes('0123456789abcdefghij'), 1000)
    assert.ok(stored.startsWith('$A$001$') && plugin.understands(stored))
  })
})

function start(password: string, nonce: Uint8Array): ClientDialogue {
  const login = { password: bytes(password), nonce, channel: 'tls', mayRequestPublicKey: false, clientNonce } as const
  return plugin.client(login)
}

/** What the client half sends next, given an answer of the person or of the server. */
function sent(client: ClientDialogue, given: Uint8Array = new Uint8Array(0)): Uint8Array {
  const { value } = client.next(given)
  assert.ok(value instanceof Uint8Array)
  return value
}

/** What the client half asks the person next. */
function asked(client: ClientDialogue, given: Uint8Array = new Uint8Array(0)): Question {
  const { value } = client.next(given)
  assert.ok(value !== undefined && 'ask' in value)
  return value
}
