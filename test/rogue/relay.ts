/** Stands between a client and a server, and cuts the connection behind a byte of its choice. */
import { connect, type Socket } from 'node:net'
import { LoopbackServer } from '../support/loopback-server.ts'

export interface Cut {
  /** Whose bytes are counted. */
  readonly of: 'client' | 'server'
  /** So many are passed on; with the next one everything ends. */
  readonly after: number
}

export class Relay extends LoopbackServer {
  readonly #upstreamPort: number
  /** Of the next connection; left out: it is only counted. */
  cut: Cut | undefined = undefined
  /** Bytes of the last connection so far. */
  passed = { client: 0, server: 0 }

  private constructor(upstreamPort: number) {
    super()
    this.#upstreamPort = upstreamPort
  }

  static open(upstreamPort: number): Promise<Relay> {
    return new Relay(upstreamPort).listen()
  }

  protected override serve(client: Socket): void {
    const { cut } = this
    const server = this.keep(connect({ port: this.#upstreamPort, host: '127.0.0.1', noDelay: true }))
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
      from.on('end', () => to.end())
      from.on('close', () => to.end())
    }
    if (cut?.after === 0 && cut.of === 'server') end()
  }
}
