/**
 * What goes before TLS on a connection whose TLS the tap ends: the greeting, and the client's first packet. Holds them back until it
 * is known whether the server offers TLS and the client wants it.
 */

import { MysqlError } from '../../errors/errors.ts'
import { capability, has } from '../../packets/capabilities.ts'
import { decodeHandshakeV10 } from '../../packets/handshake-v10.ts'
import type { Side } from '../observation.ts'

export type Decision =
  /** More must come. */
  | { readonly is: 'wait' }
  /** These bytes of the side that spoke may go on, and more is to be looked at. */
  | { readonly is: 'pass'; readonly bytes: Uint8Array }
  /** Nothing more to look at, for no TLS will begin; what each side said goes on, the server's first. */
  | { readonly is: 'no-tls'; readonly server: Uint8Array; readonly client: Uint8Array }
  /** The client wants TLS: its SSLRequest, and what came behind it. */
  | { readonly is: 'tls'; readonly request: Uint8Array; readonly behind: Uint8Array }
  /** The server offers no TLS. `greeting`: what it said. */
  | { readonly is: 'not-offered'; readonly greeting: Uint8Array }

const header = 4
const sslRequestLength = 32
/** Bytes of a first packet that is looked at. */
const longestFirst = 65_536
const nothing = new Uint8Array(0)

export class TlsOpening {
  #held: Record<Side, Uint8Array> = { client: nothing, server: nothing }
  #greeted = false

  take(from: Side, chunk: Uint8Array): Decision {
    const held = this.#held[from].length === 0 ? chunk : Buffer.concat([this.#held[from], chunk])
    this.#held[from] = held
    // Each speaks in its turn, or this is not what it was thought to be.
    if ((from === 'server') === this.#greeted) return this.giveUp()
    if (held.length < header) return { is: 'wait' }
    const end = header + ((held[0] as number) | ((held[1] as number) << 8) | ((held[2] as number) << 16))
    if (end > longestFirst) return this.giveUp()
    if (held.length < end) return { is: 'wait' }
    const payload = held.subarray(header, end)
    return from === 'server' ? this.#onGreeting(payload, held) : this.#onFirst(payload, held, end)
  }

  /** What is held, for there will be no TLS. */
  giveUp(): Decision {
    const { client, server } = this.#held
    this.#held = { client: nothing, server: nothing }
    return { is: 'no-tls', client, server }
  }

  #onGreeting(payload: Uint8Array, held: Uint8Array): Decision {
    const capabilities = offeredBy(payload)
    if (capabilities === undefined) return this.giveUp()
    this.#held.server = nothing
    if (!has(capabilities, capability.SSL)) return { is: 'not-offered', greeting: held }
    this.#greeted = true
    return { is: 'pass', bytes: held }
  }

  #onFirst(payload: Uint8Array, held: Uint8Array, end: number): Decision {
    const flags = payload.length < 4 ? 0 : new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
    if (payload.length !== sslRequestLength || !has(flags, capability.SSL)) return this.giveUp()
    return { is: 'tls', request: held.subarray(0, end), behind: held.subarray(end) }
  }
}

/** The capabilities of a greeting; `undefined` for something else, an ERR among it. */
function offeredBy(payload: Uint8Array): number | undefined {
  try {
    return decodeHandshakeV10(payload).capabilities
  } catch (error) {
    if (!(error instanceof MysqlError)) throw error
    return undefined
  }
}
