/** The bytes of a packet for people: two digits each, `--` where a secret lies. */
import type { Place } from './secret-places.ts'

/** Bytes of a packet that are shown. */
const mostBytes = 4096

/** Two characters for each byte, as `--verbose` puts it into JSON; at most 4096 bytes. */
export function blankedHex(payload: Uint8Array, secret: Place | undefined): string {
  const shown = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, mostBytes))
  if (secret === undefined) return shown.toString('hex')
  const start = Math.min(secret[0], shown.length)
  const end = Math.min(secret[1], shown.length)
  return shown.toString('hex', 0, start) + '--'.repeat(end - start) + shown.toString('hex', end)
}

/** Lines of sixteen bytes: offset, digits, and the characters of ASCII. Units: `length` bytes of the whole payload. */
export function hexDump(blanked: string, length: number): string[] {
  const bytes = blanked.match(/../g) ?? []
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.slice(at, at + 16)
    const digits = `${row.slice(0, 8).join(' ')}  ${row.slice(8).join(' ')}`
    lines.push(`${at.toString(16).padStart(4, '0')}  ${digits.padEnd(49)} ${row.map(character).join('')}`)
  }
  if (length > bytes.length) lines.push(`and ${length - bytes.length} bytes more`)
  return lines
}

function character(byte: string): string {
  if (byte === '--') return '-'
  const code = Number.parseInt(byte, 16)
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.'
}
