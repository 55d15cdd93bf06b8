/**
 * Who is turned away although the password may be right: blocked hosts, full doors, used-up limits, time that ran out. Raw
 * clients, because drivers hide what comes before the greeting.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import { plugins } from '../../src/auth/plugins.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { type TestDoor, until, withDoor as withTestDoor } from '../support/door.ts'
import { RawClient, type RawLogin, sslRequest } from '../support/raw-client.ts'
import { answers, progress } from './answers.ts'
import { attempt, type ClientOptions } from './clients.ts'

const native = { plugin: 'mysql_native_password', password: 'pw' } as const
const noLimits = { maxQueriesPerHour: 0, maxUpdatesPerHour: 0, maxConnectionsPerHour: 0, maxUserConnections: 0 }
const admin: AccountInput = { ...native, user: 'admin', privileges: new Set(['CONNECTION_ADMIN', 'RELOAD']) }
const plain: AccountInput = { ...native, user: 'u' }

function withDoor(
  accounts: readonly AccountInput[],
  settings: Record<string, SettingValue>,
  use: (server: TestDoor) => Promise<void>,
): Promise<void> {
  // Names are for names.test.ts.
  return withTestDoor({ accounts, settings: { skip_name_resolve: true, ...settings }, handler: () => answers }, use)
}

/** Logs in from 127.0.0.5 unless told otherwise. Returns the client, or the error. */
async function enter(server: TestDoor, login: RawLogin, localAddress = '127.0.0.5') {
  const client = await RawClient.connect({ port: server.port, localAddress })
  const { last, id } = await client.login(login)
  if (last.payload[0] === 0) return { client, id }
  assert.equal(last.payload[0], 0xff)
  assert.equal(await client.next(), undefined)
  client.destroy()
  const text = last.payload.toString('utf8', 3)
  return { code: last.payload.readUInt16LE(1), text }
}

const right = { user: 'u', password: 'pw' }
const wrong = { user: 'u', password: 'wrong' }

async function enterRight(server: TestDoor, login: RawLogin = right, localAddress?: string): Promise<RawClient> {
  const entered = await enter(server, login, localAddress)
  assert.ok(entered.client, String(entered.text))
  return entered.client
}

/** Connects, reads the greeting or the error in its place, and leaves. */
async function knock(server: TestDoor, localAddress = '127.0.0.5') {
  const client = await RawClient.connect({ port: server.port, localAddress })
  const { payload, sequenceId } = await client.packet()
  if (payload[0] === 10) {
    client.destroy()
    return 'greeting'
  }
  assert.equal(sequenceId, 0)
  assert.equal(await client.next(), undefined)
  client.destroy()
  return { code: payload.readUInt16LE(1), text: payload.toString('utf8', 3) }
}

describe('a host that no account could match', () => {
  it('gets 1130 without SQLSTATE instead of the greeting', () =>
    withDoor([{ ...plain, host: '127.0.0.9' }], {}, async (server) => {
      assert.deepEqual(await knock(server), {
        code: 1130,
        text: "Host '127.0.0.5' is not allowed to connect to this MySQL server",
      })
      assert.equal(await knock(server, '127.0.0.9'), 'greeting')
    }))
})

