/**
 * Follows one connection from beside, byte by byte, and tells what was said. It obeys nobody: what does not belong there is noted,
 * and decoding goes on as far as it can.
 */
import { foreignPeer } from '../client/login-hints-peers.ts'
import type { AuthNextFactor } from '../packets/auth-next-factor.ts'
import type { AuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeComChangeUser } from '../packets/com-change-user.ts'
import { command, commandName } from '../packets/commands.ts'
import type { Err } from '../packets/err.ts'
import type { HandshakeResponse41 } from '../packets/handshake-response-41.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import type { SslRequest } from '../packets/ssl-request.ts'
import { foreignClient, proxyHeaderLength } from './first-bytes.ts'
import type { Endpoint, Observation, Outcome, SeenExchange, SeenTls, Side } from './observation.ts'
import { PacketLog } from './packet-log.ts'
import { PacketWalk, type WalkedPacket } from './packet-walk.ts'
import type { KeyLog } from './tls/key-log.ts'
import { tlsNotReached } from './tls/not-reached.ts'
import { TlsWatch } from './tls/tls-watch.ts'

export interface Opened {
  readonly client: Endpoint
  readonly server: Endpoint
  /** Milliseconds since 1970. */
  readonly startedMs: number | undefined
}

export interface ObserverOptions {
  /** From 1. */
  readonly number: number
  /** Whether the observation holds the packets; default true. Without them it costs less time and memory. */
  readonly packets?: boolean
  /** What opens TLS; may grow while the connection is watched. */
  readonly keys?: KeyLog
}

/** Commands of one connection that are kept. */
const mostCommands = 50

type Exchange = {
  -readonly [K in keyof SeenExchange]: SeenExchange[K] extends readonly (infer T)[] ? T[] : SeenExchange[K]
}

/** Whose turn it is, as far as was seen. */
type Phase = 'greeting' | 'login' | 'verdict' | 'commands' | 'over'

export class Observer {
  readonly #opened: Opened
  readonly #options: ObserverOptions
  readonly #walks: Readonly<Record<Side, PacketWalk>>
  readonly #log: PacketLog
  readonly #exchanges: Exchange[] = []
  readonly #gaps: { from: Side; bytes: number; atMs: number }[] = []
  #phase: Phase = 'greeting'
  #greeting: HandshakeV10 | undefined
  #sslRequest: SslRequest | undefined
  #login: HandshakeResponse41 | undefined
  #outcome: Outcome | undefined
  #error: Err | undefined
  #foreign: Observation['foreign']
  #stopped: string | undefined
  #end: Observation['end'] = { by: undefined, how: 'open', atMs: 0 }
  #tls: Pick<TlsWatch, 'push' | 'gap' | 'facts'> | undefined
  /** The bytes behind an SSLRequest are TLS, as soon as they look like it. */
  #tlsDue = false
  #lastMs = 0
  #commands = 0
  /** The first packet of the answer to a command is looked at, and no more. */
  #replyDue = false
  #spoken: Record<Side, number> = { client: 0, server: 0 }

