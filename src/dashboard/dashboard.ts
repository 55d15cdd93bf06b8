/**
 * The dashboard's own server: the page, its data, the live stream and the metrics over HTTP. It stands beside the door and only looks at it,
 * so everything here is bounded: connections, headers, bodies, time and what waits to be read.
 */
import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { ConfigurationError } from '../errors/errors.ts'
import { type KeyMaterial, pemOf } from '../server/key-material.ts'
import { type ListenAddress, showListen } from '../server/listen-address.ts'
import type { Log } from '../server/log.ts'
import { Access, type AccessOptions, guardHeaders } from './access.ts'
import { tcpAddress } from './config.ts'
import type { Problem } from './contract.ts'
import type { History } from './history.ts'
import { Live } from './live.ts'
import { Metrics } from './metrics/metrics.ts'
import { readPage } from './page-files.ts'
import { routes } from './routes.ts'
import type { Watched } from './watched.ts'

export interface OpenDashboardOptions {
  readonly watched: Watched
  readonly history: History
  /** `HOST:PORT` or `[IPv6]:PORT`; port 0: any free one. */
  readonly listen: string
  readonly access: AccessOptions
  /** The door's own; used where the dashboard speaks HTTPS. */
  readonly keys: KeyMaterial
  readonly log: Log
  /** Of the built page; that of the package when left out. */
  readonly pageDir?: string
}

export interface OpenDashboard {
  /** With the port that the system chose. */
  readonly listening: ListenAddress
  /** To open in a browser on this machine. */
  readonly url: string
  /** Uses new certificates for new connections. */
  reload(keys: KeyMaterial): void
  /** After: no socket or timer is left, and streams have ended. */
  close(): Promise<void>
}

/** Throws (as a rejection): `ConfigurationError`, with the system's error as its cause where there is one; nothing stays open then. */
export async function openDashboard(options: OpenDashboardOptions): Promise<OpenDashboard> {
  const { watched, history, keys, log } = options
  const asked = tcpAddress(options.listen)
  const { address } = await lookup(asked.host).catch((error: Error) => {
    throw cannotListen(asked, error)
  })
  const access = new Access(options.access, asked.host, address, log)
  const page = await readPage(options.pageDir)
  const live = new Live(watched, history)
  const metrics = new Metrics(watched, { readers: () => live.readers, dropped: () => live.dropped })
  const app = routes({ watched, history, live, metrics, access, page, log })

  // The names of the web are left as they are for whoever embeds this.
  const answer = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    hostname: 'no-host',
    errorHandler: () => Response.json({ problem: 'the request cannot be read' } satisfies Problem, { status: 400 }),
  })
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // On the response itself, so that they are on every answer, whoever gives it.
    for (const [name, value] of Object.entries(guardHeaders)) outgoing.setHeader(name, value)
    void answer(incoming, outgoing)
  }
  const { clientCa } = options.access
  const secure = access.secure
    ? createTlsServer({ ...limits, ...tlsOptions(keys, clientCa), handshakeTimeout: 5000 }, onRequest)
    : undefined
  const server = secure ?? createServer(limits, onRequest)
  bound(server, onRequest, log)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(asked, error)))
    server.listen({ host: address, port: asked.port }, resolve)
  })
  server.removeAllListeners('error')
  server.on('error', (error) => log.error({ err: error }, 'accepting a connection for the dashboard failed'))
  const { port } = server.address() as AddressInfo
  access.port = port

  const listening: ListenAddress = { kind: 'tcp', host: address, port }
  return {
    listening,
    url: `${access.secure ? 'https' : 'http'}://${showListen(listening)}/`,
    reload: (fresh) => secure?.setSecureContext(tlsOptions(fresh, clientCa)),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      live.close()
      server.closeIdleConnections()
      const limit = setTimeout(() => server.closeAllConnections(), 500)
      await closed
      clearTimeout(limit)
    },
  }
}

/** Units: ms, bytes. */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
  // Said in words by `Access` instead.
  requireHostHeader: false,
}
const mostConnections = 128
const longestSilenceMs = 30_000

function tlsOptions({ cert, key }: KeyMaterial, clientCa: string | undefined) {
  return {
    ...{ cert, key: pemOf(key), minVersion: 'TLSv1.2' as const, ALPNProtocols: ['http/1.1'] },
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }
}

/** Whoever is slow, silent or writes nonsense, is let go. */
function bound(
  server: Server | TlsServer,
  onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
  log: Log,
): void {
  server.maxConnections = mostConnections
  server.setTimeout(longestSilenceMs)
  server.on('checkExpectation', onRequest)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
    else answerRaw(socket, error.code)
  })
  server.on('tlsClientError', (error: Error) => log.debug({ err: error }, 'TLS with the dashboard failed'))
}

/** To what is no request that could be answered otherwise. */
function answerRaw(socket: Duplex, code: string | undefined): void {
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const body = JSON.stringify({ problem: 'the request cannot be read' } satisfies Problem)
  const headers = {
    ...guardHeaders,
    'content-type': 'application/json',
    'content-length': `${body.length}`,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  if ('destroySoon' in socket && typeof socket.destroySoon === 'function') socket.destroySoon()
}

function cannotListen(address: ListenAddress, error: NodeJS.ErrnoException): ConfigurationError {
  const why: Record<string, string> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'not allowed; ports below 1024 need privileges',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'there is no address with that name',
  }
  const remedy = 'choose another address with --dashboard HOST:PORT, or none with --dashboard off'
  const text = `the dashboard cannot listen on ${showListen(address)}: ${why[error.code ?? ''] ?? error.message}`
  return new ConfigurationError(`${text}; ${remedy}`, { cause: error })
}