describe('max_connect_errors', () => {
  const blocked = {
    code: 1129,
    text: "Host '127.0.0.5' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
  }

  async function breakHandshakes(server: TestDoor, count: number): Promise<void> {
    for (let i = 0; i < count; i++) assert.equal(await knock(server), 'greeting')
    await until(() => server.door.registry.live.size === 0, 'the door has noticed')
  }

  it('blocks a host after so many broken handshakes in a row, and only that host', () =>
    withDoor([plain], { max_connect_errors: 2 }, async (server) => {
      await breakHandshakes(server, 2)
      assert.deepEqual(await knock(server), blocked)
      assert.equal(await knock(server, '127.0.0.6'), 'greeting')
      assert.deepEqual(await knock(server), blocked)
    }))

  it('counts from 0 after a successful login, and never counts wrong passwords', () =>
    withDoor([plain], { max_connect_errors: 2 }, async (server) => {
      for (let i = 0; i < 5; i++) assert.equal((await enter(server, wrong)).code, 1045)
      await breakHandshakes(server, 1)
      ;(await enterRight(server)).destroy()
      await breakHandshakes(server, 1)
      ;(await enterRight(server)).destroy()
    }))

  it('unblocks at once when it is raised', () =>
    withDoor([plain], { max_connect_errors: 2 }, async (server) => {
      await breakHandshakes(server, 2)
      assert.deepEqual(await knock(server), blocked)
      server.door.settings.setGlobal('max_connect_errors', 3)
      assert.equal(await knock(server), 'greeting')
    }))

  it('unblocks when an administrator flushes the hosts (COM_REFRESH)', () =>
    withDoor([plain, admin], { max_connect_errors: 2 }, async (server) => {
      await breakHandshakes(server, 2)
      assert.deepEqual(await knock(server), blocked)
      const user = await enterRight(server, right, '127.0.0.6')
      assert.equal((await user.command(7, Uint8Array.of(0x08))).payload.readUInt16LE(1), 1227)
      user.destroy()
      const flusher = await enterRight(server, { user: 'admin', password: 'pw' }, '127.0.0.6')
      assert.equal((await flusher.command(7, Uint8Array.of(0x08))).payload[0], 0)
      flusher.destroy()
      assert.equal(await knock(server), 'greeting')
    }))

  it('blocks nobody on 127.0.0.1', () =>
    withDoor([plain], { max_connect_errors: 1 }, async (server) => {
      for (let i = 0; i < 3; i++) assert.equal(await knock(server, '127.0.0.1'), 'greeting')
    }))
})

describe('max_connections', () => {
  it('keeps one more place for an administrator, and answers the rest before the greeting', () =>
    withDoor([plain, admin], { max_connections: 1 }, async (server) => {
      const { status } = server.door.registry
      const first = await enterRight(server)
      assert.deepEqual(await enter(server, right), { code: 1040, text: '#08004Too many connections' })
      assert.deepEqual(await enter(server, wrong), {
        code: 1045,
        text: "#28000Access denied for user 'u'@'127.0.0.5' (using password: YES)",
      })
      const second = await enterRight(server, { user: 'admin', password: 'pw' })
      const connections = status.Connections
      assert.deepEqual(await knock(server), { code: 1040, text: 'Too many connections' })
      // Not even counted as a connection.
      assert.equal(status.Connections, connections)
      assert.equal(status.Connection_errors_max_connections, 2)
      assert.equal(status.Max_used_connections, 2)
      first.destroy()
      second.destroy()
    }))
})

