/** Where a server listens: an address, or a path of this machine. */
import { isIPv4, isIPv6 } from 'node:net'
import { ConfigurationError } from '../errors/errors.ts'
import type { ConnectOptions } from './options.ts'

export type Target =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string }

/** Throws: `ConfigurationError`. */
export function targetOf({ host = 'localhost', port = defaultPort, socketPath }: ConnectOptions): Target {
  if (socketPath !== undefined) {
    if (typeof socketPath !== 'string' || socketPath === '') throw new ConfigurationError('socketPath is empty')
    return { kind: 'socket', path: socketPath }
  }
  if (typeof host !== 'string' || host === '') throw new ConfigurationError('host is empty')
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new ConfigurationError(`port is ${port}; it takes 1 to 65535`)
  }
  return { kind: 'tcp', host, port }
}

/** Whether nobody can stand between: a unix socket, or an address of this machine itself. */
export function isLocal(target: Target): boolean {
  if (target.kind === 'socket') return true
  const { host } = target
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** `host:port`, or the path of the socket. */
export function targetText(target: Target): string {
  if (target.kind === 'socket') return target.path
  return isIPv6(target.host) ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`
}

const defaultPort = 3306
