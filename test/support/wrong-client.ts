/** A client that does wrong what its tests tell it to: scrambles, passwords and masks as real clients get them wrong. */
import { createHash } from 'node:crypto'
import type { TestDoor } from './door.ts'
import { handshakeResponse, RawClient } from './raw-client.ts'

export type Bytes = Uint8Array
export const utf8 = (text: string): Bytes => Buffer.from(text)
export const withNul = (text: Bytes) => Uint8Array.of(...text, 0)
export const digest = (algorithm: string, ...parts: Bytes[]): Bytes =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest()
export const xor = (bytes: Bytes, mask: Bytes) => bytes.map((byte, i) => byte ^ (mask[i % mask.length] as number))

export function native(password: Bytes, nonce: Bytes, reversed = false): Bytes {
  const once = digest('sha1', password)
  const parts = [nonce, digest('sha1', once)]
  return xor(once, digest('sha1', ...(reversed ? parts.reverse() : parts)))
}

export function sha2(password: Bytes, nonce: Bytes, reversed = false): Bytes {
  const once = digest('sha256', password)
  const parts = [digest('sha256', once), nonce]
  return xor(once, digest('sha256', ...(reversed ? parts.reverse() : parts)))
}

export interface WrongClient {
  readonly user: string
  readonly plugin?: string
  /** The scramble, or what it sends in its place; with the login, unless it names mysql_clear_password. */
  readonly answer: (nonce: Bytes, greetingNonce: Bytes) => Bytes
  /** Its packet of full authentication; given the server's key where it asked for it. */
  readonly full?: (nonce: Bytes, greetingNonce: Bytes, key: string) => Bytes
  readonly via?: 'plaintext' | 'tls' | 'unix-socket'
  /** Does not ask for the key. */
  readonly withoutKey?: boolean
}

/** Logs in once, leaves, and returns what became of it. */
export async function knock({ port, socketPath }: TestDoor, how: WrongClient): Promise<'ok' | number> {
  const { user, plugin = 'mysql_clear_password', answer, full, via = 'plaintext' } = how
  const client = await RawClient.connect(via === 'unix-socket' ? { path: socketPath } : { port })
  try {
    const greeting = await client.greeting()
    let sequenceId = 1
    if (via === 'tls') {
      await client.startTls({ rejectUnauthorized: false })
      sequenceId = 2
    }
    let nonce: Bytes = greeting.nonce
    const capabilities = via === 'tls' ? 0x800 : 0
    const first = plugin === 'mysql_clear_password' ? new Uint8Array(0) : answer(nonce, nonce)
    client.send(handshakeResponse({ user, plugin, capabilities }, first), sequenceId)
    for (;;) {
      const { payload, sequenceId: id } = await client.packet()
      if (payload[0] === 0) return 'ok'
      if (payload[0] === 0xff) return payload.readUInt16LE(1)
      if (payload[0] === 0xfe) {
        const at = payload.indexOf(0, 1) + 1
        nonce = Buffer.from(payload.subarray(at, at + 20))
        client.send(answer(nonce, greeting.nonce), id + 1)
      } else if (payload[0] === 1 && payload[1] === 3) {
      } else if (full === undefined) throw new Error(`asked for more: ${payload.toString('hex')}`)
      else if (payload[0] === 1 && payload[1] === 4 && via === 'plaintext' && !how.withoutKey) {
        client.send(Uint8Array.of(2), id + 1)
      } else client.send(full(nonce, greeting.nonce, payload.toString('latin1', 1)), id + 1)
    }
  } finally {
    client.destroy()
  }
}
