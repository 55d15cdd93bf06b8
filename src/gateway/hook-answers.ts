/**
 * What hooks may answer. An answer is read once, field by field, into an object of our own: what the hook keeps a hand on cannot change
 * behind the check. Whatever is not a decision that the hook may make is an error, because a slip in a rule that should have refused
 * must not let anybody in.
 */
import { z } from 'zod'
import { type ServerErrorSymbol, serverErrors } from '../errors/codes.ts'
import { ConfigurationError, receivedError, type ServerError, serverError } from '../errors/errors.ts'
import type { Go, Hooks, Refuse, Show } from './hooks.ts'
import type { Credential } from './rules.ts'

/** What each hook may decide besides a refusal. */
export interface Decisions {
  readonly connectServer: Go
  readonly readHandshake: Show
  readonly readAuth: Go
  readonly readAuthResult: never
  readonly changeUser: Go
}

export type DecidingHook = keyof Decisions & keyof Hooks

/** Turns the client away; as the inputs `denied` and `abort` of the server machine take it. */
export interface Refusal {
  readonly do: 'refuse'
  readonly reason: 'hook-denied' | 'hook-failed'
  /** What the client is told; left out: 1045 in MySQL's words, as for a wrong password. */
  readonly error?: ServerError
  /** Never for the client. */
  readonly detail: string
}

/** Whom an error is about, as far as it is known when a hook is asked. */
export interface Subject {
  readonly host: string
  readonly user?: string | undefined
  readonly database?: string | undefined
}

/**
 * Reads the answer of a hook, one that answered at all.
 *
 * Throws: `ConfigurationError` when it is not a decision of this hook; whatever the answer itself throws when it is read.
 */
export function checkAnswer<H extends DecidingHook>(
  hook: H,
  answer: unknown,
  subject: Subject,
  knows: (backend: string) => boolean,
): Decisions[H] | Refusal {
  const result = decisions[hook].safeParse(answer)
  if (!result.success) throw new ConfigurationError(`${hook}: ${result.error.issues.map(describeIssue).join('; ')}`)
  const decision = result.data
  if (decision.do === 'refuse') return refusalOf(hook, decision, subject)
  if (decision.do === 'go' && decision.to?.backend !== undefined && !knows(decision.to.backend)) {
    throw new ConfigurationError(`${hook}: to.backend: there is no backend '${decision.to.backend}'`)
  }
  return decision as Decisions[H]
}

function refusalOf(hook: DecidingHook, refuse: Refuse, subject: Subject): Refusal {
  const { detail = `refused by ${hook}` } = refuse
  const error = publicError(hook, refuse, subject)
  return { do: 'refuse', reason: 'hook-denied', ...(error !== undefined && { error }), detail }
}

function publicError(hook: DecidingHook, refuse: Refuse, subject: Subject): ServerError | undefined {
  const { code = 1045, sqlState, message } = refuse
  if (message !== undefined) return receivedError(code, sqlState, message)
  // Its text says whether there was a password; the machine knows.
  if (code === 1045 && (sqlState === undefined || sqlState === '28000')) return undefined
  const symbol = symbols.get(code)
  const values = symbol === undefined ? [undefined] : (valuesOf(symbol, subject) ?? [])
  const complete = values.every((value) => value !== undefined)
  if (symbol === undefined || !complete) {
    throw new ConfigurationError(`${hook}: code ${code} needs a message: MySQL's own cannot be filled in here`)
  }
  const error = serverError(symbol, ...values)
  return sqlState === undefined ? error : receivedError(code, sqlState, error.message)
}

/** What fills the blanks of an error's text, unknown ones too; no result: it has none. */
function valuesOf(symbol: ServerErrorSymbol, subject: Subject): readonly (string | undefined)[] | undefined {
  const { host, user, database } = subject
  switch (symbol) {
    case 'ER_HOST_IS_BLOCKED':
    case 'ER_HOST_NOT_PRIVILEGED':
      return [host]
    case 'ER_ACCOUNT_HAS_BEEN_LOCKED':
      return [user, host]
    case 'ER_TOO_MANY_USER_CONNECTIONS':
      return [user]
    case 'ER_DBACCESS_DENIED_ERROR':
      return [user, host, database]
    case 'ER_BAD_DB_ERROR':
      return [database]
    default:
      return serverErrors[symbol].template.includes('%s') ? [undefined] : undefined
  }
}

const symbols = new Map(
  Object.entries(serverErrors).map(([symbol, { code }]) => [code as number, symbol as ServerErrorSymbol]),
)

/** `undefined` is as good as left out, as nearly everywhere in JavaScript. */
function withoutUndefined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never
}

const longestText = 512

const withoutNul = z.string().refine((text) => !text.includes('\0'), 'holds a NUL')
const text = withoutNul.max(longestText)

const credential = z.union(
  [
    z.strictObject({ password: withoutNul }),
    z.strictObject({ file: withoutNul.min(1) }),
    z.strictObject({ env: withoutNul.min(1) }),
    z.strictObject({ command: z.array(withoutNul).min(1) }),
    z.strictObject({ awsIam: z.strictObject({ region: text.optional() }).transform(withoutUndefined) }),
    z.strictObject({
      callback: z.custom<Extract<Credential, { callback: unknown }>['callback']>(
        (value) => typeof value === 'function',
      ),
    }),
  ],
  'is no credential: one of password, file, env, command, awsIam and callback',
)

const go = z
  .strictObject({
    do: z.literal('go'),
    to: z
      .strictObject({ backend: text.optional(), role: z.enum(['primary', 'replica']).optional() })
      .transform(withoutUndefined)
      .optional(),
    as: z.strictObject({ user: text, credential }).optional(),
    database: text.optional(),
  })
  .transform(withoutUndefined)

const show = z
  .strictObject({
    do: z.literal('show'),
    // Clients parse it, and keep it in buffers of this size.
    serverVersion: z
      .string()
      .regex(/^[\x20-\x7e]{1,60}$/, 'must be 1 to 60 printable ASCII characters')
      .optional(),
    plugin: z
      .string()
      .regex(/^[\x21-\x7e]{1,64}$/, 'is no name of a plugin')
      .optional(),
    // JavaScript's `|` and `~` make negative numbers of flags with the highest bit.
    withoutCapabilities: z
      .int()
      .min(-0x80000000)
      .max(0xffffffff)
      .transform((flags) => flags >>> 0)
      .optional(),
  })
  .transform(withoutUndefined)

const refuse = z
  .strictObject({
    do: z.literal('refuse'),
    code: z.int().min(1).max(0xffff).optional(),
    sqlState: z
      .string()
      .regex(/^[0-9A-Z]{5}$/, 'must be five of 0-9 and A-Z')
      .optional(),
    message: text.optional(),
    detail: text.optional(),
  })
  .transform(withoutUndefined)

const decisions = {
  connectServer: z.discriminatedUnion('do', [go, refuse]),
  readHandshake: z.discriminatedUnion('do', [show, refuse]),
  readAuth: z.discriminatedUnion('do', [go, refuse]),
  readAuthResult: refuse,
  changeUser: z.discriminatedUnion('do', [go, refuse]),
} satisfies Record<DecidingHook, unknown>

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${path.length === 0 ? 'the answer' : path.map(String).join('.')}: ${message.replaceAll('\n', ' ')}`
}
