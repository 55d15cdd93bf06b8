/** Logins in good form that are refused: for the proof, for the account, or for a limit. */
import { createConnection as createMariadb } from 'mariadb'
import { flag, Stranger, usualFlags } from '../threats/stranger.ts'
import {
  answerOf,
  type Counted,
  greeting,
  type Kind,
  kind,
  logsIn,
  native,
  password,
  refusal,
  type ScriptedDoor,
  sha2,
  sha256,
  way,
} from './login-kind.ts'

const byNative = { plugin: native, account: 'native', channel: 'plaintext', phases: way.switched } as const
const bySha2 = { plugin: sha2, account: 'sha2', channel: 'plaintext' } as const
const denied = { code: 1045 } as const
const overTls = { channel: 'tls', tls: 'TLSv1.3' } as const
const mismatch = { ...byNative, ...denied, reason: 'scramble-mismatch' } as const

const half = (proof: Buffer) => proof.subarray(0, 10)

let programs = 0
let strangers = 0

export const refused: readonly Kind[] = [
  kind('wrong password, native', 8, mismatch, logsIn({ user: 'native', password: 'wrong' })),
  kind(
    'wrong password, native, unix socket',
    4,
    { ...mismatch, channel: 'unix-socket' },
    logsIn({ user: 'native', password: 'wrong', over: 'unix-socket' }),
  ),
  // As many groups of refusals as there are programs: more than are kept.
  kind('wrong password, each by another program', 2, mismatch, (door) =>
    logsIn({ user: 'native', password: 'wrong', attributes: { program_name: `program-${++programs}` } })(door),
  ),
  kind(
    'wrong password, sha2, TLS',
    1,
    { ...bySha2, ...denied, ...overTls, phases: way.fullOverTls, reason: 'secret-mismatch' },
    logsIn({ user: 'sha2', password: 'wrong', over: 'tls' }),
  ),
  kind(
    'wrong password, sha2, RSA',
    1,
    { ...bySha2, ...denied, phases: way.full, reason: 'secret-mismatch' },
    logsIn({ user: 'sha2', password: 'wrong' }),
  ),
  kind(
    'wrong password, sha256, TLS',
    0.5,
    { ...denied, ...overTls, plugin: sha256, account: 'sha256', phases: way.secretOverTls, reason: 'secret-mismatch' },
    logsIn({ user: 'sha256', password: 'wrong', over: 'tls' }),
  ),
  kind('wrong password, mariadb', 1, mismatch, async ({ port }) => {
    const refusedWith = (error: { errno?: number }) => error.errno
    const connecting = createMariadb({ host: '127.0.0.1', port, user: 'native', password: 'wrong' })
    return connecting.then(() => 0, refusedWith)
  }),
  kind(
    'password that does not decrypt',
    1,
    { ...bySha2, ...denied, phases: way.full, reason: 'secret-malformed' },
    logsIn({ user: 'sha2', password: 'wrong', forge: (proof) => (proof.length === 32 ? proof : Buffer.alloc(256)) }),
  ),
  kind('no password', 6, { ...mismatch, reason: 'no-password' }, logsIn({ user: 'native' })),
  kind(
    'password where there is none',
    5,
    { ...bySha2, ...denied, account: 'open', phases: way.full, reason: 'password-not-empty' },
    logsIn({ user: 'open', password: 'any' }),
  ),
  kind(
    'half a scramble, native',
    4,
    { ...byNative, reason: 'malformed-packet', code: 1043 },
    logsIn({ user: 'native', password, forge: half }),
  ),
  kind(
    'half a scramble, sha2',
    4,
    { ...bySha2, ...denied, phases: way.said, reason: 'scramble-malformed' },
    logsIn({ user: 'sha2', password, forge: half }),
  ),
  { name: 'unknown user', weight: 4, run: asNobody },
  kind(
    'locked account',
    4,
    { ...byNative, account: 'locked', reason: 'account-locked', code: 3118 },
    logsIn({ user: 'locked', password }),
  ),
  kind(
    'account blocked by wrong passwords',
    3,
    { ...byNative, account: 'blocked', reason: 'account-blocked', code: 3955 },
    logsIn({ user: 'blocked', password: 'wrong' }),
  ),
  kind(
    'expired password',
    4,
    { ...byNative, account: 'expired', reason: 'password-expired', code: 1862 },
    logsIn({ user: 'expired', password }),
  ),
  kind(
    'REQUIRE SSL without TLS',
    4,
    { ...byNative, ...denied, account: 'encrypted', reason: 'tls-required' },
    logsIn({ user: 'encrypted', password }),
  ),
  kind(
    'mysql_no_login',
    3,
    { ...bySha2, ...denied, plugin: 'mysql_no_login', account: 'nologin', phases: way.said, reason: 'no-login' },
    logsIn({ user: 'nologin', password }),
  ),
  kind(
    'auth_socket',
    3,
    {
      plugin: 'auth_socket',
      account: 'peer',
      channel: 'unix-socket',
      phases: way.said,
      reason: 'peer-identity',
      code: 1698,
    },
    logsIn({ user: 'peer', password, over: 'unix-socket' }),
  ),
  kind(
    'unknown database',
    4,
    { ...byNative, reason: 'database-unknown', code: 1049 },
    logsIn({ user: 'native', password, database: 'appendix' }),
  ),
  kind(
    'database of others',
    4,
    { ...byNative, reason: 'database-denied', code: 1044 },
    logsIn({ user: 'native', password, database: 'theirs' }),
  ),
  kind(
    'MAX_USER_CONNECTIONS',
    4,
    { ...byNative, account: 'single', reason: 'account-connections', code: 1226 },
    logsIn({ user: 'single', password }),
  ),
  kind(
    'MAX_CONNECTIONS_PER_HOUR',
    4,
    { ...byNative, account: 'hourly', reason: 'account-connections-per-hour', code: 1226 },
    logsIn({ user: 'hourly', password }),
  ),
  kind(
    'client without plugins for sha2',
    4,
    { ...bySha2, phases: way.said, reason: 'no-plugin-auth', code: 1251 },
    logsIn({ user: 'sha2', password, plugin: native, flags: usualFlags & ~flag.PLUGIN_AUTH }),
  ),
  kind(
    'killed in its login',
    2,
    { reason: 'killed', plugin: 'none', channel: 'plaintext', phases: way.greeted },
    (door) =>
      greeting(door, 'plaintext', async (stranger) => {
        await door.kill(stranger.greeting.connectionId)
        return refusal(stranger)
      }),
  ),
]