describe('limits of accounts', () => {
  it('MAX_USER_CONNECTIONS: 1226, until one of them leaves', () =>
    withDoor([{ ...plain, limits: { ...noLimits, maxUserConnections: 2 } }], {}, async (server) => {
      const [first, second] = [await enterRight(server), await enterRight(server)]
      assert.deepEqual(await enter(server, right), {
        code: 1226,
        text: "#42000User 'u' has exceeded the 'max_user_connections' resource (current value: 2)",
      })
      assert.equal((await enter(server, wrong)).code, 1045)
      first.destroy()
      await until(() => server.door.registry.live.size === 1, 'it has left')
      ;(await enterRight(server)).destroy()
      second.destroy()
    }))

  it('max_user_connections: 1203 for accounts without a limit of their own', () =>
    withDoor(
      [plain, { ...native, user: 'own', limits: { ...noLimits, maxUserConnections: 2 } }],
      { max_user_connections: 1 },
      async (server) => {
        const clients = [await enterRight(server)]
        assert.deepEqual(await enter(server, right), {
          code: 1203,
          text: "#42000User u already has more than 'max_user_connections' active connections",
        })
        clients.push(await enterRight(server, { user: 'own', password: 'pw' }))
        clients.push(await enterRight(server, { user: 'own', password: 'pw' }))
        for (const client of clients) client.destroy()
      },
    ))

  it('MAX_CONNECTIONS_PER_HOUR: 1226, also when nobody is connected', () =>
    withDoor([{ ...plain, limits: { ...noLimits, maxConnectionsPerHour: 2 } }], {}, async (server) => {
      for (let i = 0; i < 2; i++) (await enterRight(server)).destroy()
      assert.deepEqual(await enter(server, right), {
        code: 1226,
        text: "#42000User 'u' has exceeded the 'max_connections_per_hour' resource (current value: 2)",
      })
    }))

  it('FAILED_LOGIN_ATTEMPTS: 3955 from the attempt that reaches it, for the right password too, until unlocked', () =>
    withDoor([{ ...plain, failedLoginAttempts: 2, passwordLockTimeDays: 1 }], {}, async (server) => {
      const blocked = {
        code: 3955,
        text: "#HY000Access denied for user 'u'@'127.0.0.5'. Account is blocked for 1 day(s) (1 day(s) remaining) due to 2 consecutive failed logins.",
      }
      assert.equal((await enter(server, wrong)).code, 1045)
      ;(await enterRight(server)).destroy()
      assert.equal((await enter(server, wrong)).code, 1045)
      assert.deepEqual(await enter(server, wrong), blocked)
      assert.deepEqual(await enter(server, right), blocked)
      server.door.realm.failedLogins.unlock('u', '%')
      ;(await enterRight(server)).destroy()
    }))

  for (const plugin of ['mysql_native_password', 'caching_sha2_password', 'sha256_password']) {
    it(`FAILED_LOGIN_ATTEMPTS counts wrong passwords of drivers, also for an account without one (${plugin})`, () =>
      withDoor([{ user: 'u', plugin, failedLoginAttempts: 2, passwordLockTimeDays: 1 }], {}, async (server) => {
        const options: ClientOptions = { port: server.port, user: 'u', password: 'wrong' }
        const seen = [await attempt('mysql2', options), await attempt('mysql2', options)]
        assert.deepEqual(
          seen.map((one) => 'errno' in one && one.errno),
          [1045, 3955],
        )
      }))
  }
})

describe('passwords', () => {
  for (const plugin of ['mysql_native_password', 'caching_sha2_password', 'sha256_password']) {
    it(`both of a dual password let in, and no third (${plugin})`, async () => {
      const store = (password: string, salt: string) =>
        plugins.get(plugin)?.store(Buffer.from(password), Buffer.from(salt.repeat(20)), 5000) ?? ''
      const account = { user: 'u', plugin, authString: store('new', 'a'), retainedAuthString: store('old', 'b') }
      await withDoor([account], {}, async (server) => {
        // Twice each: by full authentication, and by what was remembered of it.
        for (const password of ['old', 'new', 'old', 'new']) {
          assert.deepEqual(
            await attempt('mysql2', { port: server.port, user: 'u', password }),
            { who: 'u@%' },
            password,
          )
        }
        const refused = await attempt('mysql2', { port: server.port, user: 'u', password: 'other' })
        assert.equal('errno' in refused && refused.errno, 1045)
      })
    })
  }

  const canHandleExpired = 0x40_0000
  const aged = { passwordChangedMs: Date.now() - 2 * 86_400_000 }
  const lifetimes: [
    name: string,
    account: Partial<AccountInput>,
    settings: Record<string, SettingValue>,
    ok: boolean,
  ][] = [
    ['a lifetime of its own that is over', { ...aged, passwordLifetimeDays: 1 }, {}, false],
    ['a lifetime of its own that is not over', { ...aged, passwordLifetimeDays: 3 }, {}, true],
    ['the default lifetime over', aged, { default_password_lifetime: 1 }, false],
    ['no lifetime, whatever the default', { ...aged, passwordLifetimeDays: 0 }, { default_password_lifetime: 1 }, true],
    ['PASSWORD EXPIRE', { passwordExpired: true }, {}, false],
    [
      'PASSWORD EXPIRE, but disconnect_on_expired_password off',
      { passwordExpired: true },
      { disconnect_on_expired_password: false },
      true,
    ],
  ]
  for (const [name, account, settings, ok] of lifetimes) {
    it(`with ${name}: ${ok ? 'welcome' : '1862, or a sandbox for who can handle it'}`, () =>
      withDoor([{ ...plain, ...account }], settings, async (server) => {
        const entered = await enter(server, right)
        assert.equal(entered.code, ok ? undefined : 1862)
        entered.client?.destroy()
        const client = await enterRight(server, { ...right, capabilities: canHandleExpired })
        client.destroy()
      }))
  }
})