  constructor(opened: Opened, options: ObserverOptions) {
    this.#opened = opened
    this.#options = options
    this.#log = new PacketLog(opened.server.port === 0 ? 'unix-socket' : 'plaintext', options.packets ?? true)
    this.#walks = {
      client: new PacketWalk((packet) => this.#onClientPacket(packet)),
      server: new PacketWalk((packet) => this.#onServerPacket(packet)),
    }
  }

  /** `bytes` are valid during the call only. Units: `atMs` since the connection's first frame. */
  onData(from: Side, bytes: Uint8Array, atMs: number): void {
    this.#lastMs = atMs
    const first = this.#spoken[from] === 0
    this.#spoken[from] += bytes.length
    if (this.#stopped !== undefined || this.#foreign !== undefined) return
    if (first) {
      const rest = this.#onFirstBytes(from, bytes, atMs)
      if (rest !== undefined) this.#push(from, rest, atMs)
      return
    }
    this.#push(from, bytes, atMs)
  }

  onGap(from: Side, bytes: number, atMs: number): void {
    this.#lastMs = atMs
    this.#gaps.push({ from, bytes, atMs })
    this.#tls?.gap(from)
    if (this.#phase === 'commands') this.#walks[from].restart()
    else if (this.#tls === undefined) this.#stop(from, `the capture lacks ${bytes} bytes of the ${from}`)
  }

  onEnd(from: Side, how: 'fin' | 'rst', atMs: number): void {
    this.#lastMs = atMs
    if (this.#end.by === undefined || how === 'rst') this.#end = { by: from, how, atMs }
  }

  /**
   * Whoever ends TLS on both sides of an SSLRequest needs no keys: what comes from now on was said inside. An inside that was not
   * reached has nothing more to say.
   */
  insideTls(facts: Omit<SeenTls, 'requested'>): void {
    this.#log.channel = 'tls'
    this.#tlsDue = false
    this.#walks.client.restart()
    this.#walks.server.restart()
    this.#tls = {
      push: (from, bytes, atMs) => this.#onPlaintext(from, bytes, atMs),
      gap: () => {},
      facts: () => facts,
    }
  }

  finish(): Observation {
    const pending = this.#phase === 'commands' ? undefined : this.#pending()
    return {
      number: this.#options.number,
      ...this.#opened,
      durationMs: this.#lastMs,
      packets: this.#log.packets,
      greeting: this.#greeting,
      sslRequest: this.#sslRequest,
      login: this.#login,
      exchanges: this.#exchanges,
      tls: this.#tlsFacts(),
      channel: this.#log.channel,
      outcome: this.#outcome ?? 'aborted',
      error: this.#error,
      end: this.#end,
      foreign: this.#foreign,
      gaps: this.#gaps,
      stopped: this.#stopped ?? pending,
    }
  }

  /** Returns what is left for the walk: all, or what stands behind a PROXY header. */
  #onFirstBytes(from: Side, bytes: Uint8Array, atMs: number): Uint8Array | undefined {
    if (from === 'server') {
      const foreign = foreignPeer(bytes.subarray(0, 8))
      if (foreign !== undefined && this.#phase === 'greeting') this.#foreign = foreign
      return this.#foreign === undefined ? bytes : undefined
    }
    // A greeting may have come first: clients of other protocols, and proxies, do not wait for it.
    if (this.#phase !== 'greeting' && this.#phase !== 'login') return bytes
    const proxy = proxyHeaderLength(bytes)
    if (proxy > 0) {
      this.#log.atMs = atMs
      const header = { payload: bytes.subarray(0, proxy), length: proxy, sequenceId: 0 }
      this.#log.add('client', 'Unknown', header, undefined, 'a header of the PROXY protocol')
      return bytes.subarray(proxy)
    }
    this.#foreign = foreignClient(bytes)
    return this.#foreign === undefined ? bytes : undefined
  }

  #push(from: Side, bytes: Uint8Array, atMs: number): void {
    this.#log.atMs = atMs
    if (this.#tls !== undefined) return this.#tls.push(from, bytes, atMs)
    if (this.#tlsDue && isTlsRecord(bytes)) return this.#beginTls(from, bytes, atMs)
    if (this.#phase === 'over') return
    // Between commands and their answers nothing of the server is looked at.
    if (this.#phase === 'commands' && from === 'server' && !this.#replyDue) return
    const used = this.#walks[from].push(bytes)
    if (used < bytes.length) this.#push(from, bytes.subarray(used), atMs)
  }

  #beginTls(from: Side, bytes: Uint8Array, atMs: number): void {
    this.#log.channel = 'tls'
    this.#tlsDue = false
    this.#walks.client.restart()
    this.#walks.server.restart()
    this.#tls = new TlsWatch(this.#options.keys, {
      plaintext: (side, plain, plainMs) => this.#onPlaintext(side, plain, plainMs),
    })
    this.#tls.push(from, bytes, atMs)
  }

  #onPlaintext(from: Side, bytes: Uint8Array, atMs: number): void {
    this.#log.atMs = atMs
    if (this.#phase === 'over' || this.#stopped !== undefined) return
    if (this.#phase === 'commands' && from === 'server' && !this.#replyDue) return
    this.#walks[from].push(bytes)
  }

  #onServerPacket(packet: WalkedPacket): void {
    const { payload, length } = packet
    switch (this.#phase) {
      case 'greeting':
        return payload[0] === 0xff ? this.#onErr(packet) : this.#onGreeting(packet)
      case 'login':
        if (payload[0] === 0xff) return this.#onErr(packet)
        return this.#log.add('server', 'Unknown', packet, undefined, 'the server speaks while the login is due')
      case 'verdict':
        return this.#onVerdict(packet)
      case 'commands': {
        this.#replyDue = false
        this.#walks.server.restart()
        this.#walks.server.stop()
        if (payload[0] === 0xff) this.#log.decoded('server', 'Err', packet)
        else if (payload[0] === 0x00 && length < 512) this.#log.decoded('server', 'Ok', packet)
        return
      }
    }
  }

  #onClientPacket(packet: WalkedPacket): void {
    switch (this.#phase) {
      case 'greeting':
        return this.#stop('client', 'the client speaks before a greeting was seen')
      case 'login':
        return this.#onLogin(packet)
      case 'verdict':
        this.#exchanges.at(-1)?.answers.push(packet.payload.slice())
        return this.#log.add('client', 'AuthAnswer', packet, { length: packet.length }, undefined)
      case 'commands':
        return packet.payload[0] === command.CHANGE_USER ? this.#onChangeUser(packet) : this.#onCommand(packet)
    }
  }

  #onGreeting(packet: WalkedPacket): void {
    this.#greeting = this.#log.decoded<HandshakeV10>('server', 'HandshakeV10', packet)
    if (this.#greeting !== undefined) this.#phase = 'login'
    else this.#stop('server', 'no greeting: the capture begins later, or this is no MySQL')
  }

  #onLogin(packet: WalkedPacket): void {
    const { payload, length } = packet
    const flags = payload.length >= 4 ? new DataView(payload.buffer, payload.byteOffset).getUint32(0, true) : 0
    if (length === 32 && has(flags, capability.SSL) && this.#log.channel === 'plaintext') {
      this.#sslRequest = this.#log.decoded<SslRequest>('client', 'SslRequest', packet)
      this.#tlsDue = true
      return this.#walks.client.stop()
    }
    this.#phase = 'verdict'
    const login = this.#log.decoded<HandshakeResponse41>('client', 'HandshakeResponse41', packet)
    if (login === undefined) return
    this.#login = login
    this.#log.capabilities = (login.capabilities & (this.#greeting?.capabilities ?? 0)) >>> 0
    this.#begin('login', login.authPluginName, this.#greeting?.authPluginData, 1, [login.authAnswer])
  }

  #onVerdict(packet: WalkedPacket): void {
    const exchange = this.#exchanges.at(-1)
    const factor = exchange?.factor ?? 1
    switch (packet.payload[0]) {
      case 0x00:
        if (this.#log.decoded('server', 'Ok', packet) === undefined) return
        this.#outcome = 'ok'
        this.#error = undefined
        return this.#enterCommands()
      case 0xff:
        return this.#onErr(packet)
      case 0xfe: {
        const asked = this.#log.decoded<AuthSwitchRequest>('server', 'AuthSwitchRequest', packet)
        return asked && this.#begin('switch', asked.authPluginName, asked.authPluginData, factor, [])
      }
      case 0x02: {
        const next = this.#log.decoded<AuthNextFactor>('server', 'AuthNextFactor', packet)
        return next && this.#begin('next-factor', next.authPluginName, next.authPluginData, factor + 1, [])
      }
      case 0x01:
        exchange?.moreData.push(packet.payload.slice(1))
        this.#log.decoded('server', 'AuthMoreData', packet)
        return
      default:
        return this.#onOddVerdict(packet, exchange)
    }
  }

  #onOddVerdict(packet: WalkedPacket, exchange: Exchange | undefined): void {
    const data = packet.payload.slice()
    // MariaDB before 11 sends what its PAM asks without the 0x01 in front.
    if (exchange?.plugin === 'dialog') {
      exchange.moreData.push(data)
      return this.#log.add('server', 'AuthMoreData', packet, { data }, undefined)
    }
    const problem = `begins with ${data[0] ?? 'nothing'}, which no packet between login and verdict does`
    this.#log.add('server', 'Unknown', packet, undefined, problem)
  }

  #onErr(packet: WalkedPacket): void {
    const err = this.#log.decoded<Err>('server', 'Err', packet)
    if (err === undefined) return
    this.#outcome = 'refused'
    this.#error = err
    // After a refused COM_CHANGE_USER the session may go on.
    if (this.#exchanges.some(({ by }) => by === 'change-user')) this.#enterCommands()
    else this.#phase = 'over'
  }

  #enterCommands(): void {
    const compressed = has(this.#log.capabilities, capability.COMPRESS | capability.ZSTD_COMPRESSION_ALGORITHM)
    this.#phase = compressed ? 'over' : 'commands'
    this.#walks.client.restart()
    this.#walks.server.restart()
  }

  #onCommand(packet: WalkedPacket): void {
    if (++this.#commands > mostCommands) return
    this.#replyDue = true
    this.#walks.server.restart()
    const byte = packet.payload[0]
    const name = byte === undefined ? undefined : commandName(byte)
    const problem = name === undefined ? `no command has the number ${byte ?? 'of an empty packet'}` : undefined
    this.#log.add('client', name ?? 'Unknown', packet, undefined, problem)
  }

  #onChangeUser(packet: WalkedPacket): void {
    this.#phase = 'verdict'
    this.#outcome = undefined
    this.#walks.server.restart()
    const { capabilities } = this.#log
    const fields = this.#log.read('client', 'COM_CHANGE_USER', packet, () =>
      decodeComChangeUser(packet.payload, capabilities),
    )
    const answers = fields === undefined ? [] : [fields.authAnswer]
    this.#begin('change-user', fields?.authPluginName, this.#greeting?.authPluginData, 1, answers)
  }

