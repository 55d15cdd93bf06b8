/**
 * The `gateway` section of the configuration: what may be said, what holds when it is not said, and from there what `openGateway` takes.
 * The section is checked in two steps: its shape as the file is read, the rest once it is known which backends there are.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { ConfigurationError } from '../errors/errors.ts'
import { checkedShape, listenText } from '../server/config-shape.ts'
import { silentLog } from '../server/log.ts'
import type { BackendOptions } from './backend.ts'
import type { BackendAccountsOptions } from './backend-accounts.ts'
import { backendOf, backendShape, type NamedBackend } from './config-backends.ts'
import { discreet } from './discreet.ts'
import type { GatewayRules } from './gateway.ts'
import type { Hooks } from './hooks.ts'
import { HookRunner } from './hooks-runner.ts'
import { mostWorkers } from './open.ts'
import { defaultLimits, type PoolLimits } from './pool.ts'
import { RuleBook } from './rule-book.ts'
import type { Rule } from './rules.ts'

export interface GatewayConfig {
  /**
   * The servers behind the gateway: `mysql://user:password@host:3306?weight=2&role=replica&name=db2&send-proxy=v2`, or objects. User and
   * password are the gateway's own account there; further parameters are those of `saltgate connect`. `--to` takes their place.
   */
  readonly to?: readonly (string | BackendOptions)[]
  /** Who is authenticated how; the first that matches decides, and who matches none is refused. Default: everybody is relayed. */
  readonly rules?: readonly Rule[]
  /** Default none. */
  readonly hooks?: Hooks
  /** Time that one hook has; afterwards its connection is refused. Units: ms. Default 2000. */
  readonly hookTimeoutMs?: number
  /** Of backend connections that several clients use one after the other. */
  readonly pool?: {
    /** Open connections of one identity to one backend; 0: no limit. Default 0. */
    readonly maxPerIdentity?: number
    /** Of those, the ones that may be idle. Default 100. */
    readonly maxIdle?: number
    /** An idle connection is closed after so long; 0: never. Units: ms. Default 60,000. */
    readonly idleTimeoutMs?: number
    /** A connection of this age is not used again; 0: it is always. Units: ms. Default 3,600,000. */
    readonly lifetimeMs?: number
    /** A client waits so long for a connection. Units: ms. Default 10,000. */
    readonly queueMs?: number
    /** Clients that may wait, of all identities. Default 1000. */
    readonly maxWaiting?: number
  }
  /** How the backends are watched. */
  readonly monitor?: {
    /** Between two looks. Units: ms. Default 500. */
    readonly intervalMs?: number
    /** Without an answer for so long a backend counts as down. Units: ms. Default 1000. */
    readonly timeoutMs?: number
  }
  /** Of rules by which the accounts of the backend judge. */
  readonly backendAccounts?: {
    /** Where the view of the accounts is. Default `saltgate`. */
    readonly schema?: string
    /** Between two readings. Units: ms. Default 60,000. */
    readonly refreshMs?: number
    /** Nobody gets in by accounts that were read longer ago. Units: ms. Default 600,000. */
    readonly staleMs?: number
  }
  /** Where administrators log in, to the console and not to a backend: addresses as of `listen`. Default nowhere. */
  readonly admin?: { readonly listen: readonly string[] }
  /** Processes that share the port, at most 64; `auto`: as many as there are cores. Default 1. */
  readonly workers?: number | 'auto'
  /** How long transactions under way may go on once the gateway is to end. Units: ms. Default 60,000. */
  readonly drainMs?: number
  /** Whether a client that came by TLS may be served by a backend connection in clear. Default `backend-at-least-client`: it may not. */
  readonly tlsPolicy?: 'backend-at-least-client' | 'any'
  /** Permits LOAD DATA LOCAL, by which a server reads files of the client's. Default false. */
  readonly localInfile?: boolean
  /** Offers clients to compress; to a backend it is an option of its own, `compress`. Default false. */
  readonly compression?: boolean
  /** What clients see of the server before they log in. */
  readonly greeting?: {
    /** At most 60 printable ASCII characters. Default: what the backends say. */
    readonly serverVersion?: string
  }
}

/** All that was left out filled in, all that can be checked beforehand checked. Printing it shows no password. */
export interface GatewaySettings {
  readonly backends: readonly NamedBackend[]
  readonly rules: Omit<GatewayRules, 'backendAccounts'>
  readonly pool: PoolLimits
  readonly monitor: { readonly intervalMs: number; readonly timeoutMs: number }
  readonly backendAccounts: Pick<BackendAccountsOptions, 'schema' | 'refreshMs' | 'staleMs'>
  readonly admin: { readonly listen: readonly string[] } | undefined
  readonly workers: number
  readonly drainMs: number
  /** What will work, though hardly as it was meant. */
  readonly warnings: readonly string[]
}

/**
 * Settles a section. `to` and `workers` are of the command line, and take the place of those in the section; relative paths start from the
 * directory `base`; `file` is where the section stands, for messages.
 *
 * Throws: `ConfigurationError` of one line: file, place, remedy.
 */
