/** Where a server listens, as text: `HOST:PORT`, `[IPv6]:PORT` or the path of a unix socket. */
import { isIPv6 } from 'node:net'
import { ConfigurationError } from '../errors/errors.ts'

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/**
 * Parses a listen address; port 0 asks the system for a free one.
 *
 * Throws: `ConfigurationError` that shows the right form.
 */
export function parseListen(text: string): ListenAddress {
  if (text.includes('/')) {
    // The kernel's sun_path holds 108 bytes with the NUL; a longer path would fail later and less clearly.
    if (Buffer.byteLength(text) > 107)
      throw new ConfigurationError(`the socket path '${text}' is longer than 107 bytes`)
    return { kind: 'unix', path: text }
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535 || (match?.[1] !== undefined && !isIPv6(host))) {
    throw new ConfigurationError(
      `cannot listen on '${text}': write HOST:PORT (127.0.0.1:3307), [IPv6]:PORT ([::1]:3307) or a socket path (/run/saltgate.sock)`,
    )
  }
  return { kind: 'tcp', host, port }
}

/** The text that `parseListen` takes. */
export function showListen(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`
}
