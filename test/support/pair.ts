/**
 * A server's and a client's login machine, joined in memory. What both did is recorded: the packets in words, and each
 * state that they went through.
 */
import assert from 'node:assert/strict'
import { clientPlugins } from '../../src/auth/plugins.ts'
import { ClientHandshake } from '../../src/machine/client-handshake.ts'
import type { ClientEffect, ClientOptions, Peer } from '../../src/machine/client-states.ts'
import type { Login } from '../../src/machine/login.ts'
import { ServerHandshake } from '../../src/machine/server-handshake.ts'
import type { LoginPolicy, ServerState, Stranger } from '../../src/machine/server-states.ts'
import { decodeAuthNextFactor } from '../../src/packets/auth-next-factor.ts'
import { decodeAuthSwitchRequest } from '../../src/packets/auth-switch-request.ts'
import { capability, has } from '../../src/packets/capabilities.ts'
import { type ComChangeUser, encodeComChangeUser } from '../../src/packets/com-change-user.ts'
import { decodeErr, type Err } from '../../src/packets/err.ts'
import { decodeHandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { decodeHandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { answerOf, everything, isQuestion, type World } from './world.ts'

export interface SentPacket {
  readonly from: 'client' | 'server'
  readonly payload: Uint8Array
  readonly sequenceId: number
}

/** What was seen of one login. */
export interface Trail {
  /** Every packet in words, in the vocabulary of `test/vectors/captures/index.json`. */
  readonly flow: readonly string[]
  readonly packets: readonly SentPacket[]
  /** Every state of the server's machine, from the one behind the greeting. */
  readonly serverStates: readonly ServerState['at'][]
  readonly server: ServerHandshake
}

export interface ClientTrail extends Trail {
  readonly clientStates: readonly string[]
  readonly client: ClientHandshake
}

export interface Meeting {
  readonly world: World
  readonly policy: LoginPolicy
  readonly stranger: Stranger
  readonly client: ClientOptions
  /** Changes the client's login packet on its way, for clients that ours never is. */
  readonly rewriteLogin?: (payload: Uint8Array) => Uint8Array
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What clients of today can do; CLIENT_SSL and the rest are added by the machine. */
export const usualCapabilities =
  (everything &
    ~(
      capability.SSL |
      capability.CONNECT_WITH_DB |
      capability.CONNECT_ATTRS |
      capability.COMPRESS |
      capability.ZSTD_COMPRESSION_ALGORITHM
    )) >>>
  0

export function clientOptions({
  password = '',
  ...changes
}: Partial<Omit<ClientOptions, 'passwords'>> & { password?: string }): ClientOptions {
  return {
    user: 'mary',
    capabilities: usualCapabilities,
    collationId: 255,
    maxPacketSize: 1 << 24,
    tls: 'never',
    mariadbCapabilities: 0,
    plugins: clientPlugins,
    allowClearPassword: true,
    mayRequestPublicKey: true,
    attributesOnPlaintext: true,
    random: (length) => new Uint8Array(length).fill(0x52),
    ...changes,
    passwords: [utf8(password)],
  }
}

/** A server whose certificate and name are verified. */
export const proven: Peer = { trust: 'identity', fingerprint: new Uint8Array(32) }

/** What a client asked its driver to do, without the story that it tells. */
export function actsOf(client: ClientHandshake): Exclude<ClientEffect, { do: 'tell' }>[] {
  return client.take().filter((effect) => effect.do !== 'tell')
}

/** Plays a login to its end. */
export function meet(meeting: Meeting): ClientTrail {
  const { world, stranger } = meeting
  const server = ServerHandshake.greet(meeting.policy, stranger, world.nextNonce())
  const client = new ClientHandshake(meeting.client, stranger.channel)
  const record = new Recorder(server)
  const clientStates: string[] = []
  let askedForTls = 0

  for (let turn = 0; ; turn++) {
    assert.ok(turn < 50, `the login does not end:\n${record.flow.join('\n')}`)
    const effects = [...server.take(), ...actsOf(client).map((effect) => ({ ...effect, byClient: true as const }))]
    if (effects.length === 0) break
    for (const effect of effects) {
      if (effect.do === 'start-tls') {
        askedForTls++
        if (askedForTls < 2) continue
        client.step({ is: 'tls-established', peer: proven })
        server.step({ is: 'tls-established' })
        clientStates.push(client.state.at)
        record.state()
      } else if (effect.do === 'send' && 'byClient' in effect) {
        const isLogin = client.state.at === 'await-verdict' && !record.flow.some((step) => step.startsWith('response'))
        const payload =
          isLogin && meeting.rewriteLogin ? meeting.rewriteLogin(effect.payload) : Uint8Array.from(effect.payload)
        record.packet({ from: 'client', payload, sequenceId: effect.sequenceId })
        server.step({ is: 'packet', payload, sequenceId: effect.sequenceId })
        // Whoever keeps a view of a packet is found out.
        if (server.state.at !== 'await-secret-check') payload.fill(0xee)
        record.state()
      } else if (effect.do === 'send') {
        const payload = Uint8Array.from(effect.payload)
        record.packet({ from: 'server', payload, sequenceId: effect.sequenceId })
        client.step({ is: 'packet', payload, sequenceId: effect.sequenceId })
        payload.fill(0xee)
        clientStates.push(client.state.at)
      } else if (!('byClient' in effect) && isQuestion(effect)) {
        server.step(answerOf(world, effect))
        record.state()
      }
    }
  }
  return { ...record.trail(), clientStates, client }
}

export interface ChangeOfUser {
  readonly world: World
  readonly policy: LoginPolicy
  readonly stranger: Stranger
  readonly previous: Login
  readonly greetingNonce: Uint8Array
  readonly password: string
  readonly command: ComChangeUser
}

/** Plays a COM_CHANGE_USER to its end; the client's side is a script around the plugins. */
export function changeUser(change: ChangeOfUser): Trail {
  const { world, previous, stranger } = change
  const payload = encodeComChangeUser(change.command, previous.capabilities)
  const server = ServerHandshake.changeUser(change.policy, stranger, previous, change.greetingNonce, {
    payload,
    sequenceId: 0,
  })
  const record = new Recorder(server)
  record.packet({ from: 'client', payload, sequenceId: 0 }, 'COM_CHANGE_USER')
  record.state()
  let dialogue: Iterator<Uint8Array, void, Uint8Array> | undefined

  for (let turn = 0; ; turn++) {
    assert.ok(turn < 50, `the change of user does not end:\n${record.flow.join('\n')}`)
    const effects = server.take()
    if (effects.length === 0) break
    for (const effect of effects) {
      if (isQuestion(effect)) {
        server.step(answerOf(world, effect))
        record.state()
      } else if (effect.do === 'send') {
        record.packet({ from: 'server', payload: Uint8Array.from(effect.payload), sequenceId: effect.sequenceId })
        const answer = answerTo(effect.payload)
        if (answer === undefined) continue
        const sequenceId = (effect.sequenceId + 1) & 0xff
        record.packet({ from: 'client', payload: answer, sequenceId })
        server.step({ is: 'packet', payload: answer, sequenceId })
        record.state()
      }
    }
  }
  return record.trail()

  function answerTo(packet: Uint8Array): Uint8Array | undefined {
    if (packet[0] === 0xfe) {
      const { authPluginName, authPluginData } = decodeAuthSwitchRequest(packet)
      const begun = clientPlugins.get(authPluginName)!.client({
        password: utf8(change.password),
        nonce: authPluginData.length === 21 ? authPluginData.slice(0, 20) : authPluginData,
        channel: stranger.channel,
        mayRequestPublicKey: true,
        clientNonce: new Uint8Array(32),
      })
      dialogue = begun as typeof dialogue
      return copy((begun.next as () => IteratorResult<unknown, void>)().value)
    }
    if (packet[0] !== 0x01) return undefined
    const said = copy(dialogue?.next(packet.slice(1)).value)
    return said === undefined || said.length === 0 ? undefined : said
  }
}

/** What a plugin yields may be a Buffer, whose own slice() shares its memory, and is wiped after use. */
function copy(payload: unknown): Uint8Array | undefined {
  return payload instanceof Uint8Array ? Uint8Array.from(payload) : undefined
}

/** The ERR that ended a login. */
export function errOf({ packets }: Pick<Trail, 'packets'>): Err | undefined {
  const last = packets.findLast((packet) => packet.from === 'server')
  return last?.payload[0] === 0xff ? decodeErr(last.payload) : undefined
}

class Recorder {
  readonly flow: string[] = []
  readonly #packets: SentPacket[] = []
  readonly #states: ServerState['at'][] = []
  readonly #server: ServerHandshake

  constructor(server: ServerHandshake) {
    this.#server = server
    this.state()
  }

  state(): void {
    if (this.#states.at(-1) !== this.#server.state.at) this.#states.push(this.#server.state.at)
  }

  packet(packet: SentPacket, words = inWords(packet, this.flow)): void {
    this.flow.push(words)
    this.#packets.push({ ...packet, payload: Uint8Array.from(packet.payload) })
  }

  trail(): Trail {
    return { flow: this.flow, packets: this.#packets, serverStates: this.#states, server: this.#server }
  }
}

/** A packet of the connection phase in words; `before` is what came before it. */
export function inWords({ from, payload }: Pick<SentPacket, 'from' | 'payload'>, before: readonly string[]): string {
  if (from === 'client') {
    if (before.some((step) => step.startsWith('response') || step === 'COM_CHANGE_USER')) {
      const asksForKey = payload.length === 1 && (payload[0] === 1 || payload[0] === 2)
      return asksForKey ? `key request (0${payload[0]})` : `reply (${payload.length} bytes)`
    }
    const capabilities = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
    if (payload.length === 32 && has(capabilities, capability.SSL)) return 'SSLRequest'
    const login = decodeHandshakeResponse41(payload)
    return `response (${login.authPluginName ?? 'no plugin name'}, ${login.authAnswer.length} bytes)`
  }
  if (before.length === 0 && payload[0] === 10) return `greeting (${decodeHandshakeV10(payload).authPluginName})`
  switch (payload[0]) {
    case 0x00:
      return 'OK'
    case 0xff:
      return `ERR ${decodeErr(payload).code}`
    case 0xfe: {
      const { authPluginName, authPluginData } = decodeAuthSwitchRequest(payload)
      return `switch (${authPluginName}, ${authPluginData.length} bytes)`
    }
    case 0x02: {
      const { authPluginName, authPluginData } = decodeAuthNextFactor(payload)
      return `next factor (${authPluginName}, ${authPluginData.length} bytes)`
    }
    default:
      if (payload.length === 2) return `01 0${payload[1]}`
      return Buffer.from(payload).includes('PUBLIC KEY') ? 'public key' : `01 +${payload.length - 1} bytes`
  }
}
