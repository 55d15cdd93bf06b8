/**
 * The ways of not getting in, each with how it happens on the wire and what MySQL 9.7 counts for it.
 */
import assert from 'node:assert/strict'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import type { DenyReason, HostCacheCounter } from '../../src/errors/deny-reasons.ts'
import type { StatusCounters } from '../../src/registry/status.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { bytes, int, nul, text, zeros } from '../support/bytes.ts'
import { type TestDoor, until } from '../support/door.ts'
import { handshakeResponse, RawClient, type RawLogin, sslRequest } from '../support/raw-client.ts'

/** Where it happens from: 127.0.0.1 has no row in the host cache. */
export const source = '127.0.0.5'
const native = { plugin: 'mysql_native_password', password: 'pw' } as const
const noLimits = { maxQueriesPerHour: 0, maxUpdatesPerHour: 0, maxConnectionsPerHour: 0, maxUserConnections: 0 }

export const accounts: readonly AccountInput[] = [
  { ...native, user: 'u', databases: new Map([['app%', new Set(['SELECT'])]]) },
  { ...native, user: 'locked', locked: true },
  { ...native, user: 'expired', passwordExpired: true },
  { ...native, user: 'ssl', require: { kind: 'any' } },
  { ...native, user: 'hourly', limits: { ...noLimits, maxConnectionsPerHour: 1 } },
  { ...native, user: 'single', limits: { ...noLimits, maxUserConnections: 1 } },
  { ...native, user: 'blocked', failedLoginAttempts: 1, passwordLockTimeDays: 1 },
  { user: 'sha2', password: 'pw' },
]

export interface Failure {
  /** Before the counters are read. Returns who stays meanwhile. */
  readonly prepare?: (server: TestDoor) => Promise<readonly RawClient[]>
  readonly happens: (client: RawClient, server: TestDoor) => Promise<void>
  readonly settings?: Record<string, SettingValue>
  readonly accounts?: readonly AccountInput[]
  readonly status: Partial<StatusCounters>
  readonly hostCache?: HostCacheCounter
  readonly connectError?: boolean
  readonly reason?: DenyReason
}

const broken = { status: { Aborted_connects: 1 }, hostCache: 'COUNT_HANDSHAKE_ERRORS', connectError: true } as const
const refused = { status: { Aborted_connects: 1 }, connectError: false } as const

/** Sends `payload` after the greeting, and reads the error of this number. */
function answered(code: number, payload: Uint8Array, sequenceId = 1): Failure['happens'] {
  return async (client) => {
    await client.greeting()
    client.send(payload, sequenceId)
    assert.equal((await client.error()).code, code)
    client.destroy()
  }
}

function logsIn(login: RawLogin, code: number): Failure['happens'] {
  return async (client) => {
    const { last } = await client.login(login)
    assert.equal(last.payload[0] === 0xff ? last.payload.readUInt16LE(1) : 0, code)
    client.destroy()
  }
}

/** Takes part in full authentication until the server asks for the password. */
async function untilFullAuthentication(client: RawClient, user: string): Promise<void> {
  await client.greeting()
  client.send(handshakeResponse({ user, plugin: 'caching_sha2_password' }, new Uint8Array(32).fill(1)), 1)
  const asked = await client.packet()
  assert.deepEqual([...asked.payload], [1, 4])
}

const right = { user: 'u', password: 'pw' }

