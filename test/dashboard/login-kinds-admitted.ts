/** Logins that get in, by every way there is; and what may follow, a COM_CHANGE_USER that does or does not. */
import assert from 'node:assert/strict'
import { createConnection as createMariadb } from 'mariadb'
import { createConnection } from 'mysql2/promise'
import { flag, usualFlags } from '../threats/stranger.ts'
import {
  answerOf,
  type Counted,
  greeting,
  type Kind,
  kind,
  type Login,
  logsIn,
  native,
  password,
  quit,
  type ScriptedDoor,
  sha2,
  sha256,
  way,
} from './login-kind.ts'

/** No scramble of anybody: the server asks for the password itself. */
const anyScramble = (proof: Buffer) => (proof.length === 32 ? Buffer.alloc(32, 1) : proof)

const byNative = { plugin: native, account: 'native', channel: 'plaintext', phases: way.switched } as const
const fast = { plugin: sha2, account: 'sha2', channel: 'plaintext', phases: way.said } as const
const overTls = { channel: 'tls', tls: 'TLSv1.3' } as const

export const admitted: readonly Kind[] = [
  kind('native', 12, byNative, logsIn({ user: 'native', password })),
  kind(
    'native, gone without COM_QUIT',
    8,
    { ...byNative, aborts: true },
    logsIn({ user: 'native', password, leaves: 'abruptly' }),
  ),
  kind('native, unix socket', 10, { ...byNative, channel: 'unix-socket' }, via('unix-socket', { user: 'native' })),
  kind('native, TLS', 1, { ...byNative, ...overTls, phases: way.switchedOverTls }, via('tls', { user: 'native' })),
  kind(
    'native, client without plugins',
    6,
    { ...byNative, phases: way.said },
    logsIn({ user: 'native', password, plugin: native, flags: usualFlags & ~flag.PLUGIN_AUTH }),
  ),
  kind('native, with a database', 6, byNative, logsIn({ user: 'native', password, database: 'app' })),
  kind('sha2, fast', 12, fast, logsIn({ user: 'sha2', password })),
  kind('sha2, fast, unix socket', 8, { ...fast, channel: 'unix-socket' }, via('unix-socket', { user: 'sha2' })),
  kind(
    'sha2, fast, TLS 1.2',
    1,
    { ...fast, channel: 'tls', tls: 'TLSv1.2', phases: way.fastOverTls },
    logsIn({ user: 'sha2', password, over: 'tls', tls: 'TLSv1.2' }),
  ),
  kind(
    'sha2, full, TLS',
    1,
    { ...fast, ...overTls, phases: way.fullOverTls },
    via('tls', { user: 'sha2', forge: anyScramble }),
  ),
  kind('sha2, full, RSA', 1, { ...fast, phases: way.full }, logsIn({ user: 'sha2', password, forge: anyScramble })),
  kind(
    'sha256, TLS',
    0.5,
    { ...overTls, plugin: sha256, account: 'sha256', phases: way.secretOverTls },
    via('tls', { user: 'sha256' }),
  ),
  kind(
    'sha256, RSA',
    0.5,
    { plugin: sha256, account: 'sha256', channel: 'plaintext', phases: way.secretByRsa },
    logsIn({ user: 'sha256', password }),
  ),
  kind('no password, and none is needed', 6, { ...fast, account: 'open' }, logsIn({ user: 'open' })),
  kind(
    'expired password of a client that can change it',
    3,
    { ...byNative, account: 'expired' },
    logsIn({ user: 'expired', password, flags: usualFlags | flag.CAN_HANDLE_EXPIRED_PASSWORDS }),
  ),
  kind(
    'change of user',
    4,
    [fast, { ...byNative, again: true, phases: way.changed }],
    changesTo({ user: 'native', password }),
  ),
  kind(
    'change of user with a wrong password',
    3,
    [
      { ...fast, aborts: true },
      { ...byNative, again: true, phases: way.changed, reason: 'scramble-mismatch', code: 1045 },
    ],
    changesTo({ user: 'native', password: 'wrong' }),
  ),
  kind(
    'change of user that cannot be read',
    2,
    [
      { ...fast, aborts: true },
      {
        ...{ again: true, reason: 'malformed-packet', plugin: 'none', channel: 'plaintext', code: 1047 },
        phases: way.changedInVain,
      },
    ],
    (door) =>
      greeting(door, 'plaintext', async (stranger) => {
        assert.equal(answerOf(await stranger.login({ user: 'sha2', password })), 0)
        const packet = await stranger.run(17, Buffer.from('nobody'))
        return packet?.payload.readUInt16LE(1)
      }),
  ),
  kind('mysql2', 1, fast, byMysql2({})),
  kind(
    'mysql2, TLS',
    0.5,
    { ...fast, ...overTls, phases: way.fastOverTls },
    byMysql2({ ssl: { rejectUnauthorized: false } }),
  ),
  kind('mysql2, change of user', 0.5, [fast, { ...byNative, again: true, phases: way.changed }], async ({ port }) => {
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'sha2', password })
    await connection.changeUser({ user: 'native', password })
    await connection.end()
    return 0
  }),
  // It always says that it has mysql_native_password.
  kind('mariadb', 1, { ...fast, phases: way.switched }, async ({ port }) => {
    const connection = await createMariadb({ host: '127.0.0.1', port, user: 'sha2', password })
    await connection.end()
    return 0
  }),
]

/** Once, ahead of all others: only then is the digest known that makes them fast. */
export const firstOfSha2: Kind = kind(
  'sha2, the first login',
  0,
  { ...fast, phases: way.full } satisfies Counted,
  logsIn({ user: 'sha2', password }),
)

function via(over: 'tls' | 'unix-socket', login: Login) {
  return logsIn({ password, over, ...login })
}

function changesTo(credentials: Login) {
  return (door: ScriptedDoor) =>
    greeting(door, 'plaintext', async (stranger) => {
      assert.equal(answerOf(await stranger.login({ user: 'sha2', password })), 0)
      const answer = answerOf(await stranger.changeUser(credentials))
      if (answer === 0) await quit(stranger)
      return answer
    })
}

function byMysql2(options: object) {
  return async ({ port }: ScriptedDoor) => {
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'sha2', password, ...options })
    await connection.end()
    return 0
  }
}
