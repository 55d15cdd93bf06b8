/** A backend that lies costs only the session on it, with an error that is right, in time; others go on, and nothing is left over. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import {
  column,
  err,
  frame,
  frames,
  greeting,
  localInfile,
  moreData,
  nextFactor,
  ok,
  switchTo,
} from '../rogue/packets.ts'
import { bytes, int, text, zeros } from '../support/bytes.ts'
import { openDoor, type TestDoor, until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { idOf, type Lie, LyingBackend, type Turn } from './lying-backend.ts'

const noBackend = [2003]
const lost = [2013]
/** The session is over: the gateway says why, or the client finds out itself. */
const broken = [1156, 2006, 2013, 2014, 2027]

/** The backend's patience in this test. Units: ms. */
const patienceMs = 400

const hardlyARow = [bytes([1]), column(), bytes([3], text('abc'))]

/** What may be said at every turn of a login. */
function anywhere(turn: Turn, truth: Uint8Array): Readonly<Record<string, Lie>> {
  return {
    'another sequence id': { at: turn, says: frame(truth, idOf[turn] + 3), and: 'goes on' },
    'a packet of 16 MB': { at: turn, says: bytes('ff ff ff', [idOf[turn]], zeros(100_000)), and: 'is silent' },
    'another protocol': { at: turn, says: text('HTTP/1.1 400 Bad Request\r\n\r\n'), and: 'leaves' },
    'an alert of TLS': { at: turn, says: bytes('15 03 01 00 02 02 28'), and: 'leaves' },
    'an empty packet': { at: turn, says: frame(zeros(0), idOf[turn]), and: 'goes on' },
    'half of it': { at: turn, says: frame(truth, idOf[turn]).subarray(0, 4 + truth.length / 2), and: 'leaves' },
    'half of its header': { at: turn, says: frame(truth, idOf[turn]).subarray(0, 2), and: 'resets' },
    nothing: { at: turn, and: 'leaves' },
    'a reset': { at: turn, and: 'resets' },
    silence: { at: turn, and: 'is silent' },
  }
}

const atTheGreeting: Readonly<Record<string, Lie>> = {
  ...anywhere('greeting', greeting()),
  'another protocol version': { at: 'greeting', says: frame(bytes([9], greeting().subarray(1)), 0), and: 'goes on' },
  'that its host is blocked': { at: 'greeting', says: frame(bareErr(1129), 0), and: 'leaves' },
  'that its host is unknown': { at: 'greeting', says: frame(bareErr(1130), 0), and: 'leaves' },
  'that it shuts down': { at: 'greeting', says: frame(bareErr(1053), 0), and: 'leaves' },
}

const inTheLogin: Readonly<Record<string, Lie>> = {
  ...anywhere('switch', switchTo('mysql_native_password')),
  ...prefixed('at the end, ', anywhere('verdict', ok)),
  'a wish for a file': { at: 'switch', says: frame(localInfile('/etc/passwd'), 2), and: 'goes on' },
  'data of no plugin': { at: 'switch', says: frame(moreData([4]), 2), and: 'goes on' },
  'a nonce that is too short': {
    at: 'switch',
    says: frame(switchTo('mysql_native_password', zeros(3)), 2),
    and: 'goes on',
  },
  'at the end, a wish for a file': { at: 'verdict', says: frame(localInfile('/etc/passwd'), 4), and: 'goes on' },
  'at the end, a fourth factor': {
    at: 'verdict',
    says: frames(
      [2, 3, 4, 5].map(() => nextFactor('mysql_native_password')),
      4,
    ),
    and: 'goes on',
  },
}

const inTheSession: Readonly<Record<string, { readonly lie: Lie; readonly codes: readonly number[] }>> = {
  nothing: { lie: { at: 'answer', and: 'leaves' }, codes: lost },
  'a reset': { lie: { at: 'answer', and: 'resets' }, codes: lost },
  'another protocol': {
    lie: { at: 'answer', says: text('HTTP/1.1 400 Bad Request\r\n\r\n'), and: 'leaves' },
    codes: broken,
  },
  'an alert of TLS': { lie: { at: 'answer', says: bytes('15 03 01 00 02 02 28'), and: 'leaves' }, codes: broken },
  'another sequence id': { lie: { at: 'answer', says: frame(ok, 9), and: 'goes on' }, codes: broken },
  'an empty packet': { lie: { at: 'answer', says: frame(zeros(0), 1), and: 'leaves' }, codes: broken },
  'a wish for a file': {
    lie: { at: 'answer', says: frame(localInfile('/etc/passwd'), 1), and: 'goes on' },
    codes: [...broken, 2068],
  },
  'half a header': { lie: { at: 'answer', says: bytes('07 00'), and: 'leaves' }, codes: lost },
  'half a packet': { lie: { at: 'answer', says: frame(ok, 1).subarray(0, 6), and: 'leaves' }, codes: lost },
  'half a result': { lie: { at: 'answer', says: frames(hardlyARow, 1), and: 'leaves' }, codes: lost },
  'half a row': { lie: { at: 'answer', says: frames(hardlyARow, 1).subarray(0, -2), and: 'resets' }, codes: lost },
  'more columns than any table has': {
    lie: { at: 'answer', says: frame(bytes('fe ff ff ff ff ff ff ff ff'), 1), and: 'leaves' },
    codes: broken,
  },
  'packets that nobody asked for': {
    lie: { at: 'answer', says: bytes(frame(ok, 1), frame(ok, 2), frame(ok, 0)), and: 'goes on' },
    codes: broken,
  },
}

