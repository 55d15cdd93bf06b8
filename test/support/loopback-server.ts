/** A server of a test's own on a free port of loopback, with every socket that is to be gone when it is closed. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export abstract class LoopbackServer {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer({ noDelay: true }, (socket) => {
    this.connections++
    this.serve(this.keep(socket))
  })
  /** Connections so far. */
  connections = 0

  protected abstract serve(socket: Socket): void

  /** After: `port` can be connected to. */
  async listen(host = '127.0.0.1'): Promise<this> {
    this.#server.listen({ port: 0, host, backlog: 1000 })
    await once(this.#server, 'listening')
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Sockets that are not gone yet, with those that were dialled. */
  get open(): number {
    return this.#sockets.size
  }

  /** A socket that was dialled for somebody who connected ends with the server too. */
  protected keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    return socket
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
