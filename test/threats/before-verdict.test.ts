/** T10: nothing that a client says behind its login is a command before the verdict, and never if the verdict is no. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Account } from '../../src/accounts/account.ts'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import { bytes, nul } from '../support/bytes.ts'
import { openDoor, until } from './open-door.ts'
import { command, errOf, frame, loginPacket, nativeScramble, Stranger, usualFlags } from './stranger.ts'

const right = new MemoryAccounts([
  { user: 'u', plugin: 'mysql_native_password', password: 'right' },
  { user: 'c', plugin: 'mysql_clear_password', password: 'right' },
])

/** What follows the login in the same breath. */
const pipelined = Buffer.concat([
  frame(bytes([command.query], Buffer.from('DROP TABLE t'))),
  frame(bytes([command.initDb], Buffer.from('app'))),
  frame(bytes([command.changeUser], nul('root'), [0], [0], [255, 0], nul('mysql_native_password'))),
  frame(Uint8Array.of(command.quit)),
])

const door = (t: TestContext, accounts: AccountSource) =>
  openDoor(t, {
    accounts,
    settings: {
      default_authentication_plugin: 'mysql_native_password',
      saltgate_allow_clear_password: true,
      connect_timeout: 2,
    },
  })

function loginFor(stranger: Stranger, password: string): Buffer {
  const proof = nativeScramble(password, stranger.greeting.nonce)
  return frame(loginPacket({ user: 'u', plugin: 'mysql_native_password', proof }), 1)
}

/** Sends login and commands in two segments, cut at `cut`, and waits for the end. */
async function pipeline(port: number, password: string, cut: number): Promise<Buffer> {
  const stranger = await Stranger.greeted(port)
  const all = Buffer.concat([loginFor(stranger, password), pipelined])
  stranger.write(all.subarray(0, cut))
  await new Promise((resolve) => setImmediate(resolve))
  stranger.write(all.subarray(cut))
  const rest = await stranger.rest()
  stranger.destroy()
  return rest
}

/** An account source that takes its time. */
function slow(found: (account: Account | undefined) => Promise<Account | undefined>): AccountSource {
  return { find: (user, peer) => found(right.find(user, peer)) }
}

describe('commands that come with the login', () => {
  it('T10 are not run after a wrong password, wherever the stream is cut', async (t) => {
    const { port, queries } = await door(t, right)
    const length = loginFor(await Stranger.greeted(port), 'wrong').length + pipelined.length
    const cuts = Array.from({ length: length - 1 }, (_, i) => i + 1)
    for (let i = 0; i < cuts.length; i += 16) {
      const rests = await Promise.all(cuts.slice(i, i + 16).map((cut) => pipeline(port, 'wrong', cut)))
      for (const rest of rests) assert.equal(errOf(rest.subarray(4)).code, 1045)
    }
    assert.deepEqual(queries, [])
  })

  it('T10 are run once the right password was checked, and not before', async (t) => {
    const decided = Promise.withResolvers<void>()
    const {
      port,
      queries,
      door: opened,
    } = await door(
      t,
      slow(async (account) => {
        await decided.promise
        return account
      }),
    )
    const answered = pipeline(port, 'right', 60)
    await until(() => [...opened.registry.live.values()].some(({ phase }) => phase === 'account'), 'the look-up')
    assert.deepEqual(queries, [])
    decided.resolve()
    await answered
    assert.deepEqual(queries, ['DROP TABLE t'])
  })

  const verdicts: Readonly<Record<string, (account: Account | undefined) => Promise<Account | undefined>>> = {
    'an unknown user, at once': async () => undefined,
    'an unknown user, late': () => new Promise((resolve) => setTimeout(resolve, 60, undefined)),
    'a source that throws, late': () => new Promise((_, reject) => setTimeout(reject, 60, new Error('down'))),
    'a source that throws no Error': () => Promise.reject('down'),
    'a source that never answers': () => new Promise(() => {}),
    'a source that answers nonsense': async () => ({}) as Account,
  }
  for (const [name, found] of Object.entries(verdicts)) {
    it(`T10 are not run for ${name}`, async (t) => {
      const { port, queries, door: opened } = await door(t, slow(found))
      const length = loginFor(await Stranger.greeted(port), 'right').length
      const rests = await Promise.all(
        [1, 4, 5, length - 1, length, length + 1, length + 5, length + 20].map((cut) => pipeline(port, 'right', cut)),
      )
      for (const rest of rests) assert.ok(rest.length === 0 || rest[4] === 0xff, rest.toString('latin1'))
      assert.deepEqual(queries, [])
      await until(() => opened.registry.live.size <= 1, 'the connections end')
    })
  }

  const checks: Readonly<Record<string, (password: string) => boolean | Promise<boolean>>> = {
    'a late no': () => new Promise((resolve) => setTimeout(resolve, 60, false)),
    'a throw': () => {
      throw new Error('down')
    },
    'a late throw': () => new Promise((_, reject) => setTimeout(reject, 60, new Error('down'))),
    'no answer': () => new Promise(() => {}),
    'something that is not true': () => 1 as unknown as boolean,
    'a promise of something that is not true': async () => 'yes' as unknown as boolean,
  }
  for (const [name, check] of Object.entries(checks)) {
    it(`T10 are not run when the password check comes to ${name}`, async (t) => {
      const { port, queries } = await door(t, {
        find: (user, peer) => right.find(user, peer),
        checkPassword: (_, password) => check(password.toString()),
      })
      const stranger = await Stranger.greeted(port)
      await stranger.startTls()
      const login = loginPacket({
        user: 'c',
        plugin: 'mysql_clear_password',
        proof: nul('right'),
        flags: usualFlags | 0x800,
      })
      stranger.send(login)
      const request = await stranger.packet()
      assert.equal(request?.payload[0], 0xfe)
      stranger.write(frame(nul('right'), stranger.sequenceId), pipelined)
      const rest = await stranger.rest()
      assert.ok(rest.length === 0 || rest[4] === 0xff, rest.toString('latin1'))
      assert.deepEqual(queries, [])
      stranger.destroy()
    })
  }

  it('T10 a client that left before the verdict gets no session, even when the verdict is yes', async (t) => {
    const decided = Promise.withResolvers<void>()
    const { port, door: opened } = await door(
      t,
      slow(async (account) => {
        await decided.promise
        return account
      }),
    )
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const stranger = await Stranger.greeted(port)
      stranger.write(loginFor(stranger, 'right'))
      await until(() => [...opened.registry.live.values()].some(({ phase }) => phase === 'account'), 'the look-up')
      stranger.plain[leave]()
      await until(() => opened.registry.live.size === 0, `${leave} is noticed`, 1500)
    }
    decided.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    const outcomes = opened.registry.history().map(({ outcome, reason }) => `${outcome} ${reason}`)
    assert.deepEqual(outcomes, ['refused client-gone', 'refused client-gone', 'refused client-gone'])
  })
})