export function gatewaySettings(
  config: GatewayConfig,
  how: {
    readonly to?: readonly string[]
    readonly workers?: number | 'auto' | undefined
    readonly base?: string
    readonly file?: string | undefined
  } = {},
): GatewaySettings {
  const { base = process.cwd(), file, to: said = [] } = how
  const prefix = file === undefined ? '' : `${file}: gateway.`
  const at = file === undefined ? [] : ['gateway']
  const given = checkedShape(gatewaySection, config, file === undefined ? '' : `${file}: `, at) as GatewayConfig
  const backends =
    said.length > 0 ? namedBackends(said, '--to ', base) : namedBackends(given.to ?? [], `${prefix}to.`, base)
  if (backends.length === 0) {
    throw new ConfigurationError(
      `${prefix}to: there is no backend: write --to mysql://HOST:3306, or to: ['mysql://HOST:3306']`,
    )
  }

  const { hooks, hookTimeoutMs = 2000 } = given
  const names = new Set(backends.map(({ name }) => name))
  const book = placed(`${prefix}rules: `, () => new RuleBook(given.rules ?? [], names, base))
  if (hooks !== undefined) {
    const knows = (name: string) => names.has(name)
    placed(`${prefix}hooks: `, () => new HookRunner(hooks, { timeoutMs: hookTimeoutMs, log: silentLog, knows }))
  }
  const { serverVersion } = given.greeting ?? {}
  const workers = how.workers ?? given.workers ?? 1
  return {
    backends,
    rules: {
      rules: given.rules === undefined ? [] : book.rules.map(({ number: _, ...rule }) => rule),
      base,
      hookTimeoutMs,
      ...(hooks !== undefined && { hooks }),
      tlsPolicy: given.tlsPolicy ?? 'backend-at-least-client',
      localInfile: given.localInfile ?? false,
      compression: given.compression ?? false,
      ...(serverVersion !== undefined && { serverVersion }),
    },
    pool: filledIn(given.pool, defaultLimits),
    monitor: filledIn(given.monitor, { intervalMs: 500, timeoutMs: 1000 }),
    backendAccounts: filledIn(given.backendAccounts, {}),
    admin: given.admin,
    workers: workers === 'auto' ? Math.min(availableParallelism(), mostWorkers) : workers,
    drainMs: given.drainMs ?? 60_000,
    warnings: book.warnings.map((warning) => `${prefix}rules: ${warning}`),
  }
}

function namedBackends(to: readonly (string | BackendOptions)[], place: string, base: string): readonly NamedBackend[] {
  const backends: NamedBackend[] = []
  for (const [i, given] of to.entries()) {
    const at = place.startsWith('--') ? `${place.trim()} (number ${i + 1}): ` : `${place}${i}: `
    const backend = placed(at, () => backendOf(given, base))
    if (backends.some(({ name }) => name === backend.name)) {
      throw new ConfigurationError(
        `${at}there is another backend '${backend.name}': give one of them another name (?name=...)`,
      )
    }
    backends.push(backend)
  }
  return backends
}

/** `undefined` is as good as left out, as nearly everywhere in JavaScript. */
function filledIn<T extends object>(given: Partial<T> | undefined, defaults: T): T {
  return { ...defaults, ...Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) }
}

function placed<T>(prefix: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof ConfigurationError ? new ConfigurationError(`${prefix}${error.message}`) : error
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null
/** Units: ms. */
const time = (least: 0 | 1) => z.number().int().min(least).max(0x7fffffff)
const count = z.number().int().min(0).max(1_000_000)

const shape = z.strictObject({
  to: z
    .array(z.union([z.string(), backendShape], 'must be a URI (mysql://HOST:3306) or an object with connect'))
    .optional(),
  // A rule is checked by the book, which knows what goes with what.
  rules: z.array(z.unknown()).optional(),
  hooks: z.custom<Hooks>(isObject, 'must be an object of functions').optional(),
  hookTimeoutMs: time(1).optional(),
  pool: z
    .strictObject({
      maxPerIdentity: count.optional(),
      maxIdle: count.optional(),
      idleTimeoutMs: time(0).optional(),
      lifetimeMs: time(0).optional(),
      queueMs: time(1).optional(),
      maxWaiting: count.optional(),
    } satisfies Record<keyof PoolLimits, z.ZodType>)
    .optional(),
  monitor: z.strictObject({ intervalMs: time(1).optional(), timeoutMs: time(1).optional() }).optional(),
  backendAccounts: z
    .strictObject({
      schema: z.string().min(1).max(64).optional(),
      refreshMs: time(1).optional(),
      staleMs: time(1).optional(),
    })
    .optional(),
  admin: z.strictObject({ listen: z.array(listenText).min(1) }).optional(),
  workers: z
    .union([z.number().int().min(1).max(mostWorkers), z.literal('auto')], 'must be 1 to 64, or auto')
    .optional(),
  drainMs: time(0).optional(),
  tlsPolicy: z.enum(['backend-at-least-client', 'any']).optional(),
  localInfile: z.boolean().optional(),
  compression: z.boolean().optional(),
  greeting: z
    .strictObject({
      serverVersion: z
        .string()
        .regex(/^[\x20-\x7e]{1,60}$/, 'must be 1 to 60 printable ASCII characters')
        .optional(),
    })
    .optional(),
} satisfies Record<keyof GatewayConfig, z.ZodType>)

/** For `sections` of `loadConfig`. Printing what it makes shows neither backends nor rules, in which passwords stand. */
export const gatewaySection = shape.transform((config) => discreet(config, 'to', 'rules'))
