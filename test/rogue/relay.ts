/** Stands between a client and a server, and cuts the connection behind a byte of its choice. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface Cut {
  /** Whose bytes are counted. */
  readonly of: 'client' | 'server'
  /** So many are passed on; with the next one everything ends. */
  readonly after: number
}

export class Relay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #upstreamPort: number
  /** Of the next connection; left out: it is only counted. */
  cut: Cut | undefined = undefined
  /** Bytes of the last connection so far. */
  passed = { client: 0, server: 0 }

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client))
  }

  static async open(upstreamPort: number): Promise<Relay> {
    const relay = new Relay(upstreamPort)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Sockets that either side has not left yet. */
  get open(): number {
    return this.#sockets.size
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    const { cut } = this
    const server = connect({ port: this.#upstreamPort, host: '127.0.0.1', noDelay: true })
    const passed = { client: 0, server: 0 }
    this.passed = passed
    let over = false
    // What the client's side got is to arrive; the other side just loses its peer.
    const end = (last: Uint8Array = new Uint8Array(0)) => {
      over = true
      client.end(last)
      server.destroy()
    }
    for (const [side, from, to] of [
      ['client', client, server],
      ['server', server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        if (over) return
        const left = cut?.of === side ? cut.after - passed[side] : Number.POSITIVE_INFINITY
        passed[side] += Math.min(chunk.length, left)
        if (chunk.length <= left) to.write(chunk)
        else if (to === client) end(chunk.subarray(0, left))
        else {
          to.write(chunk.subarray(0, left))
          end()
        }
      })
      from.on('error', () => {})
      from.on('end', () => to.end())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.end()
      })
    }
    if (cut?.after === 0 && cut.of === 'server') end()
  }
}
