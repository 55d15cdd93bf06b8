/** One line per login that ended: of real ones what stands in it, of a storm that nothing is lost from the count. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test'
import fc from 'fast-check'
import { createConnection } from 'mysql2/promise'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import { type DenyReason, denyReasons } from '../errors/deny-reasons.ts'
import { ConnectionRecord } from '../registry/connection-record.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import { HandshakeLog } from './handshake-log.ts'
import { silentLog } from './log.ts'

interface Line {
  readonly msg: string
  readonly [fact: string]: unknown
}

describe('the line of a login', () => {
  let server: TestDoor
  const lines: Line[] = []

  before(async () => {
    const accounts = [
      { user: 'app', host: '%', plugin: 'caching_sha2_password', password: 'pw-canary-app' },
      { user: 'old', host: '%', plugin: 'mysql_native_password', password: 'pw-canary-old' },
    ]
    server = await openDoor({ accounts })
    mock.method(server.door.log, 'info', (facts: object, msg: string) => void lines.push({ msg, ...facts }))
  })

  beforeEach(() => {
    lines.length = 0
  })

  after(() => server.close())

  async function lineOf(msg: string): Promise<Line> {
    await until(() => lines.some((line) => line.msg === msg), `'${msg}' was logged`)
    return lines.find((line) => line.msg === msg) ?? assert.fail()
  }

  const app = () => ({ host: '127.0.0.1', port: server.port, user: 'app', password: 'pw-canary-app' })

  it('says who was admitted, from where, how, by which client, and how long each phase took', async () => {
    const connection = await createConnection({ ...app(), ssl: { rejectUnauthorized: false } })
    const { totalMs, phasesMs, client, ...facts } = await lineOf('admitted')
    await connection.end()
    assert.deepEqual(facts, {
      ...{ msg: 'admitted', connection: facts.connection, user: 'app', account: "'app'@'%'", host: 'localhost' },
      ...{ address: '127.0.0.1', plugin: 'caching_sha2_password', channel: 'tls', tls: 'TLSv1.3' },
      ...{ detail: undefined, error: undefined },
    })
    assert.match(String(client), /^Node-MySQL-2 \d/)
    const times = phasesMs as Record<string, number>
    assert.ok(['accepted', 'login', 'tls', 'login-over-tls', 'auth-answer'].every((phase) => (times[phase] ?? -1) >= 0))
    const sum = Object.values(times).reduce((a, b) => a + b)
    assert.ok(Math.abs(sum - Number(totalMs)) < 0.001 * Object.keys(times).length, `${sum} of ${totalMs}`)
  })

  it('says of a refused one in which phase, for which reason and with which error', async () => {
    await assert.rejects(createConnection({ ...app(), user: 'nobody' }))
    const { user, account, phase, reason, error, channel, tls } = await lineOf('refused')
    assert.deepEqual(
      [user, account, phase, reason, error, channel, tls],
      ['nobody', undefined, 'admission', 'unknown-account', 1045, 'plaintext', undefined],
    )
  })

  it('says of a stranger who left no more than there is', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'data')
    socket.end()
    const { user, account, client, reason, phase, plugin } = await lineOf('refused')
    assert.deepEqual([user, account, client, plugin], [undefined, undefined, undefined, undefined])
    assert.deepEqual([reason, phase], ['client-gone', 'login'])
  })

  it('tells a change of user from a login', async () => {
    const connection = await createConnection({ ...app(), ssl: { rejectUnauthorized: false } })
    assert.equal((await lineOf('admitted')).again, undefined)
    lines.length = 0
    await connection.changeUser({ user: 'old', password: 'pw-canary-old' })
    const { again, user, plugin, totalMs } = await lineOf('admitted')
    await connection.end()
    assert.deepEqual([again, user, plugin], [true, 'old', 'mysql_native_password'])
    assert.ok(Number(totalMs) < 10_000)
  })

  it('holds no secret, whatever the login was', async () => {
    for (const password of ['pw-canary-app', 'pw-canary-app ', 'PW-CANARY-APP']) {
      for (const ssl of [undefined, { rejectUnauthorized: false }]) {
        const options = { ...app(), password, ...(ssl && { ssl }) }
        await createConnection(options).then(
          (connection) => connection.end(),
          () => {},
        )
      }
    }
    await lineOf('explained')
    const text = JSON.stringify(lines)
    assert.doesNotMatch(text, /canary/i)
    for (const form of ['hex', 'base64'] as const)
      assert.ok(!text.includes(Buffer.from('pw-canary-app').toString(form)))
  })
})

describe('the log in a storm', () => {
  afterEach(() => mock.timers.reset())
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }))

  const result = fc.option(fc.constantFrom(...(Object.keys(denyReasons) as DenyReason[])), { nil: undefined })
  const storm = fc.array(
    fc.record({ result, burst: fc.integer({ min: 1, max: 90 }), pause: fc.integer({ max: 1500, min: 0 }) }),
  )

  it('counts every login exactly once, in a line or among those without, and writes so many lines a second', () => {
    fc.assert(
      fc.property(storm, (bursts) => {
        const lines: Line[] = []
        const info = (facts: object, msg: string) => void lines.push({ atMs: Date.now(), msg, ...facts })
        const log = new HandshakeLog({ ...silentLog, info }, () => 20)
        const ended = new Map<string, number>()
        for (const { result, burst, pause } of bursts) {
          for (let i = 0; i < burst; i++) log.onEnded(handshake(result))
          ended.set(result ?? 'admitted', (ended.get(result ?? 'admitted') ?? 0) + burst)
          mock.timers.tick(pause)
        }
        log.close()
        assert.deepEqual(counted(lines), ended)
        // A second of the clock is part of two of the log at most.
        const most = 2 * (2 * 20 + new Set(bursts.map(({ result }) => result)).size + 1)
        for (const second of Map.groupBy(lines, ({ atMs }) => Math.floor(Number(atMs) / 1000)).values()) {
          assert.ok(second.length <= most, `${second.length} lines in a second`)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('has a line for the first of each reason, however many others there were', () => {
    const lines: Line[] = []
    const log = new HandshakeLog({ ...silentLog, info: (facts, msg) => void lines.push({ msg, ...facts }) }, () => 3)
    for (let i = 0; i < 10; i++) log.onEnded(handshake('secret-mismatch'))
    log.onEnded(handshake('login-timeout'))
    log.onEnded(handshake('login-timeout'))
    assert.deepEqual(
      lines.map(({ reason }) => reason),
      ['secret-mismatch', 'secret-mismatch', 'secret-mismatch', 'login-timeout'],
    )
  })

  it('says at the end of the second, and when the door is closed, how many had no line', () => {
    const lines: Line[] = []
    const log = new HandshakeLog({ ...silentLog, info: (facts, msg) => void lines.push({ msg, ...facts }) }, () => 1)
    const more = () => lines.filter(({ msg }) => msg === 'more logins')
    for (let i = 0; i < 4; i++) log.onEnded(handshake(undefined))
    mock.timers.tick(999)
    assert.deepEqual(more(), [])
    mock.timers.tick(1)
    assert.deepEqual(more(), [{ msg: 'more logins', admitted: 3, refused: 0, reasons: {}, sinceMs: 0 }])
    mock.timers.tick(5000)
    for (let i = 0; i < 3; i++) log.onEnded(handshake('unknown-account'))
    log.close()
    const reasons = { 'unknown-account': 2 }
    assert.deepEqual(more()[1], { msg: 'more logins', admitted: 0, refused: 2, reasons, sinceMs: 6000 })
    mock.timers.tick(5000)
    assert.equal(more().length, 2)
  })

  it('does not look at a login that it has no line for', () => {
    const log = new HandshakeLog(silentLog, () => 1)
    log.onEnded(handshake(undefined))
    log.onEnded({
      ...handshake(undefined),
      get record(): never {
        return assert.fail()
      },
    })
  })
})

/** By result, in lines and in those that say how many had none. */
function counted(lines: readonly Line[]): Map<string, number> {
  const sum = new Map<string, number>()
  const add = (result: string, count: number) => count > 0 && sum.set(result, (sum.get(result) ?? 0) + count)
  for (const { msg, reason, admitted, refused, reasons } of lines) {
    if (msg !== 'more logins') {
      add(String(reason ?? msg), 1)
      continue
    }
    add('admitted', Number(admitted))
    const byReason = Object.entries(reasons as Record<string, number>)
    for (const [name, count] of byReason) add(name, count)
    assert.equal(
      byReason.reduce((all, [, count]) => all + count, 0),
      refused,
    )
  }
  return sum
}

function handshake(reason: DenyReason | undefined): EndedHandshake {
  const record = new ConnectionRecord(1, 'plaintext', '10.0.0.7', 4711, 0)
  const { story } = record
  return {
    ...{ record, story, again: false, user: undefined, account: undefined, plugin: undefined, channel: 'plaintext' },
    ...{ tlsVersion: undefined, endedAtMs: 0, outcome: reason === undefined ? 'admitted' : 'refused', during: 'login' },
    ...{ reason, detail: undefined, errorCode: undefined },
  }
}
