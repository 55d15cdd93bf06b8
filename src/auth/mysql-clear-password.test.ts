import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, capturedDialogues, judge, startClient, turnsOf } from '../../test/support/auth-dialogues.ts'
import { mysqlClearPassword as plugin } from './mysql-clear-password.ts'
import type { ServerProof, Verdict } from './plugin.ts'

describe('mysql_clear_password', () => {
  it('sends what real clients sent, and hands it to the judge', () => {
    const dialogues = capturedDialogues('mysql_clear_password')
    assert.equal(dialogues.length, 6)
    for (const dialogue of dialogues) {
      const [answer] = turnsOf(dialogue, 'client')
      assert.deepEqual(verdictOn(answer!), { verdict: 'check-secret', secret: answer, form: 'clear' }, dialogue.name)
      const client = start(dialogue.clientPassword)
      assert.deepEqual(Buffer.from(client.next().value!), answer, dialogue.name)
    }
  })

  it('adds the NUL that some clients leave out', () => {
    const expected = { verdict: 'check-secret', secret: bytes('secret\0'), form: 'clear' }
    assert.deepEqual(verdictOn(bytes('secret')), expected)
  })

  it('refuses an empty password, whatever is stored: a judge may take it for an anonymous login', () => {
    for (const answer of [new Uint8Array(0), Uint8Array.of(0)]) {
      for (const authStrings of [[''], ['$A$'], []]) {
        assert.deepEqual(verdictOn(answer, { authStrings }), { verdict: 'deny', reason: 'no-password' })
      }
    }
  })

  it('wipes the packet of the client, and throws when the server wants more', () => {
    const client = start('secret')
    const packet = client.next().value!
    assert.throws(() => client.next(new Uint8Array(0)), { name: 'ProtocolViolation' })
    assert.ok(packet.every((byte) => byte === 0))
  })

  it('stores what caching_sha2_password stores', () => {
    const stored = plugin.store(bytes('secret'), bytes('0123456789abcdefghij'), 1000)
    assert.ok(stored.startsWith('$A$001$') && plugin.understands(stored))
  })
})

function start(password: string) {
  return startClient(plugin, {
    password: bytes(password),
    nonce: new Uint8Array(0),
    channel: 'tls',
    mayRequestPublicKey: false,
  })
}

function verdictOn(answer: Uint8Array, given: Partial<ServerProof> = {}): Verdict {
  const proof = {
    nonce: new Uint8Array(0),
    channel: 'tls',
    authStrings: [''],
    fastDigests: [],
    publicKey: undefined,
  } as const
  return judge(plugin, { ...proof, ...given }, [answer]).verdict
}
