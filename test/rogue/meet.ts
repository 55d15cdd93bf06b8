/** Lets the client meet a rogue, and holds it to what it owes its caller whoever answers. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { leaksIn, openidToken, password, password2, password3 } from './secrets.ts'
import { RogueServer, type Step } from './server.ts'

export interface Rogue {
  readonly script: readonly Step[]
  /** Options of the victim, who always gives all passwords. */
  readonly options?: ConnectOptions
  readonly listens?: 'tcp' | 'unix-socket'
  /** What the victim does once it is in; left out: it must not get in. */
  readonly use?: (connection: Connection) => Promise<unknown>
  /** Of the error that must come; one of them. */
  readonly symbol: string | readonly string[]
  readonly phase?: string
}

export interface Meeting {
  readonly error: MysqlError
  readonly heardInClear: Buffer
  readonly heardThroughTls: Buffer
}

/** Milliseconds that a login may take, unless the rogue's part is to be silent. */
const patienceMs = 5000
/** How late the deadline may be noticed on a machine that has other things to do. */
const slackMs = 3000

/** Whatever escaped from the client, in whichever meeting. */
const escaped: unknown[] = []
process.on('unhandledRejection', (reason) => escaped.push(reason))
process.on('uncaughtExceptionMonitor', (error) => escaped.push(error))

/**
 * One meeting. Asserts that it ends in time and in the typed error that the rogue deserves, that no secret byte got out, that the
 * error tells none either, and that the client leaves.
 */
export async function meet(rogue: Rogue): Promise<Meeting> {
  const server = await RogueServer.open(rogue.script, rogue.listens)
  try {
    const dueMs = (rogue.options?.connectTimeoutMs ?? patienceMs) + slackMs
    const error = await within(dueMs, failureOf(rogue, server), 'the client comes to an end')
    if (!(error instanceof MysqlError)) throw error
    const symbols = typeof rogue.symbol === 'string' ? [rogue.symbol] : rogue.symbol
    assert.ok(symbols.includes(error.symbol), `${error.symbol}: ${error.message}`)
    if (rogue.phase !== undefined) assert.equal(error.phase, rogue.phase, error.message)
    if (server.connections > 0) await within(slackMs, server.left, 'the client leaves')
    const { heardInClear, heardThroughTls } = server
    assert.deepEqual(leaksIn(heardInClear), [], 'in clear')
    assert.deepEqual(leaksIn(heardThroughTls), [], 'through TLS')
    assert.doesNotMatch(inspect(error, { depth: 8, showHidden: true }), /Canary/)
    assert.deepEqual(escaped.splice(0), [])
    return { error, heardInClear, heardThroughTls }
  } finally {
    await server.close()
  }
}

/** A server that, for once, gets what it asks for: the client must be let in. Returns what the server heard. */
export async function welcome(
  script: readonly Step[],
  options: ConnectOptions = {},
  listens: 'tcp' | 'unix-socket' = 'tcp',
): Promise<Pick<Meeting, 'heardInClear' | 'heardThroughTls'>> {
  const server = await RogueServer.open(script, listens)
  try {
    const connection = await connect(victim(server, options))
    connection.destroy()
    await connection.closed
    return { heardInClear: server.heardInClear, heardThroughTls: server.heardThroughTls }
  } finally {
    await server.close()
  }
}

/** The victim: all that it knows, it is ready to tell the right server. */
function victim(server: RogueServer, options: ConnectOptions = {}): ConnectOptions {
  return {
    ...(server.path === undefined ? { host: '127.0.0.1', port: server.port } : { socketPath: server.path }),
    user: 'victim',
    password,
    password2,
    password3,
    openidToken,
    database: 'app',
    connectTimeoutMs: patienceMs,
    ...options,
  }
}

async function failureOf({ options, use }: Rogue, server: RogueServer): Promise<unknown> {
  let connection: Connection
  try {
    connection = await connect(victim(server, options))
  } catch (error) {
    // Outside of the login there is no story to tell.
    if (error instanceof MysqlError) assert.ok(error.login !== undefined, 'a login error without its report')
    assert.ok(use === undefined, `did not even get in: ${error}`)
    return error
  }
  try {
    if (use === undefined) return assert.fail('it believes to be connected')
    await use(connection)
  } catch (error) {
    return error
  } finally {
    connection.destroy()
    await connection.closed
  }
  return assert.fail('it believes the server')
}

async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain until ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
