/**
 * Which side of a pair is read at the moment: neither when the other has not taken what it was sent, and the client also not when too much
 * lies behind a command that has to wait.
 */
import type { Connection } from '../transport/connection.ts'
import type { Link } from './link.ts'
import type { Presence } from './presence.ts'

/** What may lie behind a command that waits, before its sender does. Units: bytes. */
const mostHeld = 65_536

export interface FlowingPair {
  readonly connection: Connection
  readonly link: Link | undefined
  readonly isBusy: boolean
}

export class Flow {
  readonly #pair: FlowingPair
  readonly #client: Connection
  readonly #presence: Presence
  #clientRests = false
  #clientWaits = false
  /** The backend's, while it is not read. */
  #resting: Connection | undefined = undefined

  constructor(pair: FlowingPair, presence: Presence) {
    this.#pair = pair
    this.#client = pair.connection
    this.#presence = presence
  }

  /** The backend has more than it takes. */
  restClient(wire: Connection): void {
    if (this.#clientRests) return
    this.#clientRests = true
    this.#client.pause()
    wire.drained().then(() => {
      this.#clientRests = false
      if (!this.#clientWaits) this.#client.resume()
    })
  }

  /** The client has more than it takes. By the time that it has not, the backend's wire may be somebody else's. */
  restBackend(link: Link): void {
    const { wire } = link
    if (this.#resting === wire) return
    this.#resting = wire
    wire.pause()
    this.#presence.stall()
    this.#client.drained().then(() => {
      if (this.#resting === wire) this.#resting = undefined
      this.#presence.flow(!this.#pair.isBusy)
      if (this.#pair.link === link) wire.resume()
    })
  }

  /** Some bytes may lie behind a command that waits. */
  onHeld({ stopped, held }: { readonly stopped: boolean; readonly held: number }): void {
    const waits = stopped && held > mostHeld
    if (waits === this.#clientWaits) return
    this.#clientWaits = waits
    if (waits) this.#client.pause()
    else if (!this.#clientRests) this.#client.resume()
  }
}

/**
 * Frees the memory of a large chunk that was read and is written. V8 collects garbage each time so many bytes lie in buffers, whoever uses
 * them still; of a large result that was a good part of all the work. After: a chunk that the kernel has taken is empty.
 */
export function giveMemoryBack({ buffer, byteLength }: Uint8Array, { socket }: Connection): void {
  if (byteLength < largeChunk || buffer.byteLength !== byteLength || socket.writableLength > 0) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** Bytes; Node reads 64 KiB at a time. */
const largeChunk = 16_384
