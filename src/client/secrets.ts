/** Whoever answers for the user: the passwords and tokens of a login, and what a server asks a person. */
import type { Question } from '../auth/plugin.ts'
import { ConfigurationError, clientError } from '../errors/errors.ts'
import { expiredToken } from './bearer-token.ts'
import type { ConnectOptions, PasswordSource } from './options.ts'
import type { Identity, Settings } from './settings.ts'

export type Prompt = (question: Question) => Promise<Uint8Array>

/** Throws: `CR_AUTH_PLUGIN_ERR` when the caller has nobody to ask. */
export function promptOf({ prompt }: Pick<ConnectOptions, 'prompt'>): Prompt {
  return async (question) => {
    if (prompt === undefined) {
      throw clientError(
        'CR_AUTH_PLUGIN_ERR',
        'dialog',
        `the server asks "${question.ask}", and there is no prompt option`,
      )
    }
    return bytesOf(await prompt(question), 'the answer of prompt')
  }
}

/** What proves who the caller is. */
export interface Secrets {
  /** Of the three factors; empty for none. */
  readonly passwords: readonly Uint8Array[]
  /** By plugin. */
  readonly tokens: ReadonlyMap<string, Uint8Array>
}

/**
 * Collects the secrets of one login; a promise only where somebody has to be asked.
 *
 * Throws, or rejects with, `ConfigurationError` when one is neither text nor bytes, or holds a NUL; `ClientError` when one is a
 * token that has expired.
 */
export function secretsOf(identity: Identity, settings: Settings): Secrets | Promise<Secrets> {
  const sources = [...identity.passwords, identity.openidToken]
  if (sources.every((source) => typeof source !== 'function')) return secrets(identity, sources)
  const answers = Promise.all(sources.map((source) => ask(source, identity, settings)))
  return inTime(answers, settings.timeoutMs).then((given) => secrets(identity, given))
}

/** Whoever is asked may never answer, and the deadline of the login itself has not begun. */
async function inTime<T>(answers: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const why = `a function that gives a password gave none within ${timeoutMs} ms (connectTimeoutMs)`
  const timer = setTimeout(() => late.reject(new ConfigurationError(why)), timeoutMs)
  try {
    return await Promise.race([answers, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function secrets({ openidToken }: Identity, given: readonly unknown[]): Secrets {
  const all = given.map((value, i) => (value === undefined ? none : bytesOf(value, sourceNames[i] as string)))
  for (const secret of all) {
    const expired = secret.length > longestUsualPassword ? expiredToken(secret, Date.now()) : undefined
    if (expired !== undefined) throw expired
  }
  const [first, second, third, token] = all
  return {
    passwords: [first, second, third] as Uint8Array[],
    tokens: new Map(openidToken === undefined ? [] : [[openidPlugin, token as Uint8Array]]),
  }
}

function ask(source: PasswordSource | undefined, { user }: Identity, { target }: Settings) {
  if (typeof source !== 'function') return source
  return source(
    target.kind === 'tcp' ? { host: target.host, port: target.port, user } : { host: 'localhost', port: 0, user },
  )
}

function bytesOf(value: unknown, what: string): Uint8Array {
  const bytes = typeof value === 'string' ? utf8.encode(value) : copyOf(value)
  // A number or an object would be turned into bytes that nobody chose.
  if (!(bytes instanceof Uint8Array)) throw new ConfigurationError(`${what} is a ${typeof value}, not text or bytes`)
  if (bytes.includes(0)) throw new ConfigurationError(`${what} holds a NUL byte, which MySQL's protocol ends it at`)
  return bytes
}

function copyOf(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}

const sourceNames = ['password', 'password2', 'password3', 'openidToken']
const openidPlugin = 'authentication_openid_connect_client'
const utf8 = new TextEncoder()
const none = new Uint8Array(0)

/** Bytes; a token is longer. */
const longestUsualPassword = 64
