/**
 * The front door as a whole: listeners, one `Door` behind them, reload and drain. It is made of parts that are given to it,
 * keys and accounts among them, so that the command line and an embedder compose it in their own way.
 */
import { randomBytes } from 'node:crypto'
import { chmod, lstat, unlink } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { AccountSource } from '../accounts/source.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { ConnectionIds } from '../registry/registry.ts'
import type { Administered } from './administered.ts'
import { arrive } from './arrival.ts'
import { Door, loopDelayResolutionMs } from './door.ts'
import { HandshakeLog } from './handshake-log.ts'
import { type KeyMaterial, pemOf } from './key-material.ts'
import { type ListenAddress, parseListen, showListen } from './listen-address.ts'
import { type Log, silentLog } from './log.ts'
import type { Gate } from './passage.ts'
import type { OnQuery } from './query.ts'
import type { Settings } from './settings.ts'
import { ServerTls } from './tls-context.ts'

export interface FrontDoorOptions {
  readonly accounts: AccountSource
  readonly settings: Settings
  readonly keys: KeyMaterial
  /** Makes the query handler; it may look at the door that it will serve. `close` is called when the door has closed. */
  readonly handler: (door: Door) => OnQuery | QueryHandler
  /** `HOST:PORT` (port 0: any free one), `[IPv6]:PORT` or the path of a unix socket. */
  readonly listen: readonly string[]
  readonly databases?: readonly string[] | 'any'
  /** 32 random bytes, kept: they make what unknown users see the same after a restart. */
  readonly decoySecret?: Uint8Array
  readonly log?: Log
  /** Blanks passwords in SQL that is shown to others. Left out: no SQL is shown. */
  readonly redact?: (sql: string) => string
  readonly dnsServers?: readonly string[]
  /** A gateway's: stands between strangers and sessions. */
  readonly gate?: (door: Door) => Gate
  /** Of which numbers connections get theirs; all when left out. */
  readonly connectionIds?: ConnectionIds
  /** Of a door for administrators: the one that they look after, whose `connectionIds` are others. Left out: the door itself. */
  readonly administers?: Administered
  /** Lets several processes listen on the same port. */
  readonly reusePort?: boolean
}

export interface QueryHandler {
  readonly onQuery: OnQuery
  close?(): void
}

export class FrontDoor {
  readonly door: Door
  /** Where it listens, with the ports that the system chose. */
  readonly listening: readonly ListenAddress[]
  readonly #servers: readonly Server[]
  readonly #handler: QueryHandler
  readonly #loopDelay: ReturnType<typeof monitorEventLoopDelay>
  readonly #handshakeLog: HandshakeLog

  private constructor(
    door: Door,
    servers: readonly Server[],
    listening: readonly ListenAddress[],
    handler: QueryHandler,
    loopDelay: ReturnType<typeof monitorEventLoopDelay>,
    handshakeLog: HandshakeLog,
  ) {
    this.door = door
    this.#servers = servers
    this.listening = listening
    this.#handler = handler
    this.#loopDelay = loopDelay
    this.#handshakeLog = handshakeLog
  }

  /**
   * Opens the door.
   *
   * Throws: `ConfigurationError` for an address that cannot be listened on; nothing stays open then.
   */
  static async open(options: FrontDoorOptions): Promise<FrontDoor> {
    const { settings, keys } = options
    const tls = new ServerTls(keys, settings)
    const rsa = await keys.rsa()
    const loopDelay = monitorEventLoopDelay({ resolution: loopDelayResolutionMs })
    loopDelay.enable()
    const door: Door = new Door({
      accounts: options.accounts,
      settings,
      onQuery: (sql, session, parameters) => handler.onQuery(sql, session, parameters),
      redact: options.redact ?? (() => ''),
      log: options.log ?? silentLog,
      databases: options.databases ?? [],
      decoySecret: options.decoySecret ?? randomBytes(32),
      tls,
      rsaPrivateKey: pemOf(rsa.privateKey),
      rsaPublicKey: rsa.publicKey,
      loopDelay,
      gate: options.gate,
      connectionIds: options.connectionIds,
      administers: options.administers,
      ...(options.dnsServers !== undefined && { dnsServers: options.dnsServers }),
    })
    const handshakeLog = new HandshakeLog(door.log, () => settings.get('saltgate_logins_logged'))
    door.registry.listeners.add(handshakeLog)
    const made = options.handler(door)
    const handler: QueryHandler = typeof made === 'function' ? { onQuery: made } : made
    door.secrets.warm()
    const servers: Server[] = []
    try {
      for (const text of options.listen) {
        servers.push(await listen(door, parseListen(text), options.reusePort === true, settings.get('back_log')))
      }
    } catch (error) {
      for (const server of servers) server.close()
      handler.close?.()
      await door.close()
      loopDelay.disable()
      throw error
    }
    return new FrontDoor(door, servers, servers.map(addressOf), handler, loopDelay, handshakeLog)
  }

