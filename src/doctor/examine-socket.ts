/** A socket that is watched: whoever listens sees each byte as it crosses the network, under TLS too. */
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { dialError } from '../client/dial.ts'
import type { Target } from '../client/target.ts'
import type { Endpoint, Side } from './observation.ts'

export interface SocketWatch {
  onData(from: Side, bytes: Uint8Array): void
  onEnd(from: Side, how: 'fin' | 'rst'): void
}

export interface Dialed {
  readonly socket: Socket
  readonly client: Endpoint
  readonly server: Endpoint
}

/** Rejects with the `ClientError` of a connection that could not be made. After: the socket is paused. */
export async function dialWatched(target: Target, signal: AbortSignal): Promise<Dialed> {
  const where =
    target.kind === 'socket' ? { path: target.path } : { host: target.host, port: target.port, noDelay: true }
  const socket = connect({ ...where, autoSelectFamily: true })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
  socket.once('connect', resolve).once('error', reject)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await promise
  } catch (error) {
    throw dialError(target, error as NodeJS.ErrnoException)
  } finally {
    signal.removeEventListener('abort', onAbort)
    socket.off('error', reject)
  }
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  return {
    socket,
    client: { address: localAddress, port: localPort },
    server: target.kind === 'socket' ? { address: target.path, port: 0 } : { address: remoteAddress, port: remotePort },
  }
}

/** What `node:tls` takes for a socket. */
export class WatchedSocket extends Duplex {
  readonly #socket: Socket
  readonly #watch: SocketWatch

  constructor(socket: Socket, watch: SocketWatch) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.#watch = watch
    socket.on('data', (chunk: Buffer) => {
      watch.onData('server', chunk)
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => {
      watch.onEnd('server', 'fin')
      this.push(null)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') watch.onEnd('server', 'rst')
      this.destroy(error)
    })
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#watch.onData('client', chunk)
    this.#socket.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#watch.onEnd('client', 'fin')
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
