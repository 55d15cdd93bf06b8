/**
 * Every npm client x plugin x channel x case: what the client is told, in MySQL 9.7's own codes and texts, and what the door
 * notes as the true reason. One table of cases, then the exceptions, which lie in the clients and which no server can mend.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it, mock } from 'node:test'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import { openDoor, type TestDoor, until, withDoor } from '../support/door.ts'
import { attempt, type ClientError, type ClientName, clientNames } from './clients.ts'

const plugins = {
  mysql_native_password: 'nat',
  caching_sha2_password: 'sha2',
  sha256_password: 'sha256',
  mysql_clear_password: 'clear',
} as const
type Plugin = keyof typeof plugins
const pluginNames = Object.keys(plugins) as Plugin[]

const channels = ['plaintext', 'tls', 'unix-socket'] as const
type Channel = (typeof channels)[number]

/** `%u` is the user name, and `%p` says how the plugin fails on a wrong password. */
interface Expectation {
  readonly in?: '%u@%'
  readonly error?: ClientError
  readonly reason?: DenyReason | '%p'
}

interface Case {
  /** Which account: the plugin's usual one, or one with this property. */
  readonly account?: 'empty' | 'locked' | 'expired' | 'unknown'
  readonly password?: 'right' | 'wrong'
  readonly database?: string
  /** Nothing is remembered of the account, so that caching_sha2_password does full authentication. */
  readonly cold?: true
  readonly expect: Expectation
}

const welcome: Expectation = { in: '%u@%' }

function refused(errno: number, sqlState: string, message: string, reason: Expectation['reason']): Expectation {
  return { error: { errno, sqlState, message }, ...(reason && { reason }) }
}

function denied(usingPassword: 'YES' | 'NO', reason: Expectation['reason']): Expectation {
  return refused(1045, '28000', `Access denied for user '%u'@'localhost' (using password: ${usingPassword})`, reason)
}

const expired =
  'Your password has expired. To log in you must change it using a client that supports expired passwords.'
const locked = "Access denied for user '%u'@'localhost'. Account is locked."
const oldClient = 'Client does not support authentication protocol requested by server; consider upgrading MySQL client'

const cases: Readonly<Record<string, Case>> = {
  'right password, nothing remembered': { password: 'right', cold: true, expect: welcome },
  'right password again': { password: 'right', expect: welcome },
  'right password and a database': { password: 'right', database: 'app', expect: welcome },
  'wrong password': { password: 'wrong', expect: denied('YES', '%p') },
  'wrong password, nothing remembered': { password: 'wrong', cold: true, expect: denied('YES', '%p') },
  'no password given': { expect: denied('NO', 'no-password') },
  'account without password': { account: 'empty', expect: welcome },
  'password for an account without one': {
    account: 'empty',
    password: 'wrong',
    expect: denied('YES', 'password-not-empty'),
  },
  'unknown user': { account: 'unknown', password: 'wrong', expect: denied('YES', 'unknown-account') },
  'unknown user, no password': { account: 'unknown', expect: denied('NO', 'unknown-account') },
  'locked account': {
    account: 'locked',
    password: 'right',
    expect: refused(3118, 'HY000', locked, 'account-locked'),
  },
  'locked account, wrong password': { account: 'locked', password: 'wrong', expect: denied('YES', '%p') },
  'expired password': {
    account: 'expired',
    password: 'right',
    expect: refused(1862, 'HY000', expired, 'password-expired'),
  },
  'expired password, wrong one given': { account: 'expired', password: 'wrong', expect: denied('YES', '%p') },
  'database that does not exist': {
    password: 'right',
    database: 'appendix',
    expect: refused(1049, '42000', "Unknown database 'appendix'", 'database-unknown'),
  },
  // The account's own host, not that of the client; whether it exists is not said.
  'database without privilege on it': {
    password: 'right',
    database: 'other',
    expect: refused(1044, '42000', "Access denied for user '%u'@'%' to database 'other'", 'database-denied'),
  },
}

interface Exception {
  readonly clients: readonly ClientName[]
  readonly plugins: readonly Plugin[]
  readonly channels: readonly Channel[]
  readonly when: (one: Case) => boolean
  readonly expect: Expectation
  readonly because: string
}

const always = () => true

