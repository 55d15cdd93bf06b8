/**
 * A tap between clients and a server: a door of its own, behind which every client is connected to the server, while somebody follows
 * what is said.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { dialError } from '../../client/dial.ts'
import { isLocal, type Target, targetText } from '../../client/target.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import type { FlowOpened } from '../capture/flows.ts'
import type { Endpoint } from '../observation.ts'
import type { TlsEnding } from './end-tls.ts'
import type { TapHandler } from './tap-handler.ts'
import { TappedConnection } from './tapped-connection.ts'

export interface TapOptions {
  /** Port 0: a free one. */
  readonly listen: Target
  readonly to: Target
  /** Left out: TLS goes through as it is, and nobody sees inside. */
  readonly ending?: TlsEnding | undefined
  /** Milliseconds to connect to the server, and again for both TLS handshakes. Default 10,000. */
  readonly timeLimitMs?: number
  /** Connections at a time; more are closed at once. Default 1000. */
  readonly mostConnections?: number
  /** Called once the server is reached, or known to be out of reach. */
  readonly open: (flow: FlowOpened) => TapHandler
  /** Why the tap itself ended a connection, or took none. */
  readonly onProblem: (why: string, client: Endpoint | undefined) => void
}

const usualTimeLimitMs = 10_000
const usualConnections = 1000

export class Tap {
  readonly #options: TapOptions
  readonly #server: Server
  /** To the server, not connected yet. */
  readonly #reaching = new Set<Socket>()
  readonly #connections = new Set<TappedConnection>()
  readonly #clock = wallClock()
  /** Called when the last connection is gone. */
  #onEmpty: () => void = () => {}

  private constructor(options: TapOptions) {
    const { mostConnections = usualConnections, onProblem } = options
    this.#options = options
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true },
      (socket) => this.#onClient(socket),
    )
    this.#server.maxConnections = mostConnections
    this.#server.on('drop', () => onProblem(`${mostConnections} connections at a time are the most`, undefined))
  }

  /** Rejects: `ConfigurationError` when nobody can listen there, or the tap would listen to itself. */
  static async open(options: TapOptions): Promise<Tap> {
    const { listen, to } = options
    if (reaches(to, listen)) throw new ConfigurationError(`the tap at ${targetText(listen)} would connect to itself`)
    const tap = new Tap(options)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    tap.#server.once('error', (cause) => {
      reject(new ConfigurationError(`cannot listen on ${targetText(listen)}: ${cause.message}`, { cause }))
    })
    tap.#server.listen(
      listen.kind === 'tcp' ? { host: listen.host, port: listen.port } : { path: listen.path },
      resolve,
    )
    await promise
    return tap
  }

  /** Where it listens, with the port that it was given. */
  get address(): Target {
    const { listen } = this.#options
    if (listen.kind === 'socket') return listen
    return { ...listen, port: (this.#server.address() as AddressInfo).port }
  }

  /** Ends every connection. Resolves when all of them were told of. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    if (this.#connections.size === 0) this.#onEmpty()
    for (const connection of this.#connections) connection.destroy()
    for (const server of this.#reaching) server.destroy(new Error('the tap is closed'))
    await Promise.all([closed, empty])
  }

  #onClient(client: Socket): void {
    const { to, timeLimitMs = usualTimeLimitMs, open, onProblem } = this.#options
    const startedMs = this.#clock()
    const startMs = performance.now()
    const now = () => performance.now() - startMs
    const clientEnd = endpointOf(client, this.#options.listen)
    const opened = (server: Endpoint) => open({ client: clientEnd, server, startedMs, atMs: 0, sawSyn: true })
    const usual = { allowHalfOpen: true, noDelay: true, keepAlive: true }
    const server =
      to.kind === 'tcp'
        ? connect({ ...usual, host: to.host, port: to.port, autoSelectFamily: true })
        : connect({ ...usual, path: to.path })
    this.#reaching.add(server)
    const timer = setTimeout(() => server.destroy(timedOut()), timeLimitMs)
    const onFailed = (error: Error) => {
      clearTimeout(timer)
      this.#reaching.delete(server)
      const handler = opened(to.kind === 'tcp' ? { address: to.host, port: to.port } : { address: to.path, port: 0 })
      handler.onEnd('server', 'rst', now())
      handler.finish()
      if (to.kind === 'tcp' && client.remoteAddress !== undefined) client.resetAndDestroy()
      else client.destroy()
      onProblem(dialError(to, error).message, clientEnd)
    }
    client.on('error', () => {})
    server.once('error', onFailed)
    server.once('connect', () => {
      clearTimeout(timer)
      this.#reaching.delete(server)
      server.off('error', onFailed)
      const handler = opened(endpointOf(server, to))
      const connection: TappedConnection = new TappedConnection({
        client,
        server,
        handler,
        ending: this.#options.ending,
        timeLimitMs,
        now,
        onProblem: (why) => onProblem(why, clientEnd),
        onGone: () => {
          this.#connections.delete(connection)
          if (this.#connections.size === 0) this.#onEmpty()
        },
      })
      this.#connections.add(connection)
    })
  }
}

/** The other end of a socket; of a unix socket, its path. */
function endpointOf({ remoteAddress, remotePort = 0 }: Socket, target: Target): Endpoint {
  if (target.kind === 'socket') return { address: target.path, port: 0 }
  // Of a socket that takes both families.
  return { address: (remoteAddress ?? target.host).replace(/^::ffff:(?=\d+\.)/, ''), port: remotePort }
}

function reaches(to: Target, listen: Target): boolean {
  if (to.kind === 'socket' || listen.kind === 'socket') return targetText(to) === targetText(listen)
  if (to.port !== listen.port) return false
  return (
    to.host === listen.host || (isLocal(to) && (isLocal(listen) || listen.host === '0.0.0.0' || listen.host === '::'))
  )
}

function timedOut(): Error {
  return Object.assign(new Error('it does not answer'), { code: 'ETIMEDOUT' })
}

/** Milliseconds since 1970, with fractions, so that connections that begin together stay in order. Follows the system's clock. */
function wallClock(): () => number {
  let offsetMs = Number.NaN
  return () => {
    const [nowMs, systemMs] = [performance.now(), Date.now()]
    if (!(Math.abs(offsetMs + nowMs - systemMs) < 2)) offsetMs = systemMs - nowMs
    return offsetMs + nowMs
  }
}