const victims = ['relayed', 'mapped'] as const
type Victim = (typeof victims)[number]

describe('a backend that lies', { timeout: 60_000, concurrency: 2 }, () => {
  /** One for each kind of victim, so that both can be had at once. */
  const liars = {} as Record<Victim, LyingBackend>
  let honest: TestDoor
  let gateway: TestGateway
  let bystander: Connection
  let neighbour: Connection

  before(async () => {
    for (const victim of victims) liars[victim] = await LyingBackend.open()
    honest = await openDoor({ accounts: [{ user: 'calm', password: 'right' }] })
    const backend = (name: string, port: number) => ({
      name,
      connect: { host: '127.0.0.1', port, tls: { mode: 'DISABLED' }, connectTimeoutMs: patienceMs } as const,
    })
    gateway = await openTestGateway({
      backends: [
        backend('relayed', liars.relayed.port),
        backend('mapped', liars.mapped.port),
        backend('honest', honest.port),
      ],
      rules: [
        { user: 'calm', way: 'relay', to: { backend: 'honest' } },
        { user: 'relayed', way: 'relay', to: { backend: 'relayed' } },
        {
          ...{ user: 'mapped', way: 'mapped', to: { backend: 'mapped' } },
          as: { user: 'shared', credential: { password: 'behind' } },
        },
      ],
      accounts: [{ user: 'mapped', password: 'right' }],
    })
    bystander = await enter('calm')
    neighbour = await enter('mapped')
  })

  after(async () => {
    await bystander.close()
    await neighbour.close()
    await gateway.close()
    for (const liar of Object.values(liars)) {
      await until(() => liar.open === 0, 'the gateway has left')
      await liar.close()
    }
    await honest.close()
    assert.deepEqual(gateway.errors, [])
  })

  const enter = (user: string) =>
    connect({
      ...{ host: '127.0.0.1', port: gateway.port, user, password: 'right' },
      ...{ tls: { mode: 'DISABLED' }, getServerPublicKey: true, connectTimeoutMs: 5000 },
    })

  const idle = () => gateway.gateway.pool.shelves().reduce((sum, shelf) => sum + shelf.idle, 0)

  /** The error of one who meets the lie, in at most the backend's patience and as much again for a slow machine. */
  async function victimOf(user: Victim, lie: Lie): Promise<MysqlError> {
    const liar = liars[user]
    const backend = gateway.gateway.backends.all.find(({ name }) => name === user)
    await until(() => backend?.state === 'up' && !backend.doubted, 'the watch has met an honest server')
    while (idle() > 0) {
      gateway.gateway.pool.discard(() => false)
      await until(() => idle() === 0, 'the pool is empty')
    }
    liar.lieOnce(lie)
    const beganMs = performance.now()
    let connection: Connection | undefined
    try {
      connection = await enter(user)
      await connection.query('DO 1')
      // What came unasked is found out with the next answer.
      await connection.query('DO 2')
    } catch (error) {
      assert.ok(error instanceof MysqlError, `${error}`)
      assert.ok(performance.now() - beganMs < 2 * patienceMs + 2000, 'its deadline is kept')
      return error
    } finally {
      connection?.destroy()
      await connection?.closed
      assert.ok(liar.told, 'it lied')
      for (const one of [bystander, neighbour]) await one.ping()
    }
    return assert.fail('the lie was believed')
  }

  for (const user of victims) {
    describe(`where ${user} logs in`, { concurrency: 1 }, () => {
      for (const [what, lie] of Object.entries(atTheGreeting)) {
        it(`is not there, where it should greet ${user} and says ${what}`, async () => {
          const error = await victimOf(user, lie)
          assert.ok(noBackend.includes(error.code), `${error.code} ${error.message}`)
        })
      }

      it(`is full, and not the fault of ${user}, where it has no room`, async () => {
        const says = frame(bareErr(1040), 0)
        assert.equal((await victimOf(user, { at: 'greeting', says, and: 'leaves' })).code, 1040)
      })

      for (const [what, lie] of Object.entries(inTheLogin)) {
        it(`is not there for ${user}, where it says in the login: ${what}`, async () => {
          const error = await victimOf(user, lie)
          // What is relayed as it is, the client finds wrong itself.
          const codes = user === 'relayed' && what.startsWith('a nonce') ? [2012] : noBackend
          assert.ok(codes.includes(error.code), `${error.code} ${error.message}`)
        })
      }

      for (const [what, { lie, codes }] of Object.entries(inTheSession)) {
        it(`ends the session of ${user}, where it answers: ${what}`, async () => {
          const error = await victimOf(user, lie)
          assert.ok(codes.includes(error.code), `${error.code} ${error.message}`)
        })
      }

      it(`says to ${user} ${user === 'relayed' ? 'all' : 'nothing'} of what the refusal says`, async () => {
        const message = "Access denied for user 'shared'@'gateway.internal'"
        const error = await victimOf(user, { at: 'verdict', says: frame(err(message), 4), and: 'leaves' })
        if (user === 'relayed') return assert.equal(error.message, message)
        assert.equal(error.code, 2003)
        assert.doesNotMatch(error.message, /shared|internal/)
      })
    })
  }
})

/** As before the login is known: without SQLSTATE. */
function bareErr(code: number): Uint8Array {
  return bytes([0xff], int(code, 2), text("Host 'gateway.internal' at 127.0.0.1"))
}

function prefixed(prefix: string, lies: Readonly<Record<string, Lie>>): Readonly<Record<string, Lie>> {
  return Object.fromEntries(Object.entries(lies).map(([what, lie]) => [`${prefix}${what}`, lie]))
}