/** The first that fits counts. Unknown users are not spared: they see what a known one with that plugin sees. */
const exceptions: readonly Exception[] = [
  {
    clients: ['mysql'],
    plugins: ['caching_sha2_password', 'sha256_password', 'mysql_clear_password'],
    channels,
    when: always,
    expect: refused(1251, '08004', oldClient, 'no-plugin-auth'),
    because: 'it knows mysql_native_password only, and does not announce CLIENT_PLUGIN_AUTH',
  },
  {
    clients: clientNames,
    plugins: ['mysql_clear_password'],
    channels: ['plaintext'],
    when: always,
    expect: denied('NO', 'insecure-channel'),
    because: 'no password crosses a plaintext channel in clear: refused before anybody is asked for it',
  },
  {
    clients: ['mysql2'],
    plugins: ['sha256_password', 'mysql_clear_password'],
    channels,
    when: ({ account, password }) => password === undefined && account === 'empty',
    expect: denied('YES', 'password-not-empty'),
    because: 'without a password it sends the text "undefined"',
  },
  {
    clients: ['mysql2'],
    plugins: ['sha256_password', 'mysql_clear_password'],
    channels,
    when: ({ password }) => password === undefined,
    expect: denied('YES', '%p'),
    because: 'without a password it sends the text "undefined"',
  },
  {
    clients: ['mariadb'],
    plugins: ['mysql_clear_password'],
    channels,
    when: ({ account, password }) => account === 'empty' && password === undefined,
    expect: denied('NO', 'no-password'),
    because: 'mysql_clear_password lets nobody in without a password: for LDAP that would be an anonymous bind',
  },
]

function expectation(client: ClientName, plugin: Plugin, channel: Channel, one: Case): Expectation {
  const exception = exceptions.find(
    (each) =>
      each.clients.includes(client) &&
      each.plugins.includes(plugin) &&
      each.channels.includes(channel) &&
      each.when(one),
  )
  return exception?.expect ?? one.expect
}

/** The reason that a case ends with; an unknown user who was asked for a proof is always an unknown account. */
function reasonOf(plugin: Plugin, one: Case, { reason }: Expectation): DenyReason | undefined {
  const beforeProof = reason === 'insecure-channel' || reason === 'no-plugin-auth'
  if (reason !== undefined && one.account === 'unknown' && !beforeProof) return 'unknown-account'
  if (reason !== '%p') return reason
  return plugin === 'mysql_native_password' ? 'scramble-mismatch' : 'secret-mismatch'
}

describe('the matrix of npm clients', () => {
  let server: TestDoor

  before(async () => {
    const databases = new Map([['app%', new Set(['SELECT'] as const)]])
    const accounts = pluginNames.flatMap((plugin): AccountInput[] => [
      { user: plugins[plugin], plugin, password: 'right', databases },
      { user: `${plugins[plugin]}_empty`, plugin, password: '' },
      { user: `${plugins[plugin]}_locked`, plugin, password: 'right', locked: true },
      { user: `${plugins[plugin]}_expired`, plugin, password: 'right', passwordExpired: true },
    ])
    server = await openDoor({ accounts, databases: ['app'], settings: { saltgate_allow_clear_password: true } })
  })

  after(() => server.close())

  /** A name that no account has, and whose decoy pretends this plugin. */
  function unknownUser(plugin: Plugin): string {
    const names = Array.from({ length: 500 }, (_, i) => `nobody${i}`)
    const name = names.find((each) => server.door.realm.decoy(each, 'localhost').plugin === plugin)
    assert.ok(name, `no decoy in 500 pretends ${plugin}`)
    return name
  }

  for (const client of clientNames) {
    for (const plugin of pluginNames) {
      for (const channel of channels) {
        describe(`${client}, ${plugin}, ${channel}`, () => {
          for (const [name, one] of Object.entries(cases)) {
            const expect = expectation(client, plugin, channel, one)
            it(`${name}: ${expect.error?.errno ?? 'welcome'}`, async () => {
              const usual = plugins[plugin]
              const user =
                one.account === 'unknown' ? unknownUser(plugin) : one.account ? `${usual}_${one.account}` : usual
              if (one.cold) server.door.realm.fastDigests.clear()
              const seen = server.refusals.length

              const outcome = await attempt(client, {
                ...(channel === 'unix-socket' ? { socketPath: server.socketPath } : { port: server.port }),
                ...(channel === 'tls' && { tls: { ca: server.keys.ca ?? '' } }),
                user,
                ...(one.password !== undefined && { password: one.password }),
                ...(one.database !== undefined && { database: one.database }),
              })
              await until(() => server.door.registry.live.size === 0, 'the client has left')

              const { error } = expect
              assert.deepEqual(
                outcome,
                error === undefined ? { who: `${user}@%` } : { ...error, message: error.message.replace('%u', user) },
              )
              assert.deepEqual(
                server.refusals.slice(seen).map(({ reason }) => reason),
                [reasonOf(plugin, one, expect) ?? []].flat(),
              )
            })
          }
        })
      }
    }
  }

  it('has no exception that never applies', () => {
    const combinations = clientNames.flatMap((client) =>
      pluginNames.flatMap((plugin) => channels.flatMap((channel) => ({ client, plugin, channel }))),
    )
    const applied = new Set(
      combinations.flatMap(({ client, plugin, channel }) =>
        Object.values(cases).map((one) => expectation(client, plugin, channel, one)),
      ),
    )
    for (const { expect, because } of exceptions) assert.ok(applied.has(expect), because)
  })
})

