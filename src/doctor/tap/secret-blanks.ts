/**
 * Takes the secrets out of what is saved of a connection, while it goes by. It follows the packets only so far as to know where an
 * answer may stand: from the client's first packet to its first command, and from each COM_CHANGE_USER to the next. What it cannot
 * follow (another protocol, compression) is not written at all, only counted. Ciphertext is, and what stands in statements and rows.
 *
 * Where TLS is ended, what was inside is written as if there had been none: without the SSLRequest, and with the numbers that the
 * packets behind it would have had.
 */

import { MysqlError } from '../../errors/errors.ts'
import { capability, has } from '../../packets/capabilities.ts'
import { command } from '../../packets/commands.ts'
import type { HandshakeV10 } from '../../packets/handshake-v10.ts'
import { codecs } from '../../packets/index.ts'
import { proxyHeaderLength } from '../first-bytes.ts'
import type { SeenKind, Side } from '../observation.ts'
import { type Context, type Place, secretPlace } from '../report/secret-places.ts'
import { Backlog } from '../tls/backlog.ts'

/**
 * What may be written of bytes that went by: `bytes`, and behind them `leftOut` more that may not. Valid during the call only.
 */
export type OnPiece = (bytes: Uint8Array, leftOut: number, comment: string | undefined) => void

/** Bytes of a packet of the login that are looked at; a longer one is left out. */
const longestHeld = 65_536
const header = 4
/** For each byte of a secret: no NUL, which would end a field. */
const blank = 0x2a
const nothing = new Uint8Array(0)

type Mode = 'login' | 'tls-or-nothing' | 'answers' | 'commands' | 'verdict' | 'as-is' | 'left-out'

class Direction {
  mode: Mode
  readonly held = new Backlog()
  /** Bytes of the frame at hand that are still to come, and whether they may be written. */
  left = 0
  written = true
  /** The frame at hand is not the last one of its packet. */
  continues = false
  /** What its packets are numbered too high, because the SSLRequest is not there. */
  shift = 0

  constructor(mode: Mode) {
    this.mode = mode
  }
}