  #begin(
    by: SeenExchange['by'],
    plugin = 'mysql_native_password',
    data: Uint8Array = new Uint8Array(0),
    factor: number = 1,
    answers: Uint8Array[] = [],
  ): void {
    const nonce = data.length === 21 && data[20] === 0 ? data.slice(0, 20) : data.slice()
    this.#exchanges.push({ plugin, by, nonce, data, answers, moreData: [], factor, channel: this.#log.channel })
  }

  #stop(from: Side, why: string): void {
    this.#stopped ??= `${why} (${from}, offset ${this.#walks[from].offset})`
  }

  #pending(): string | undefined {
    for (const side of ['server', 'client'] as const) {
      const pending = this.#walks[side].pending
      if (pending === undefined) continue
      return `a packet of the ${side} ends after ${pending.have} of ${pending.of} bytes (offset ${this.#walks[side].offset})`
    }
    return undefined
  }

  #tlsFacts(): SeenTls | undefined {
    if (this.#tls !== undefined) return { requested: true, ...this.#tls.facts() }
    return this.#sslRequest === undefined ? undefined : { requested: true, ...tlsNotReached }
  }
}

/** A record of TLS: its type, and version 3. */
function isTlsRecord(bytes: Uint8Array): boolean {
  const [type = 0, major] = bytes
  return type >= 0x14 && type <= 0x17 && (major === 3 || bytes.length === 1)
}