export const failures: Readonly<Record<string, Failure>> = {
  'connect and close at once': {
    ...broken,
    reason: 'client-gone',
    happens: async (client) => client.destroy(),
  },
  'RST after the greeting': {
    ...broken,
    reason: 'client-gone',
    happens: async (client) => {
      await client.greeting()
      client.reset()
    },
  },
  'close in the middle of a packet': {
    ...broken,
    reason: 'client-gone',
    happens: async (client) => {
      await client.greeting()
      client.write(bytes(int(100, 3), [1], zeros(10)))
      client.destroy()
    },
  },
  'half-close in the middle of a packet, which still reads 1158': {
    ...broken,
    reason: 'client-gone',
    happens: async (client) => {
      await client.greeting()
      client.write(bytes(int(100, 3), [1], zeros(10)))
      client.endWriting()
      assert.equal((await client.error()).code, 1158)
    },
  },
  'close at the auth switch': {
    ...broken,
    reason: 'client-gone',
    happens: async (client) => {
      await client.greeting()
      client.send(handshakeResponse({ user: 'u', plugin: 'caching_sha2_password' }, zeros(0)), 1)
      assert.equal((await client.packet()).payload[0], 0xfe)
      client.destroy()
    },
  },
  'close when asked for the password': {
    ...broken,
    reason: 'client-gone',
    happens: async (client) => {
      await untilFullAuthentication(client, 'sha2')
      client.destroy()
    },
  },
  'a malformed response': { ...broken, reason: 'malformed-packet', happens: answered(1043, zeros(5)) },
  'a pre-4.1 response': {
    ...broken,
    reason: 'malformed-packet',
    happens: answered(1043, bytes(int(0x0001, 2), int(0xffffff, 3), nul('u'))),
  },
  'an HTTP request': {
    ...broken,
    reason: 'out-of-order',
    happens: async (client) => {
      await client.greeting()
      client.write(text('GET / HTTP/1.1\r\n\r\n'))
      assert.equal((await client.error()).code, 1156)
      client.destroy()
    },
  },
  'a wrong sequence id': {
    ...broken,
    reason: 'out-of-order',
    happens: answered(1156, handshakeResponse({ user: 'u' }, zeros(0)), 3),
  },
  'garbage after an SSLRequest': {
    ...broken,
    reason: 'plaintext-before-tls',
    happens: async (client) => {
      await client.greeting()
      client.send(sslRequest(), 1)
      client.write(text('garbage'))
      assert.equal((await client.error()).code, 1043)
      client.destroy()
    },
  },
  connect_timeout: {
    ...broken,
    reason: 'login-timeout',
    settings: { connect_timeout: 2 },
    happens: async (client) => {
      await client.greeting()
      assert.equal((await client.error()).code, 1159)
      client.destroy()
    },
  },
  'a packet that is too large': {
    ...broken,
    reason: 'packet-too-large',
    happens: async (client) => {
      await client.greeting()
      client.write(bytes(int(0xffffff, 3), [1]))
      assert.equal((await client.error()).code, 1153)
      client.destroy()
    },
  },
  'no CLIENT_PLUGIN_AUTH for an account that needs it': {
    ...broken,
    reason: 'no-plugin-auth',
    happens: async (client) => {
      await client.greeting()
      const response = handshakeResponse({ user: 'sha2' }, zeros(0))
      response[2] = (response[2] as number) & ~0x08
      client.send(response.subarray(0, response.length - 'mysql_native_password\0'.length), 1)
      assert.equal((await client.error()).code, 1251)
      client.destroy()
    },
  },
  'a character set that no client may have': {
    ...broken,
    reason: 'charset-refused',
    happens: async (client) => {
      await client.greeting()
      const response = handshakeResponse({ user: 'u' }, zeros(0))
      response[8] = 35
      client.send(response, 1)
      assert.deepEqual(await client.error(), {
        code: 1231,
        sqlState: '42000',
        message: "Variable 'character_set_client' can't be set to the value of 'ucs2'",
      })
      client.destroy()
    },
  },
  'a wrong password': {
    ...refused,
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    reason: 'scramble-mismatch',
    happens: logsIn({ user: 'u', password: 'wrong' }, 1045),
  },
  'no password': {
    ...refused,
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    reason: 'no-password',
    happens: logsIn({ user: 'u' }, 1045),
  },
  'an unknown user': {
    ...refused,
    accounts: [{ ...native, user: 'u' }],
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    reason: 'unknown-account',
    happens: logsIn({ user: 'nobody', password: 'pw' }, 1045),
  },
  'a password that does not decrypt': {
    ...refused,
    hostCache: 'COUNT_AUTH_PLUGIN_ERRORS',
    reason: 'secret-malformed',
    happens: async (client) => {
      await untilFullAuthentication(client, 'sha2')
      client.send(zeros(256), 3)
      assert.equal((await client.error()).code, 1045)
      client.destroy()
    },
  },
  'an expired password': {
    ...refused,
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    reason: 'password-expired',
    happens: logsIn({ user: 'expired', password: 'pw' }, 1862),
  },
  'REQUIRE SSL without TLS': {
    ...refused,
    hostCache: 'COUNT_SSL_ERRORS',
    reason: 'tls-required',
    happens: logsIn({ user: 'ssl', password: 'pw' }, 1045),
  },
  'a database that may not be used': {
    ...refused,
    hostCache: 'COUNT_DEFAULT_DATABASE_ERRORS',
    reason: 'database-denied',
    happens: logsIn({ ...right, database: 'other' }, 1044),
  },
  'a database that does not exist': {
    ...refused,
    hostCache: 'COUNT_DEFAULT_DATABASE_ERRORS',
    reason: 'database-unknown',
    happens: logsIn({ ...right, database: 'appendix' }, 1049),
  },
  'a locked account': {
    ...refused,
    status: { Aborted_connects: 1, Locked_connects: 1 },
    hostCache: 'COUNT_ACCOUNT_LOCKED_ERRORS',
    reason: 'account-locked',
    happens: logsIn({ user: 'locked', password: 'pw' }, 3118),
  },
  'an account blocked by wrong passwords': {
    ...refused,
    hostCache: 'COUNT_TEMPORARY_ACCOUNT_LOCKED_ERRORS',
    reason: 'account-blocked',
    happens: logsIn({ user: 'blocked', password: 'wrong' }, 3955),
  },
  MAX_CONNECTIONS_PER_HOUR: {
    ...refused,
    prepare: (server) => enterAndQuit(server, 'hourly'),
    hostCache: 'COUNT_MAX_USER_CONNECTIONS_PER_HOUR_ERRORS',
    reason: 'account-connections-per-hour',
    happens: logsIn({ user: 'hourly', password: 'pw' }, 1226),
  },
  'a blocked host': {
    ...refused,
    settings: { max_connect_errors: 1 },
    prepare: async (server) => {
      const client = await RawClient.connect({ port: server.port, localAddress: source })
      client.destroy()
      await until(() => server.refusals.length > 0, 'the door has noticed')
      return []
    },
    hostCache: 'COUNT_HOST_BLOCKED_ERRORS',
    reason: 'host-blocked',
    happens: turnedAway(1129),
  },
  'a host that no account matches': {
    ...refused,
    accounts: [{ ...native, user: 'u', host: '127.0.0.9' }],
    hostCache: 'COUNT_HOST_ACL_ERRORS',
    reason: 'host-not-allowed',
    happens: turnedAway(1130),
  },
  'a full door, before the greeting': {
    settings: { max_connections: 1 },
    prepare: (server) => occupy(server, 2),
    status: { Connection_errors_max_connections: 1, Connections: 0 },
    connectError: false,
    reason: 'too-many-connections',
    happens: turnedAway(1040),
  },
  'a session that ends without COM_QUIT': {
    status: { Aborted_clients: 1 },
    connectError: false,
    happens: logsIn(right, 0),
  },
  'a session that ends with COM_QUIT': {
    status: {},
    connectError: false,
    happens: async (client) => {
      await client.login(right)
      client.send(Uint8Array.of(1), 0)
      assert.equal(await client.next(), undefined)
    },
  },
}

function turnedAway(code: number): Failure['happens'] {
  return async (client) => {
    assert.equal((await client.error()).code, code)
    client.destroy()
  }
}

async function enterAndQuit(server: TestDoor, user: string): Promise<readonly RawClient[]> {
  const client = await RawClient.connect({ port: server.port, localAddress: source })
  await client.login({ user, password: 'pw' })
  client.send(Uint8Array.of(1), 0)
  await until(() => server.door.registry.live.size === 0, 'it has left')
  return []
}

/** From elsewhere, so that the host cache of the source stays as it is. */
async function occupy(server: TestDoor, count: number): Promise<readonly RawClient[]> {
  const occupants: RawClient[] = []
  for (let i = 0; i < count; i++) {
    const client = await RawClient.connect({ port: server.port })
    await client.greeting()
    occupants.push(client)
  }
  return occupants
}