  /** Uses new certificates for new connections; running ones keep theirs. Throws: `ConfigurationError`; the old stay. */
  async reload(keys: KeyMaterial): Promise<void> {
    const rsa = await keys.rsa()
    this.door.tls?.reload(keys)
    this.door.setKeys(pemOf(rsa.privateKey), rsa.publicKey)
  }

  /**
   * Closes the door: nobody new comes in, strangers and idle sessions leave, running statements may finish within
   * `drainMs`. After: no socket, timer or worker of this door is left.
   */
  async close(drainMs = 10_000): Promise<void> {
    const { door } = this
    door.draining = true
    const closed = Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
    for (const record of door.registry.live.values()) {
      if (record.drain === undefined) record.kill('shutdown')
      else record.drain()
    }
    const limit = setTimeout(() => {
      for (const record of door.registry.live.values()) record.kill('connection')
    }, drainMs)
    await closed
    clearTimeout(limit)
    this.#handler.close?.()
    this.#loopDelay.disable()
    await door.close()
    this.#handshakeLog.close()
  }
}

async function listen(door: Door, address: ListenAddress, reusePort: boolean, backlog: number): Promise<Server> {
  if (address.kind === 'unix') await removeStaleSocket(address.path)
  const kind = address.kind === 'tcp' ? 'tcp' : 'unix-socket'
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => arrive(door, socket, kind))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(address, error)))
    const where =
      address.kind === 'unix'
        ? { path: address.path }
        : { host: address.host, port: address.port, ipv6Only: address.host === '::' ? false : undefined, reusePort }
    server.listen({ ...where, backlog } as Parameters<Server['listen']>[0], resolve)
  })
  server.removeAllListeners('error')
  server.on('error', (error) => {
    door.registry.status.Connection_errors_accept++
    door.log.error({ err: error }, 'accepting a connection failed')
  })
  // Every local user may knock, as with mysqld; who gets in is for the accounts to say.
  if (address.kind === 'unix') await chmod(address.path, 0o777)
  return server
}

/** A socket file that nobody listens on is left over from a crash; anything else at that path is not ours to remove. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw new ConfigurationError(`${path} exists and is no socket: choose another --listen path`)
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (alive) throw new ConfigurationError(`${path} is in use: another server listens on it`)
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    throw cannotListen({ kind: 'unix', path }, error)
  })
}

/** What a listener's error means. */
export function cannotListen(address: ListenAddress, error: NodeJS.ErrnoException): ConfigurationError {
  const why: Record<string, string> = {
    EADDRINUSE: 'another program listens there; choose another address with --listen',
    // For a socket in a directory that does not exist libuv says EACCES too.
    EACCES:
      address.kind === 'unix'
        ? 'its directory does not exist, or may not be written'
        : 'not allowed; ports below 1024 need privileges',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'there is no address with that name',
    ENOTSUP: 'several processes cannot share a port on this system: --workers 1',
  }
  return new ConfigurationError(`cannot listen on ${showListen(address)}: ${why[error.code ?? ''] ?? error.message}`)
}

function addressOf(server: Server): ListenAddress {
  const address = server.address() as AddressInfo | string
  if (typeof address === 'string') return { kind: 'unix', path: address }
  return { kind: 'tcp', host: address.address, port: address.port }
}