/** Once, ahead of all others: what the account may do in an hour. */
export const firstOfHour: Kind = kind(
  'MAX_CONNECTIONS_PER_HOUR, the first',
  0,
  { ...byNative, account: 'hourly' },
  logsIn({ user: 'hourly', password }),
)

/** While max_connections are in use, and one more has come in. */
export const turnedAwayLate: Kind = kind(
  'too many connections, known after the proof',
  0,
  { ...byNative, reason: 'too-many-connections', code: 1040 },
  logsIn({ user: 'native', password }),
)

/** Which plugin an unknown user is asked for differs by name: it is known only from what was asked. */
async function asNobody(door: ScriptedDoor): Promise<readonly Counted[]> {
  let plugin = ''
  const credentials = {
    user: `nobody-${++strangers % 200}`,
    password,
    forge: (proof: Uint8Array, asked: string) => {
      plugin = asked
      return proof
    },
  }
  const stranger = await Stranger.greeted(door.port)
  try {
    const answer = answerOf(await stranger.login(credentials))
    if (answer !== 1045) throw new Error(`unknown user: ${answer} instead of 1045`)
  } finally {
    stranger.destroy()
  }
  const phases = new Map<string, readonly string[]>([
    [native, way.switched],
    [sha2, way.full],
    [sha256, way.secretByRsa],
  ]).get(plugin)
  if (phases === undefined) throw new Error(`unknown user: asked for ${plugin}`)
  return [{ reason: 'unknown-account', plugin, channel: 'plaintext', phases, code: 1045 }]
}
