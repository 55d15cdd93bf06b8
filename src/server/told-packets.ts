/** The packets of a login for its story: kind, length, and of those that ask for something what they ask. Never content. */
import { cachingSha2Password } from '../auth/caching-sha2-password.ts'
import type { ServerState } from '../machine/server-states.ts'
import type { Story } from '../registry/story.ts'

/** `state` is that in which it came. */
export function tellReceived(story: Story, { at }: ServerState, payload: Uint8Array): void {
  const kind =
    at === 'await-login' && payload.length === sslRequestBytes
      ? 'SslRequest'
      : at === 'await-login' || at === 'await-login-over-tls'
        ? 'HandshakeResponse41'
        : 'AuthAnswer'
  story.say('client', kind, payload.length, performance.now())
}

export function tellSent(story: Story, payload: Uint8Array): void {
  const nowMs = performance.now()
  const { length } = payload
  switch (payload[0]) {
    case 0x00:
      return story.say('server', 'Ok', length, nowMs)
    case 0x01:
      // Of caching_sha2_password and sha256_password; what other plugins say needs no words.
      return story.say('server', 'AuthMoreData', length, nowMs, cachingSha2Password.meaningOf?.(payload.subarray(1)))
    case 0x02:
      return story.say('server', 'AuthNextFactor', length, nowMs, pluginIn(payload))
    case 0x0a:
      return story.say('server', 'HandshakeV10', length, nowMs)
    case 0xfe:
      return story.say('server', 'AuthSwitchRequest', length, nowMs, pluginIn(payload))
    default:
      return story.say('server', 'Err', length, nowMs)
  }
}

/** The name up to its NUL. */
function pluginIn(payload: Uint8Array): string {
  const end = payload.indexOf(0, 1)
  return Buffer.from(
    payload.buffer,
    payload.byteOffset + 1,
    Math.min(end === -1 ? payload.length : end, longestName) - 1,
  ).toString('latin1')
}

const sslRequestBytes = 32
/** Units: bytes. A backend that relays may name what it likes. */
const longestName = 65
