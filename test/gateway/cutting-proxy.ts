/** Stands on one leg of a gateway, and ends each connection behind a byte of its own: by FIN, by RST, or by passing on nothing more. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface Cut {
  /** Whose bytes are counted: of who connected, or of who was connected to. */
  readonly of: 'caller' | 'called'
  /** So many are passed on. */
  readonly after: number
  readonly how: 'end' | 'reset' | 'stall'
  /** Its byte was reached. */
  made?: true
}

export class CuttingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** For the connections to come, one each; whoever comes when it is empty is only counted. */
  readonly cuts: Cut[] = []
  /** Bytes of the last connection that was not cut. */
  passed = { caller: 0, called: 0 }
  connections = 0

  private constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (caller) => this.#join(caller, port))
  }

  static async open(port: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port)
    proxy.#server.listen({ port: 0, host: '127.0.0.1', backlog: 1000 })
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Sockets that are not gone yet. */
  get open(): number {
    return this.#sockets.size
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(caller: Socket, port: number): void {
    this.connections++
    const cut = this.cuts.shift()
    const called = connect({ port, host: '127.0.0.1', noDelay: true })
    const passed = { caller: 0, called: 0 }
    if (cut === undefined) this.passed = passed
    let over = false
    const end = () => {
      over = true
      if (cut !== undefined) cut.made = true
      if (cut?.how === 'stall') return
      // What was passed on is to arrive; a reset would overtake it.
      for (const socket of [caller, called]) {
        if (cut?.how === 'reset') socket.write('', () => socket.resetAndDestroy())
        else socket.end()
      }
    }
    for (const [side, from, to] of [
      ['caller', caller, called],
      ['called', called, caller],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        if (over) return
        const left = cut?.of === side ? cut.after - passed[side] : Number.POSITIVE_INFINITY
        passed[side] += Math.min(chunk.length, left)
        to.write(chunk.subarray(0, left))
        if (chunk.length >= left) end()
      })
      from.on('error', () => {})
      from.on('end', () => to.end())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
    if (cut?.after === 0) end()
  }
}
