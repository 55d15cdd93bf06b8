/** Strangers that never come to say who they are, or say it wrongly: they go, they speak another language, they break the rules. */
import assert from 'node:assert/strict'
import { createConnection } from 'mysql2/promise'
import { bytes, int, nul, zeros } from '../support/bytes.ts'
import { flag, frame, loginHead, loginPacket, Stranger, sslRequest, usualFlags } from '../threats/stranger.ts'
import {
  type Answer,
  greeting,
  type Kind,
  kind,
  native,
  password,
  refusal,
  type ScriptedDoor,
  sha2,
  way,
} from './login-kind.ts'

/** From where so many broken logins come that it is blocked. */
export const blockedAddress = '127.0.0.9'

const nobody = { plugin: 'none', channel: 'plaintext', phases: way.greeted } as const
const gone = { ...nobody, reason: 'client-gone' } as const
const malformed = { ...nobody, reason: 'malformed-packet', code: 1043 } as const
const outOfOrder = { ...nobody, reason: 'out-of-order', code: 1156 } as const

const half = bytes(int(100, 3), [1], zeros(10))
const login = { user: 'native', plugin: native, proof: zeros(0) }

export const broken: readonly Kind[] = [
  kind('gone at once', 3, gone, async ({ port }) => {
    const stranger = await Stranger.knock(port)
    stranger.destroy()
    return undefined
  }),
  kind(
    'silent, gone after the greeting',
    6,
    gone,
    does(() => {}),
  ),
  kind(
    'reset after the greeting',
    4,
    gone,
    does((stranger) => void stranger.plain.resetAndDestroy()),
  ),
  kind(
    'gone in the middle of its login',
    4,
    gone,
    does((stranger) => stranger.write(half)),
  ),
  kind(
    'half closed in the middle of its login',
    4,
    { ...gone, code: 1158 },
    told((stranger) => {
      stranger.write(half)
      stranger.plain.end()
    }),
  ),
  kind(
    'gone when it is switched to a plugin that it lacks',
    4,
    { ...gone, plugin: native, account: 'native', phases: way.switched },
    sees(0xfe, { ...login, plugin: sha2 }),
  ),
  kind(
    'gone when it is asked for the password',
    4,
    { ...gone, plugin: sha2, account: 'sha2', phases: way.asked },
    sees(0x01, { user: 'sha2', plugin: sha2, proof: Buffer.alloc(32, 1) }),
  ),
  kind('login that cannot be read', 4, malformed, tells(frame(zeros(5), 1))),
  kind('login from before 4.1', 3, malformed, tells(frame(bytes(int(1, 2), int(0, 3), nul('root')), 1))),
  kind('empty packet', 3, malformed, tells(frame(zeros(0), 1))),
  kind('wrong sequence id', 4, outOfOrder, tells(frame(loginPacket(login), 3))),
  kind('HTTP', 4, outOfOrder, tells(Buffer.from('GET / HTTP/1.1\r\nHost: door\r\n\r\n'))),
  kind(
    'packet that is too large',
    4,
    { ...nobody, reason: 'packet-too-large', code: 1153 },
    tells(bytes(int(0xffffff, 3), [1])),
  ),
  kind(
    'refused character set',
    4,
    { ...nobody, reason: 'charset-refused', code: 1231 },
    tells(frame(bytes(loginHead(usualFlags, 35), nul('native'), [0], nul(native)), 1)),
  ),
  kind(
    'zstd level 0',
    4,
    { ...nobody, reason: 'zstd-level', code: 3923 },
    tells(frame(withoutLevel(loginPacket({ ...login, flags: usualFlags | flag.ZSTD })), 1)),
  ),
  kind(
    'plain bytes behind a request for TLS',
    4,
    { ...nobody, tls: 'tried', reason: 'plaintext-before-tls', code: 1043 },
    tells(bytes(frame(sslRequest(), 1), Buffer.from('plain'))),
  ),
  kind(
    'rubbish in the place of a TLS hello',
    3,
    { ...nobody, tls: 'tried', phases: way.askedForTls, reason: 'tls-failed' },
    does(async (stranger) => {
      stranger.write(frame(sslRequest(), 1), bytes('16 03 01 00 05'), Buffer.alloc(5, 0xff))
      await stranger.rest()
    }),
  ),
  kind(
    'gone after its request for TLS',
    3,
    { ...gone, tls: 'tried', phases: way.askedForTls },
    does((stranger) => stranger.write(frame(sslRequest(), 1))),
  ),
  kind(
    'mysql2 that does not trust the certificate',
    0.5,
    { ...nobody, tls: 'tried', phases: way.askedForTls, reason: 'tls-failed' },
    async ({ port }) => {
      const options = { host: '127.0.0.1', port, user: 'sha2', password, ssl: {} }
      await assert.rejects(createConnection(options), { code: 'HANDSHAKE_SSL_ERROR' })
      return undefined
    },
  ),
  kind(
    'blocked host',
    4,
    {
      ...{ plugin: 'none', channel: 'plaintext', phases: way.turnedAway, reason: 'host-blocked', code: 1129 },
      host: { address: blockedAddress, counter: 'COUNT_HOST_BLOCKED_ERRORS' },
    },
    ({ port }) => from(blockedAddress, port, refusal),
  ),
]

/** What blocks a host, ahead of all others. */
export const blocks: Kind = kind(
  'what blocks a host',
  0,
  { ...malformed, host: { address: blockedAddress, counter: 'COUNT_HANDSHAKE_ERRORS' } },
  ({ port }) =>
    from(blockedAddress, port, async (stranger) => {
      await stranger.greet()
      stranger.write(frame(zeros(5), 1))
      return refusal(stranger)
    }),
)

/** Waits until the door's patience ends. */
export const silent: Kind = kind(
  'silent for longer than connect_timeout',
  0,
  { ...nobody, reason: 'login-timeout', code: 1159 },
  (door) => greeting(door, 'plaintext', refusal),
)

/** While max_connections are in use. */
export const turnedAway: Kind = kind(
  'too many connections',
  0,
  { plugin: 'none', channel: 'plaintext', phases: way.turnedAway, reason: 'too-many-connections', code: 1040 },
  ({ port }) => from('127.0.0.1', port, refusal),
)

/** Says or does something after the greeting, and goes without waiting for an answer. */
function does(what: (stranger: Stranger) => void | Promise<void>) {
  return (door: ScriptedDoor): Promise<Answer> =>
    greeting(door, 'plaintext', async (stranger) => {
      await what(stranger)
      return undefined
    })
}

/** The same, and reads what it is told. */
function told(what: (stranger: Stranger) => void) {
  return (door: ScriptedDoor): Promise<Answer> =>
    greeting(door, 'plaintext', (stranger) => {
      what(stranger)
      return refusal(stranger)
    })
}

function tells(raw: Uint8Array) {
  return told((stranger) => stranger.write(raw))
}

/** Sends its login, sees a packet of this kind, and goes. */
function sees(first: number, packet: Parameters<typeof loginPacket>[0]) {
  return does(async (stranger) => {
    stranger.send(loginPacket(packet))
    assert.equal((await stranger.packet())?.payload[0], first)
  })
}

async function from(address: string, port: number, act: (stranger: Stranger) => Promise<Answer>): Promise<Answer> {
  const stranger = await Stranger.knock(port, address)
  try {
    return await act(stranger)
  } finally {
    stranger.destroy()
  }
}

function withoutLevel(packet: Uint8Array): Uint8Array {
  return bytes(packet.subarray(0, -1), [0])
}
