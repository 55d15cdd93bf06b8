import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { statusVariables } from '../../src/console/tables/performance-schema/status.ts'
import type { Viewer } from '../../src/console/tables/table.ts'
import { accountsSeen } from '../../src/dashboard/seen-accounts.ts'
import { doorFacts } from '../../src/dashboard/seen-door.ts'
import { handshakeSeen } from '../../src/dashboard/seen-handshake.ts'
import { hostsSeen } from '../../src/dashboard/seen-hosts.ts'
import { refusalsSeen } from '../../src/dashboard/seen-refusals.ts'
import type { Watched } from '../../src/dashboard/watched.ts'
import { openDoor, type TestDoor, until } from '../support/door.ts'

describe('what the dashboard tells of logins', () => {
  let opened: TestDoor
  let watched: Watched
  const login = (options: object) => createConnection({ host: '127.0.0.1', port: opened.port, ...options })

  before(async () => {
    opened = await openDoor({
      accounts: [
        { user: 'sha2', password: 'secret' },
        { user: 'native', password: 'secret', plugin: 'mysql_native_password' },
        { user: 'open', host: '127.0.0.1' },
        { user: 'shut', password: 'secret', locked: true },
      ],
    })
    watched = { administered: opened.door, listening: opened.front.listening }
  })
  after(() => opened.close())

  it('is the whole ladder of a login over TLS, with the time in each step and the client', async () => {
    const connection = await login({ user: 'sha2', password: 'secret', ssl: { rejectUnauthorized: false } })
    const seen = handshakeSeen(watched, connection.threadId)
    assert.deepEqual(
      seen?.ladder.map(({ from, text }) => [from, text]),
      [
        [null, 'accepted'],
        ['server', 'greeting'],
        ['client', 'request for TLS'],
        [null, 'TLS handshake'],
        [null, 'TLS established'],
        ['client', 'login'],
        ['server', 'full authentication is wanted'],
        ['client', 'answer of the plugin'],
        [null, 'the password is checked'],
        ['server', 'OK'],
        [null, 'admitted'],
      ],
    )
    assert.deepEqual(
      [seen?.outcome, seen?.live, seen?.lane, seen?.account],
      ['admitted', true, 'admitted', "'sha2'@'%'"],
    )
    assert.match(seen?.client ?? '', /^mysql2 \d/)
    assert.equal(seen?.tls?.version, 'TLSv1.3')
    const times = new Map(seen?.times)
    assert.deepEqual([...times.keys()], ['accepted', 'greeting', 'tls', 'login', 'exchange'])
    const whole = seen?.ladder.at(-1)?.atMs ?? 0
    const sum = [...times.values()].reduce((a, b) => a + b)
    assert.ok(Math.abs(whole - sum) < 0.001, `${sum} ms in all lanes, and ${whole} ms altogether`)
    for (const { sinceMs } of seen?.ladder ?? []) assert.ok(sinceMs >= 0)
    await connection.end()
  })

  it('tells of a COM_CHANGE_USER by itself, and of a switch by its plugin', async () => {
    const connection = await login({ user: 'sha2', password: 'secret' })
    await connection.changeUser({ user: 'native', password: 'secret' })
    const seen = handshakeSeen(watched, connection.threadId)
    assert.deepEqual(
      [seen?.again, seen?.outcome, seen?.user, seen?.plugin],
      [true, 'admitted', 'native', 'mysql_native_password'],
    )
    assert.deepEqual(
      seen?.ladder.map(({ from, text }) => [from, text]),
      [
        ['server', 'switch to mysql_native_password'],
        ['client', 'answer of the plugin'],
        ['server', 'OK'],
        [null, 'admitted'],
      ],
    )
    await connection.end()
  })

  it('shows a stranger who says nothing where it stands, and then why it was lost', async () => {
    const socket = connect(opened.port, '127.0.0.1')
    await once(socket, 'data')
    const [record] = opened.door.registry.live.values()
    assert.ok(record)
    const waiting = handshakeSeen(watched, record.id)
    assert.deepEqual(
      [waiting?.outcome, waiting?.live, waiting?.lane, waiting?.user],
      ['pending', true, 'greeting', null],
    )
    assert.equal(waiting?.times.at(-1)?.[0], 'greeting')
    socket.destroy()
    await until(() => opened.door.registry.live.size === 0, 'the stranger is gone')
    const lost = handshakeSeen(watched, record.id)
    assert.deepEqual(
      [lost?.outcome, lost?.live, lost?.reason, lost?.lane],
      ['refused', false, 'client-gone', 'greeting'],
    )
    assert.match(lost?.remedy ?? '', /port scan/)
    assert.equal(handshakeSeen(watched, 4_000_000), undefined)
  })

  it('groups refusals with their true reason and what to do', async () => {
    for (const user of ['sha2', 'sha2']) {
      await assert.rejects(login({ user, password: 'secret\n' }), { errno: 1045 })
    }
    await until(() => opened.door.registry.status.Saltgate_near_proofs > 0, 'the newline was found')
    const { groups } = refusalsSeen(watched)
    const group = groups.find(({ reason }) => reason === 'scramble-mismatch' || reason === 'secret-mismatch')
    assert.deepEqual([group?.count, group?.network, group?.users], [2, '127.0.0.0/24', ['sha2']])
    assert.match(group?.client ?? '', /^mysql2/)
    assert.match(group?.cause ?? '', /newline/)
    assert.equal(handshakeSeen(watched, group?.handshakes[0] ?? 0)?.outcome, 'refused')
  })

  it('marks weak accounts, and those that nobody ever used', () => {
    const known = new Map(opened.door.registry.use.seen())
    const seen = accountsSeen(watched, {
      accountUse: (name) => ({
        ...(known.get(name) ?? { logins: 0, failures: 0, lastLoginMs: undefined, lastFailureMs: undefined }),
        sinceMs: 1,
      }),
    })
    const weak = new Map(seen.map(({ name, weaknesses }) => [name, weaknesses]))
    assert.deepEqual(weak.get("'sha2'@'%'"), ['any-host'])
    assert.deepEqual(weak.get("'native'@'%'"), ['native-password', 'any-host'])
    assert.deepEqual(weak.get("'open'@'127.0.0.1'"), ['empty-password', 'never-used'])
    assert.deepEqual(weak.get("'shut'@'%'"), ['any-host'])
    const native = seen.find(({ name }) => name === "'native'@'%'")
    assert.deepEqual([native?.logins, native?.failures], [1, 0])
    assert.doesNotMatch(JSON.stringify(seen), /secret|\$A\$|\*[0-9A-F]{40}/)
  })

  it('says how long the certificate of the server is good, and SHOW STATUS has the same words as the certificate', async () => {
    const { validFrom, validTo } = new X509Certificate(opened.keys.cert)
    assert.equal(doorFacts(watched, { sinceMs: 0 }).certificateEndsMs, Date.parse(validTo))
    const status = new Map(statusVariables({ door: opened.door } as unknown as Viewer, 'global'))
    assert.deepEqual([status.get('Ssl_server_not_before'), status.get('Ssl_server_not_after')], [validFrom, validTo])
  })

  it('names the blocked host first, and forgets one alone', async () => {
    opened.door.settings.setAtStartup('max_connect_errors', 2)
    for (const localAddress of ['127.0.0.2', '127.0.0.2', '127.0.0.3']) {
      const socket = connect({ port: opened.port, host: '127.0.0.1', localAddress })
      await once(socket, 'data')
      socket.destroy()
      await until(() => opened.door.registry.live.size === 0, 'it is gone')
    }
    const [first, second] = await hostsSeen(watched)
    assert.deepEqual([first?.address, first?.blocked, first?.errors.COUNT_HANDSHAKE_ERRORS], ['127.0.0.2', true, 2])
    assert.deepEqual([second?.address, second?.blocked], ['127.0.0.3', false])
    opened.door.hostCache.flush('127.0.0.2')
    assert.deepEqual(
      (await hostsSeen(watched)).map(({ address }) => address),
      ['127.0.0.3'],
    )
  })
})
