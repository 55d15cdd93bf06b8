/** A tap on a free port of loopback, in front of a server, with what it saw. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { createConnection } from 'mysql2/promise'
import type { Target } from '../../src/client/target.ts'
import { prepareTls } from '../../src/client/tls.ts'
import type { Observation } from '../../src/doctor/observation.ts'
import { Tap, type TapOptions } from '../../src/doctor/tap/tap.ts'
import { WatchedFlow } from '../../src/doctor/tap/watched-flow.ts'
import { makeCertificates } from '../../src/server/self-made-certificate.ts'

export interface TestTap extends AsyncDisposable {
  readonly port: number
  /** In the order in which they were told. */
  readonly seen: readonly Observation[]
  readonly problems: readonly string[]
}

export interface TestTapOptions extends Partial<Omit<TapOptions, 'ending' | 'to'>> {
  /** A port of 127.0.0.1, or where else the server is. */
  readonly to: number | Target
  /** Ends TLS; what the server's certificate must be. */
  readonly terminate?: Parameters<typeof prepareTls>[0]
}

let ownCertificate: ReturnType<typeof makeCertificates> | undefined

/** A certificate of the tap's own, made once per process. */
export function tapCertificate(): ReturnType<typeof makeCertificates> {
  ownCertificate ??= makeCertificates('tap.test', Date.now())
  return ownCertificate
}

export async function openTap({ to, terminate, ...options }: TestTapOptions): Promise<TestTap> {
  const seen: Observation[] = []
  const problems: string[] = []
  const target: Target = typeof to === 'number' ? { kind: 'tcp', host: '127.0.0.1', port: to } : to
  const { cert, key } = await tapCertificate()
  const tap = await Tap.open({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    to: target,
    open: (flow) => new WatchedFlow(flow, seen.length + 1, (one) => seen.push(one)),
    onProblem: (why) => problems.push(why),
    ...(terminate !== undefined && {
      ending: {
        clientSide: createSecureContext({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string }),
        serverSide: prepareTls(terminate, target),
      },
    }),
    ...options,
  })
  const { address } = tap
  return {
    port: address.kind === 'tcp' ? address.port : 0,
    seen,
    problems,
    [Symbol.asyncDispose]: () => tap.close(),
  }
}

export const mary = { user: 'mary', password: 'pw-mary' }

/** mysql2, with or without TLS. */
export function login(port: number, { tls = false, ...who }: { tls?: boolean; user?: string; password?: string } = {}) {
  const options = { host: '127.0.0.1', port, ...mary, ...who }
  return createConnection({ ...options, ...(tls && { ssl: { rejectUnauthorized: false } }) })
}

/** A server that answers each connection by a function of its own. */
export async function peer(onSocket: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => {}))
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

export async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}
