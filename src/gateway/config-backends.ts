/** Backends as people configure them: a URI with a few parameters of the gateway's own, or an object. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { ConnectOptions } from '../client/options.ts'
import { settle } from '../client/settings.ts'
import { targetText } from '../client/target.ts'
import { parseConnectionUri } from '../client/uri.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { checkedShape } from '../server/config-shape.ts'
import type { BackendOptions } from './backend.ts'
import { connectShape } from './config-connect.ts'
import { discreet } from './discreet.ts'

/** A backend with its name filled in. Printing it shows no password. */
export type NamedBackend = BackendOptions & { readonly name: string }

/**
 * Settles where a backend is, and checks what can be checked without asking it. Relative paths start from the directory `base`.
 *
 * A URI is one of `parseConnectionUri`, with these parameters besides: `name`, `weight`, `role`, `send-proxy`, `max-connections`.
 *
 * Throws: `ConfigurationError`; it holds neither password nor user.
 */
export function backendOf(given: string | BackendOptions, base: string): NamedBackend {
  const options = typeof given === 'string' ? backendOfUri(given, base) : given
  const { target } = settle(options.connect)
  return { ...options, name: options.name ?? targetText(target), connect: discreetConnect(options.connect) }
}

/** The object form, to the last key; values that only the client can judge are judged by `backendOf`. */
export const backendShape = z.strictObject({
  name: z.string().min(1).optional(),
  connect: connectShape,
  weight: z.number().min(0).optional(),
  role: z.enum(['primary', 'replica']).optional(),
  sendProxy: z.enum(['v1', 'v2']).optional(),
  maxConnections: z.number().int().min(0).optional(),
} satisfies Record<keyof BackendOptions, z.ZodType>)

/** A copy that logs in with this password. */
export function withPassword(backend: NamedBackend, password: string): NamedBackend {
  return { ...backend, connect: discreetConnect({ ...backend.connect, password }) }
}

function backendOfUri(text: string, base: string): BackendOptions {
  const [address = '', query] = splitOnce(text, '?')
  // Then the question mark stands in a password, and what follows is not to be shown: the URI is refused below.
  const parameters = query === undefined || /[#@]/.test(query) ? [] : query.split('&')
  const own = new Map<string, string | number>()
  const others = parameters.filter((parameter) => {
    const [written = '', value = ''] = splitOnce(parameter, '=')
    const name = written.replace(/[_-]([a-z])/g, (_all, letter: string) => letter.toUpperCase())
    if (!ownParameters.has(name)) return true
    if (own.has(name)) throw new ConfigurationError(`the URI gives '${written}' twice`)
    own.set(name, numbers.has(name) ? Number(value || 'none') : decoded(value, written))
    return false
  })
  const rest = own.size === 0 ? text : [address, ...(others.length > 0 ? [others.join('&')] : [])].join('?')
  return {
    ...(checkedShape(ownShape, Object.fromEntries(own), 'the URI: ') as Omit<BackendOptions, 'connect'>),
    connect: parseConnectionUri(rest, (path) => readFileSync(resolve(base, path))),
  }
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string, name: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigurationError(`the parameter '${name}' of the URI has a % that does not stand before two hex digits`)
  }
}

function discreetConnect(connect: ConnectOptions): ConnectOptions {
  const { tls, ...rest } = connect
  return discreet(
    { ...rest, ...(tls !== undefined && { tls: discreet(tls, 'key', 'passphrase') }) } as ConnectOptions,
    ...(['password', 'password2', 'password3', 'openidToken'] as const),
  )
}

const ownShape = backendShape.omit({ connect: true })
const ownParameters: ReadonlySet<string> = new Set(Object.keys(ownShape.shape))
const numbers: ReadonlySet<string> = new Set(['weight', 'maxConnections'])
