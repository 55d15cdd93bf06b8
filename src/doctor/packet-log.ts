/** The packets of one connection as they are seen: each decoded by its codec, with what is wrong about it. */
import type { Channel } from '../auth/plugin.ts'
import { MysqlError } from '../errors/errors.ts'
import { codecs } from '../packets/index.ts'
import type { SeenKind, SeenPacket, Side } from './observation.ts'
import type { WalkedPacket } from './packet-walk.ts'

/** Packets of one connection that are kept. */
const mostPackets = 1000
/** Bytes. */
const slabLength = 512
const longestInSlab = 256

export type DecodedKind = Extract<keyof typeof codecs, SeenKind>

export class PacketLog {
  readonly packets: SeenPacket[] = []
  channel: Channel
  /** Of the packets that are logged from now on. */
  atMs = 0
  /** What both sides can do, once it is known. */
  capabilities = 0
  #nextSequence = 0
  /** Short payloads lie in it one behind the other: an array buffer for each costs more than its bytes. */
  #slab = new Uint8Array(0)
  #slabFilled = 0

  readonly #keeps: boolean

  /** Without `keeps` packets are decoded and forgotten. */
  constructor(channel: Channel, keeps: boolean) {
    this.channel = channel
    this.#keeps = keeps
  }

  /** Decodes and logs; `undefined` where it does not decode, which the log then says. */
  decoded<T extends object>(from: Side, kind: DecodedKind, packet: WalkedPacket): T | undefined {
    const decode = codecs[kind].decode as (payload: Uint8Array, capabilities: number) => T
    return this.read(from, kind, packet, () => decode(packet.payload, this.capabilities))
  }

  /** The same with a decoder of its own. */
  read<T extends object>(from: Side, kind: SeenKind, packet: WalkedPacket, decode: () => T): T | undefined {
    try {
      const fields = decode()
      if (this.#keeps) this.add(from, kind, packet, { ...fields } as Record<string, unknown>, undefined)
      return fields
    } catch (error) {
      if (!(error instanceof MysqlError)) throw error
      this.add(from, kind, packet, undefined, error.message)
      return undefined
    }
  }

  add(
    from: Side,
    kind: SeenKind,
    { payload, length, sequenceId }: Omit<WalkedPacket, 'offset'>,
    fields: Readonly<Record<string, unknown>> | undefined,
    problem: string | undefined,
  ): void {
    if (!this.#keeps || this.packets.length >= mostPackets) return
    const expected = kind.startsWith('COM_') ? 0 : this.#nextSequence
    const order = sequenceId === expected ? undefined : `sequence id ${sequenceId} instead of ${expected}`
    this.#nextSequence = (sequenceId + 1) & 0xff
    const said = [problem, order].filter((text) => text !== undefined).join('; ')
    this.packets.push({
      from,
      atMs: this.atMs,
      kind,
      payload: this.#copy(payload),
      length,
      sequenceId,
      fields,
      problem: said === '' ? undefined : said,
      channel: this.channel,
    })
  }

  #copy(payload: Uint8Array): Uint8Array {
    const { length } = payload
    if (length > longestInSlab) return payload.slice()
    if (this.#slabFilled + length > this.#slab.length) {
      this.#slab = new Uint8Array(slabLength)
      this.#slabFilled = 0
    }
    const copy = this.#slab.subarray(this.#slabFilled, this.#slabFilled + length)
    copy.set(payload)
    this.#slabFilled += length
    return copy
  }
}
