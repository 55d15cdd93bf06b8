/**
 * An independent byte builder for codec tests: it shares no code with `src/wire`, so that a mistake there cannot hide.
 */
import { Buffer } from 'node:buffer'

type Part = string | Uint8Array | readonly number[]

/** Joins parts: a string is hex (spaces allowed), an array is bytes. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  const joined = Buffer.concat(
    parts.map((part) => {
      if (typeof part !== 'string') return Uint8Array.from(part)
      const hex = part.replace(/\s/g, '')
      if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error(`not hex: ${part}`)
      return Buffer.from(hex, 'hex')
    }),
  )
  return new Uint8Array(joined)
}

/** Text as UTF-8. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

/** Text as UTF-8, and a NUL. */
export function nul(value: string): Uint8Array {
  return bytes(text(value), [0])
}

/** Little-endian integer of so many bytes. */
export function int(value: number | bigint, size: number): Uint8Array {
  const hex = BigInt(value)
    .toString(16)
    .padStart(size * 2, '0')
  if (hex.length > size * 2) throw new Error(`${value} does not fit in ${size} bytes`)
  return bytes(hex).reverse()
}

/** Length-encoded integer. */
export function lenenc(value: number | bigint): Uint8Array {
  if (value < 251) return int(value, 1)
  if (value < 2 ** 16) return bytes('fc', int(value, 2))
  if (value < 2 ** 24) return bytes('fd', int(value, 3))
  return bytes('fe', int(value, 8))
}

/** Length-encoded string. */
export function block(value: string | Uint8Array): Uint8Array {
  const content = typeof value === 'string' ? text(value) : value
  return bytes(lenenc(content.length), content)
}

export function zeros(count: number): Uint8Array {
  return new Uint8Array(count)
}
