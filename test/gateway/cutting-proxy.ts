/** Stands on one leg of a gateway, and ends each connection behind a byte of its own: by FIN, by RST, or by passing on nothing more. */
import { connect, type Socket } from 'node:net'
import { LoopbackServer } from '../support/loopback-server.ts'

export interface Cut {
  /** Whose bytes are counted: of who connected, or of who was connected to. */
  readonly of: 'caller' | 'called'
  /** So many are passed on. */
  readonly after: number
  readonly how: 'end' | 'reset' | 'stall'
  /** Its byte was reached. */
  made?: true
}

export class CuttingProxy extends LoopbackServer {
  readonly #port: number
  /** For the connections to come, one each; whoever comes when it is empty is only counted. */
  readonly cuts: Cut[] = []
  /** Bytes of the last connection that was not cut. */
  passed = { caller: 0, called: 0 }

  private constructor(port: number) {
    super()
    this.#port = port
  }

  static open(port: number): Promise<CuttingProxy> {
    return new CuttingProxy(port).listen()
  }

  protected override serve(caller: Socket): void {
    const cut = this.cuts.shift()
    const called = this.keep(connect({ port: this.#port, host: '127.0.0.1', noDelay: true }))
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
      from.on('data', (chunk: Buffer) => {
        if (over) return
        const left = cut?.of === side ? cut.after - passed[side] : Number.POSITIVE_INFINITY
        passed[side] += Math.min(chunk.length, left)
        to.write(chunk.subarray(0, left))
        if (chunk.length >= left) end()
      })
      from.on('end', () => to.end())
      from.on('close', () => to.destroy())
    }
    if (cut?.after === 0) end()
  }
}
