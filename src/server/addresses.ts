/**
 * Client addresses as text: one spelling for each address, because the host cache, host patterns and the limits per
 * source compare them as strings.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { ConfigurationError } from '../errors/errors.ts'

/**
 * Spells an address the one way that the rest of the package expects: IPv4-mapped IPv6 as IPv4, IPv6 compressed and in
 * lower case, no zone id.
 *
 * Throws: `ConfigurationError` when `text` is not an address. Nothing else will do: "no address" means a unix socket.
 */
export function canonicalAddress(text: string): string {
  if (isIPv4(text)) return text
  if (text.startsWith(mappedPrefix) && isIPv4(text.slice(mappedPrefix.length))) return text.slice(mappedPrefix.length)
  const zone = text.indexOf('%')
  const bare = zone === -1 ? text : text.slice(0, zone)
  if (!isIPv6(bare)) throw new ConfigurationError(`not an IP address: ${JSON.stringify(text.slice(0, 64))}`)
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' })
  return address.startsWith(mappedPrefix) && address.includes('.') ? address.slice(mappedPrefix.length) : address
}

/**
 * Tells the two addresses that mysqld calls `localhost`; 127.0.0.2 is a host like any other there.
 *
 * Shapes: `address` is canonical.
 */
export function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1'
}

/**
 * Names who is behind an address, for limits per source: an IPv4 address itself, of an IPv6 address the /64, since a
 * single customer owns at least that many.
 *
 * Shapes: `address` is canonical; the result is a key, not an address.
 */
export function sourceKey(address: string): string {
  return isIPv4(address) ? address : `${groupsOf(address).slice(0, 4).join(':')}::/64`
}

/**
 * Spells the name under which DNS keeps the PTR record of an address.
 *
 * Shapes: `address` is canonical.
 * Spec: https://www.rfc-editor.org/rfc/rfc3596#section-2.5
 */
export function reverseName(address: string): string {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const digits = groupsOf(address).flatMap((group) => [...group.padStart(4, '0')])
  return `${digits.reverse().join('.')}.ip6.arpa`
}

/** The eight groups of an IPv6 address, with the zeros that "::" stands for. */
function groupsOf(address: string): string[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [a * 256 + Number(b), c * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  )
  const [head = [], tail = []] = hex.split('::').map((part) => (part === '' ? [] : part.split(':')))
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}

const mappedPrefix = '::ffff:'