export class SecretBlanks {
  readonly #endsTls: boolean
  readonly #client = new Direction('login')
  readonly #server = new Direction('verdict')
  readonly #context: { -readonly [K in keyof Context]: Context[K] } = {
    plugin: undefined,
    loggedIn: false,
    capabilities: 0,
  }
  #greeting: HandshakeV10 | undefined

  /** `endsTls`: what follows an SSLRequest comes as it was inside. */
  constructor(endsTls: boolean) {
    this.#endsTls = endsTls
  }

  /** Takes what a side sent; the end of it may be held until more comes. */
  take(from: Side, bytes: Uint8Array, emit: OnPiece): void {
    const direction = from === 'client' ? this.#client : this.#server
    const all = direction.held.with(bytes)
    let at = 0
    while (at < all.length) {
      const taken = this.#step(from, direction, all.subarray(at), emit)
      if (taken === 0) break
      at += taken
    }
    direction.held.keep(all.subarray(at))
  }

  /** What is held of a side that says no more: part of a packet, so that nobody knows what is secret in it. */
  rest(from: Side, emit: OnPiece): void {
    const { held } = from === 'client' ? this.#client : this.#server
    const bytes = held.with(nothing)
    emitted(bytes.subarray(0, header), emit)
    emitBlanks(bytes.length - header, emit)
    held.keep(nothing)
  }

  /** Returns how many of the bytes are dealt with; 0: more must come. */
  #step(from: Side, direction: Direction, bytes: Uint8Array, emit: OnPiece): number {
    if (direction.left > 0) {
      const taken = Math.min(direction.left, bytes.length)
      direction.left -= taken
      if (direction.written) emit(bytes.subarray(0, taken), 0, undefined)
      else emitBlanks(taken, emit)
      return taken
    }
    if (direction.mode === 'tls-or-nothing') this.#enter(bytes[0] === tlsHandshake ? 'as-is' : 'left-out')
    if (from === 'client' && direction.mode === 'login' && this.#greeting === undefined) {
      const proxy = proxyHeaderLength(bytes)
      if (proxy > 0) return emitted(bytes.subarray(0, proxy), emit)
      this.#enter('left-out')
    }
    if (direction.mode === 'as-is') return emitted(bytes, emit)
    if (direction.mode === 'left-out') {
      emit(nothing, bytes.length, undefined)
      return bytes.length
    }
    return this.#frame(from, direction, bytes, emit)
  }

  #frame(from: Side, direction: Direction, bytes: Uint8Array, emit: OnPiece): number {
    if (bytes.length < header) return 0
    const [low = 0, middle = 0, high = 0, sequenceId = 0, first] = bytes
    const length = low | (middle << 8) | (high << 16)
    if (first === undefined && length > 0) return 0
    const begins = !direction.continues
    direction.continues = length === 0xffffff
    if (direction.mode === 'answers' && begins && sequenceId === 0 && this.#server.mode !== 'verdict') {
      // A client begins to count anew with each command. Before the verdict it is mistaken, and may be so about an answer.
      direction.mode = this.#compressed ? 'left-out' : 'commands'
      direction.shift = 0
      direction.continues = false
      return this.#step(from, direction, bytes, emit)
    }
    if (direction.mode === 'commands' && (!begins || first !== command.CHANGE_USER)) {
      // A command, or a part of one.
      if (begins) direction.written = true
      direction.left = header + length
      return this.#step(from, direction, bytes, emit)
    }
    if (length > longestHeld || !begins) {
      this.#onTooLong(direction)
      direction.written = false
      direction.left = length
      return emitted(bytes.subarray(0, header), emit)
    }
    if (bytes.length < header + length) {
      direction.continues = false
      return 0
    }
    const packet = bytes.subarray(0, header + length)
    if (from === 'client') this.#onClientPacket(direction, packet, emit)
    else this.#onServerPacket(direction, packet, emit)
    return packet.length
  }

  #onClientPacket(direction: Direction, packet: Uint8Array, emit: OnPiece): void {
    const payload = packet.subarray(header)
    if (direction.mode === 'answers') return this.#emit('AuthAnswer', direction, packet, {}, emit)
    if (direction.mode === 'commands') {
      this.#judgeAgain()
      const { capabilities } = this.#context
      const fields = decoded(() => codecs.ComChangeUser.decode(payload, capabilities))
      this.#context.plugin = fields?.authPluginName
      return this.#emit('COM_CHANGE_USER', direction, packet, fields, emit)
    }
    const flags = payload.length < 4 ? 0 : new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
    if (payload.length === 32 && has(flags, capability.SSL)) return this.#onSslRequest(direction, packet, emit)
    direction.mode = 'answers'
    const login = decoded(() => codecs.HandshakeResponse41.decode(payload))
    this.#context.capabilities = (flags & (this.#greeting?.capabilities ?? 0)) >>> 0
    this.#context.plugin = login?.authPluginName
    this.#emit('HandshakeResponse41', direction, packet, login, emit)
  }

  #judgeAgain(): void {
    this.#client.mode = 'answers'
    this.#server.mode = 'verdict'
    this.#context.loggedIn = false
  }

  /** Of a login so long nobody knows what it agrees on. */
  #onTooLong({ mode }: Direction): void {
    if (mode === 'login') this.#client.mode = 'left-out'
    else if (mode === 'commands') this.#judgeAgain()
  }

  #onSslRequest(direction: Direction, packet: Uint8Array, emit: OnPiece): void {
    if (!this.#endsTls) {
      direction.mode = 'tls-or-nothing'
      emit(packet, 0, undefined)
      return
    }
    direction.shift = 1
    this.#server.shift = 1
    emit(
      nothing,
      0,
      'the client asks for TLS, which the tap ends: what follows was inside, and is written as if in clear',
    )
  }

  #onServerPacket(direction: Direction, packet: Uint8Array, emit: OnPiece): void {
    const payload = packet.subarray(header)
    const { capabilities } = this.#context
    if (this.#greeting === undefined && payload[0] !== 0xff) {
      this.#greeting = decoded(() => codecs.HandshakeV10.decode(payload))
      if (this.#greeting === undefined) {
        this.#enter('left-out')
        return emit(nothing, packet.length, undefined)
      }
      return this.#emit('HandshakeV10', direction, packet, this.#greeting, emit)
    }
    switch (payload[0]) {
      case 0x00: {
        const ok = decoded(() => codecs.Ok.decode(payload, capabilities))
        this.#emit(ok === undefined ? 'Unknown' : 'Ok', direction, packet, ok, emit)
        if (ok === undefined) return
        this.#context.loggedIn = true
        return this.#judged(direction)
      }
      case 0xff:
        this.#emit('Err', direction, packet, {}, emit)
        return this.#judged(direction)
      case 0xfe: {
        const asked = decoded(() => codecs.AuthSwitchRequest.decode(payload))
        this.#context.plugin = asked?.authPluginName
        return this.#emit('AuthSwitchRequest', direction, packet, asked, emit)
      }
      case 0x02: {
        const next = decoded(() => codecs.AuthNextFactor.decode(payload))
        this.#context.plugin = next?.authPluginName
        return this.#emit('AuthNextFactor', direction, packet, next, emit)
      }
      default:
        return this.#emit(payload[0] === 0x01 ? 'AuthMoreData' : 'Unknown', direction, packet, undefined, emit)
    }
  }

  #judged(direction: Direction): void {
    const unknown = this.#client.mode === 'left-out' || (this.#compressed && this.#context.loggedIn)
    direction.mode = unknown ? 'left-out' : 'as-is'
    direction.shift = 0
  }

  get #compressed(): boolean {
    return has(this.#context.capabilities, capability.COMPRESS | capability.ZSTD_COMPRESSION_ALGORITHM)
  }

  /** Neither side can be followed any more. */
  #enter(mode: 'as-is' | 'left-out'): void {
    this.#client.mode = mode
    this.#server.mode = mode
  }

  /** Never into the packet itself: it is on its way to the other side. */
  #emit(kind: SeenKind, { shift }: Direction, packet: Uint8Array, fields: object | undefined, emit: OnPiece): void {
    const place = this.#placeOf(kind, packet, fields)
    if (place === undefined && shift === 0) return emit(packet, 0, undefined)
    const copy = Uint8Array.from(packet)
    if (shift > 0) {
      copy[3] = ((copy[3] as number) - shift) & 0xff
      // Without TLS the client would not have claimed it.
      if (kind === 'HandshakeResponse41') copy[header + 1] = (copy[header + 1] as number) & ~(capability.SSL >> 8)
    }
    if (place !== undefined) copy.fill(blank, header + place[0], header + place[1])
    emit(copy, 0, place && `${Math.min(place[1], packet.length - header) - place[0]} bytes of ${kind} are blanked`)
  }

  #placeOf(kind: SeenKind, packet: Uint8Array, fields: object | undefined): Place | undefined {
    const payload = packet.subarray(header)
    // An old or a broken one: who knows where its answer stands.
    if (kind === 'HandshakeResponse41' && fields === undefined) return [Math.min(4, payload.length), payload.length]
    const known = {
      from: 'client',
      atMs: 0,
      length: payload.length,
      sequenceId: 0,
      problem: undefined,
      channel: 'plaintext',
    } as const
    return secretPlace(
      { ...known, kind, payload, fields: fields as Record<string, unknown> | undefined },
      this.#context,
    )
  }
}

/** The type of the record that a client begins TLS with. */
const tlsHandshake = 0x16

const blanks = new Uint8Array(longestHeld).fill(blank)

function emitBlanks(length: number, emit: OnPiece): void {
  for (let left = length; left > 0; left -= blanks.length) emit(blanks.subarray(0, left), 0, undefined)
}

function emitted(bytes: Uint8Array, emit: OnPiece): number {
  emit(bytes, 0, undefined)
  return bytes.length
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof MysqlError)) throw error
    return undefined
  }
}
