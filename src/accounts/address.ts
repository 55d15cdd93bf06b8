/**
 * IP addresses as bytes, for host patterns that compare bits and not text.
 */
import { isIPv6 } from 'node:net'

/**
 * Reads an IPv4 address (four decimal numbers without leading zeros) or an IPv6 address (any spelling, no zone id).
 *
 * Units: 4 or 16 bytes in network order; `undefined` when the text is no address.
 */
export function parseAddress(text: string): readonly number[] | undefined {
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text)
}

/** Whether an address is in 127.0.0.0/8 or ::1: where a client can only be on this machine. */
export function isLoopbackNetwork(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && parseIPv4(address) !== undefined)
}

function parseIPv4(text: string): readonly number[] | undefined {
  const bytes = [0, 0, 0, 0]
  let part = 0
  let value = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (value < 0 || part === 3) return undefined
      bytes[part++] = value
      value = -1
    } else if (code >= ZERO && code <= NINE) {
      // A leading zero: some read octal, MySQL's text comparison never matches it.
      if (value === 0) return undefined
      value = value < 0 ? code - ZERO : value * 10 + code - ZERO
      if (value > 255) return undefined
    } else {
      return undefined
    }
  }
  if (part !== 3 || value < 0) return undefined
  bytes[3] = value
  return bytes
}

function parseIPv6(text: string): readonly number[] | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = text.split('::')
  const before = groups(head)
  if (tail === undefined) return before
  const after = groups(tail)
  return [...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after]
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
