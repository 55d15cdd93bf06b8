/** Connections in the order of their last use, linked through themselves: every frame of a capture moves one to the end. */
import type { TcpFlow } from './tcp-flow.ts'

export class FlowList {
  size = 0
  oldest: TcpFlow | undefined = undefined
  #newest: TcpFlow | undefined = undefined

  append(flow: TcpFlow): void {
    flow.older = this.#newest
    if (this.#newest === undefined) this.oldest = flow
    else this.#newest.newer = flow
    this.#newest = flow
    this.size++
  }

  remove(flow: TcpFlow): void {
    if (flow.older === undefined) this.oldest = flow.newer
    else flow.older.newer = flow.newer
    if (flow.newer === undefined) this.#newest = flow.older
    else flow.newer.older = flow.older
    flow.older = undefined
    flow.newer = undefined
    this.size--
  }

  touch(flow: TcpFlow): void {
    if (flow === this.#newest) return
    this.remove(flow)
    this.append(flow)
  }
}
