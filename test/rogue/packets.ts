/** What a rogue server says, built without any code of `src`. */
import { bytes, int, lenenc, nul, text, zeros } from '../support/bytes.ts'

/** Everything that a greeting can offer, as MySQL 9.7 offers it. */
export const withTls = 0xdfff_ffff
export const withoutTls = 0xdfff_f7ff
/** MariaDB clears the lowest bit. */
export const mariadbWithTls = 0x81ff_fffe

export const nonce: Uint8Array = Buffer.from('Rogue-nonce-20-bytes')
export const nonce32: Uint8Array = Buffer.from('Rogue-nonce-of-thirty-two-bytes!')

export interface Greeting {
  readonly capabilities?: number
  readonly plugin?: string
  readonly version?: string
}

export function greeting({
  capabilities = withoutTls,
  plugin = 'caching_sha2_password',
  version = '9.7.4',
}: Greeting = {}) {
  const word = int(capabilities, 4)
  return bytes(
    [10],
    nul(version),
    int(4711, 4),
    nonce.subarray(0, 8),
    [0],
    word.subarray(0, 2),
    [255, 2, 0],
    word.subarray(2),
    [21],
    zeros(10),
    nonce.subarray(8),
    [0],
    nul(plugin),
  )
}

export const ok = bytes('00 00 00 02 00 00 00')
export const err = (message = 'Your card number, please', code = 1045, state = '#28000') =>
  bytes([0xff], int(code, 2), text(state), text(message))
export const moreData = (...data: (string | Uint8Array | readonly number[])[]) => bytes([1], ...data)
/** With the nonce that goes with the plugin, unless another one is given. */
export const switchTo = (plugin: string, data: Uint8Array = nonceFor(plugin)) => bytes([0xfe], nul(plugin), data)
export const nextFactor = (plugin: string, data: Uint8Array = nonceFor(plugin)) => bytes([2], nul(plugin), data)
export const localInfile = (path: string) => bytes([0xfb], text(path))

/** An OK whose info is this; the lengths are those of a server without session tracking. */
export const okWithInfo = (info: string) => bytes('00 00 00 02 00 00 00', lenenc(info.length), text(info))

/** Column definition of a VARCHAR, as the text protocol has it. */
export function column(name = 'c', type = 0xfd): Uint8Array {
  const block = (value: string) => bytes(lenenc(value.length), text(value))
  return bytes(
    block('def'),
    block(''),
    block(''),
    block(''),
    block(name),
    block(''),
    '0c 2d 00',
    int(1024, 4),
    [type],
    '00 00 00 00 00',
  )
}

export function frame(payload: Uint8Array, sequenceId: number): Uint8Array {
  return bytes(int(payload.length, 3), [sequenceId & 0xff], payload)
}

/** Frames with ids that run on. */
export function frames(payloads: readonly Uint8Array[], firstId: number): Uint8Array {
  return bytes(...payloads.map((payload, i) => frame(payload, firstId + i)))
}

function nonceFor(plugin: string): Uint8Array {
  if (plugin === 'client_ed25519' || plugin === 'parsec') return nonce32
  if (plugin === 'mysql_clear_password' || plugin === 'dialog') return zeros(0)
  return bytes(nonce, [0])
}