describe('offline_mode', () => {
  it('keeps everybody out but administrators, and ends the sessions of the others with their next command', () =>
    withDoor([plain, admin], {}, async (server) => {
      const early = await enterRight(server)
      const boss = await enterRight(server, { user: 'admin', password: 'pw' })
      server.door.settings.setGlobal('offline_mode', true)
      assert.deepEqual(await enter(server, right), {
        code: 3032,
        text: '#HY000The server is currently in offline mode',
      })
      assert.equal((await enter(server, wrong)).code, 1045)
      assert.equal((await early.command(14)).payload.readUInt16LE(1), 3032)
      assert.equal(await early.next(), undefined)
      early.destroy()
      assert.equal((await boss.command(14)).payload[0], 0)
      ;(await enterRight(server, { user: 'admin', password: 'pw' })).destroy()
      boss.destroy()
    }))
})

describe('time limits', { concurrency: true }, () => {
  it('connect_timeout ends the whole login, whoever is silent, trickles, or stops in TLS', () =>
    withDoor([plain], { connect_timeout: 2 }, async (server) => {
      const begin = performance.now()
      const [silent, trickling, inTls] = await Promise.all(
        ['silent', 'trickling', 'in TLS'].map(() => RawClient.connect({ port: server.port })),
      )
      assert.ok(silent && trickling && inTls)
      for (const client of [silent, trickling, inTls]) await client.greeting()
      trickling.write(Uint8Array.of(100, 0, 0, 1))
      const trickle = setInterval(() => trickling.write(Uint8Array.of(0)), 100)
      inTls.send(sslRequest(), 1)
      const timeout = { code: 1159, sqlState: '08S01', message: 'Got timeout reading communication packets' }
      assert.deepEqual(await silent.error(), timeout)
      assert.deepEqual(await trickling.error(), timeout)
      clearInterval(trickle)
      // In the middle of a TLS handshake an ERR would be neither TLS nor MySQL.
      assert.equal(await inTls.next(), undefined)
      const waitedMs = performance.now() - begin
      assert.ok(waitedMs >= 1900 && waitedMs < 4000, `${waitedMs} ms`)
      assert.deepEqual(server.refusals.map(({ reason, phase }) => `${reason} in ${phase}`).sort(), [
        'login-timeout in login',
        'login-timeout in login',
        'login-timeout in tls',
      ])
      for (const client of [silent, trickling, inTls]) client.destroy()
    }))

  it('wait_timeout ends an idle session with 4031, interactive_timeout that of an interactive client', () =>
    withDoor([plain], { wait_timeout: 1, interactive_timeout: 2 }, async (server) => {
      const interactive = 0x400
      const idle = {
        code: 4031,
        sqlState: 'HY000',
        message:
          'The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout for configuring this behavior.',
      }
      const script = await enterRight(server)
      const person = await enterRight(server, { ...right, capabilities: interactive })
      const patient = await enterRight(server)
      assert.equal((await patient.query('timeout 60')).payload[0], 0)
      assert.deepEqual(await script.error(), idle)
      assert.equal(await script.next(), undefined)
      assert.equal((await person.command(14)).payload[0], 0)
      assert.deepEqual(await person.error(), idle)
      assert.equal((await patient.command(14)).payload[0], 0)
      assert.equal(server.door.registry.status.Aborted_clients, 2)
      for (const client of [script, person, patient]) client.destroy()
    }))

  it('net_write_timeout ends a session whose client does not read what it asked for', () =>
    withDoor([plain], { net_write_timeout: 1 }, async (server) => {
      const client = await enterRight(server)
      client.pause()
      client.query('slowly 500000').catch(() => undefined)
      await until(() => progress.rows > 0, 'the statement runs')
      await until(() => progress.ended, 'it is ended')
      await until(() => server.door.registry.live.size === 0, 'the session is gone')
      client.destroy()
    }))
})