describe('fast authentication', () => {
  for (const client of ['mysql2', 'mariadb'] as const) {
    for (const channel of channels) {
      it(`spares ${client} the check of its password from the second login on (${channel})`, () =>
        // What is tried behind a verdict has a test of its own.
        withDoor(
          { accounts: [{ user: 'sha2', password: 'right' }], settings: { saltgate_near_proofs: 0 } },
          async (server) => {
            const check = mock.method(server.door.secrets, 'check')
            const checks = async (password: string) => {
              const before = check.mock.callCount()
              const outcome = await attempt(client, {
                ...(channel === 'unix-socket' ? { socketPath: server.socketPath } : { port: server.port }),
                ...(channel === 'tls' && { tls: { ca: server.keys.ca ?? '' } }),
                user: 'sha2',
                password,
              })
              assert.equal('who' in outcome, password === 'right')
              return check.mock.callCount() - before
            }
            assert.equal(await checks('right'), 1)
            assert.equal(await checks('right'), 0)
            // A wrong password is no reason to forget the right one.
            assert.equal(await checks('wrong'), 1)
            assert.equal(await checks('right'), 0)
            server.door.flushPrivileges()
            assert.equal(await checks('right'), 1)
          },
        ))
    }
  }
})

describe('clients that refuse by themselves', () => {
  let server: TestDoor

  before(async () => {
    const accounts = (['caching_sha2_password', 'sha256_password', 'mysql_clear_password'] as const).map((plugin) => ({
      user: plugins[plugin],
      plugin,
      password: 'right',
    }))
    server = await openDoor({ accounts, settings: { saltgate_allow_clear_password: true } })
  })

  after(() => server.close())

  const refusals = [
    {
      name: 'mysql2 without enableCleartextPlugin sends no clear password',
      login: async () => {
        const { createConnection } = await import('mysql2/promise')
        return createConnection({ socketPath: server.socketPath, user: 'clear', password: 'right' })
      },
      error: /disabled by default/,
      phase: 'auth-switch-answer',
    },
    ...(['sha2', 'sha256'] as const).map((user) => ({
      name: `mariadb without allowPublicKeyRetrieval asks for no key (${user})`,
      login: async () => {
        const { createConnection } = await import('mariadb')
        return createConnection({ host: '127.0.0.1', port: server.port, user, password: 'right' })
      },
      error: /RSA public key is not available client side/,
      phase: user === 'sha2' ? 'auth-answer' : 'auth-switch-answer',
    })),
    {
      name: 'mysql2 with a certificate authority of its own leaves during the TLS handshake',
      login: async () => {
        const { createConnection } = await import('mysql2/promise')
        return createConnection({ host: '127.0.0.1', port: server.port, user: 'sha2', password: 'right', ssl: {} })
      },
      error: /certificate/,
      phase: 'tls',
    },
  ]

  for (const { name, login, error, phase } of refusals) {
    it(`${name}, and the door knows where it left`, async () => {
      const seen = server.refusals.length
      await assert.rejects(login(), error)
      await until(() => server.refusals.length > seen, 'the door has noticed')
      const [refusal] = server.refusals.slice(seen)
      assert.equal(refusal?.phase, phase)
      assert.equal(refusal?.reason, phase === 'tls' ? 'tls-failed' : 'client-gone')
    })
  }
})
